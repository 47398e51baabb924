"""Closes the network: only this machine can be reached, and no name is looked up elsewhere."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

HERE = "127.0.0.1"
TEST_DOMAIN = ".test"
"""Names below it mean this machine (RFC 6761 keeps them for tests)."""

_connect, _connect_ex, _getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo


class ReachedOut(BaseException):
    """A test tried to leave this machine. No Exception, so that no code under test swallows it."""


def _check(address: object) -> None:
    if isinstance(address, tuple) and not ipaddress.ip_address(str(address[0]).split("%")[0]).is_loopback:
        msg = f"the network is closed in tests: {address}"
        raise ReachedOut(msg)


def _guarded_connect(self: socket.socket, address: Any) -> None:
    _check(address)
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    _check(address)
    return _connect_ex(self, address)


def _guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    """Numbers and localhost as ever; ``*.test`` is this machine; nobody else has an address."""
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name == "localhost" or _is_number(name):
        return _getaddrinfo(host, *args, **kwargs)
    if name.endswith(TEST_DOMAIN):
        return _getaddrinfo(HERE, *args, **kwargs)
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def close() -> None:
    """Close the network of this process."""
    socket.socket.connect = _guarded_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = _guarded_getaddrinfo  # type: ignore[assignment]
