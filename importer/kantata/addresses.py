"""Web addresses in the settings: which are safe to call, and the account that one names."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MUST_BE_SAFE = "must begin with https:// (plain http:// is only allowed to this machine)"


def is_loopback(address: str) -> bool:
    """Whether an address leads to this machine."""
    return urlsplit(address).hostname in LOOPBACK


def account_at(base_url: str) -> str:
    """Name of the Kantata account in the ledger: the address of its API, however it is spelt."""
    parts = urlsplit(base_url)
    host = "127.0.0.1" if parts.hostname in LOOPBACK else parts.hostname
    port = "" if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def _api(value: str) -> str:
    """Refuse to send a token over an open line."""
    parts = urlsplit(value.strip().rstrip("/"))
    if "@" in value:  # wherever it stands: a password may hold a slash
        msg = "must not hold a user name or password"
        raise ValueError(msg)
    try:
        _ = parts.port
    except ValueError:
        msg = "has a port that is no number from 0 to 65535"
        raise ValueError(msg) from None
    if parts.scheme == "https" and parts.hostname:
        return parts.geturl()
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return parts.geturl()
    raise ValueError(_MUST_BE_SAFE)


def _fetched(value: SecretStr | None) -> SecretStr | None:
    """Refuse what cannot be fetched; the address itself is not repeated."""
    if value is not None and value.get_secret_value():
        parts = urlsplit(value.get_secret_value())
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError(_MUST_BE_SAFE)
    return value


def _with_id(value: str) -> str:
    """A link without the id would be the same for every invoice."""
    if "{id}" not in value or not value.startswith(("https://", "http://")):
        msg = "must be a web address that contains {id}"
        raise ValueError(msg)
    return value


ApiAddress = Annotated[str, AfterValidator(_api)]
"""Where the token is sent, without a slash at its end."""
FetchedAddress = Annotated[SecretStr | None, AfterValidator(_fetched)]
InvoiceLink = Annotated[str, AfterValidator(_with_id)]
