"""Who is at the other end of a connection on this machine, as far as the operating system says it."""

from __future__ import annotations

import os
import socket
import struct
import sys
from contextlib import suppress
from itertools import chain
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Of all connections, as Linux shows them to everyone; other systems show them to no ordinary program."""
_ESTABLISHED = "01"
"""A connection that its program has closed belongs to no user any more."""
ROOT = 0
"""May do all things anyhow, and hands connections on: from Windows into its Linux, or out of a container."""


def is_own(host: str, port: int, here: str, own_port: int) -> bool:
    """Tell whether what has connected to one of our addresses runs as this user, who may have called sudo, or as root.

    True where the system does not say it.
    """
    if sys.platform != "linux":
        return True
    connections = [*chain.from_iterable(map(_connections_of, TABLES))]
    if not connections:
        return True
    theirs, ours = _written(host, port), _written(here, own_port)
    for local, remote, state, user in connections:
        if state == _ESTABLISHED and local.endswith(theirs) and remote.endswith(ours):
            return user in {str(os.getuid()), str(ROOT), os.environ.get("SUDO_UID", str(ROOT))}
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
