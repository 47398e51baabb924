"""Who is at the other end of a connection on this machine, as far as the operating system says it."""

from __future__ import annotations

import os
import socket
import struct
import sys
from contextlib import suppress
from enum import Enum
from itertools import chain
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Of all connections, as Linux shows them to everyone; other systems show them to no ordinary program."""
KERNEL = Path("/proc/sys/kernel/osrelease")
_ESTABLISHED = "01"
"""A connection that its program has closed belongs to no user any more."""
ROOT = 0
"""May do all things anyhow, and hands connections on: from Windows into its Linux, or out of a container."""


class Peer(Enum):
    """Whose program has connected."""

    OWN = "this user's, who may have called sudo, or root's; also where the system does not say it"
    OTHER = "another user's"
    UNSEEN = "of no one whom this system knows"


def peer_of(host: str, port: int, here: str, own_port: int) -> Peer:
    """Whose program has connected from one address to one of ours."""
    if sys.platform != "linux":
        return Peer.OWN
    connections = [*chain.from_iterable(map(_connections_of, TABLES))]
    if not connections:
        return Peer.OWN
    theirs, ours = _written(host, port), _written(here, own_port)
    user = _user_at(theirs, ours, connections)
    if user is not None:
        own = {str(os.getuid()), str(ROOT), os.environ.get("SUDO_UID", str(ROOT))}
        return Peer.OWN if user in own else Peer.OTHER
    # Windows connects to its Linux from outside of it. Who has closed the connection instead ends ours with it.
    if _is_within_windows() and _user_at(ours, theirs, connections) is not None:
        return Peer.OWN
    return Peer.UNSEEN


def _user_at(local: str, remote: str, connections: list[tuple[str, str, str, str]]) -> str | None:
    """The user of the local end of a connection; None when there is none that is open."""
    for here, there, state, user in connections:
        if state == _ESTABLISHED and here.endswith(local) and there.endswith(remote):
            return user
    return None


def _is_within_windows() -> bool:
    """Tell whether this Linux runs within Windows, whose users cannot be seen from here."""
    with suppress(OSError):
        return b"microsoft" in KERNEL.read_bytes().lower()
    return False


def _connections_of(table: Path) -> list[tuple[str, str, str, str]]:
    """Local and remote address, state and user of each connection."""
    with suppress(OSError):
        lines = [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
        return [(line[1], line[2], line[3], line[7]) for line in lines]
    return []


def _written(host: str, port: int) -> str:
    """An address as the tables write it: the bytes as a number of this machine; that of IPv6 ends with it."""
    [number] = struct.unpack("=I", socket.inet_aton(host))
    return f"{number:08X}:{port:04X}"
