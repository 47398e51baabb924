"""The token goes to no one who cannot prove a name to the trust store of the operating system."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from socket import create_server
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from plans import fees
from scripted import created

from importer.commands.doctor_checks import State, of_kantata
from importer.kantata.deadline import Deadline
from importer.model.answers import OutcomeKind
from importer.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.kantata.client import KantataApi

PAYLOAD = fees(1)[0].payload or {}
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """An authority of a company, which makes certificates."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def made(cls, folder: Path) -> Authority:
        """Make one; its certificate lies in a file of the folder."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Company Root")])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - 9 * DAY).not_valid_after(now + 9 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        certificate = builder.sign(key, hashes.SHA256())
        (folder / "authority.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        return cls(folder, key, certificate)

    @property
    def file(self) -> str:
        """Where its certificate lies."""
        return str(self.folder / "authority.pem")

    def server(self, name: x509.GeneralName, *, first: timedelta = -DAY, last: timedelta = DAY) -> ssl.SSLContext:
        """What a server needs that shows a certificate of this name, valid from ``first`` to ``last`` from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        builder = x509.CertificateBuilder(
            self.certificate.subject, subject, key.public_key(), x509.random_serial_number()
        )
        now = datetime.now(UTC)
        builder = builder.not_valid_before(now + first).not_valid_after(now + last)
        builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=False)
        chain = self.folder / "server.pem"
        certificate = builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)
        chain.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Return an authority that this machine trusts: OpenSSL's trust store is named by a variable."""
    made = Authority.made(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", made.file)
    return made


HERE = x509.IPAddress(IPv4Address("127.0.0.1"))


@contextmanager
def tls(context: ssl.SSLContext | None) -> Iterator[tuple[str, list[bytes]]]:
    """Serve one TLS connection (None: speak plain HTTP instead); give its address and what came through it."""
    came: list[bytes] = []

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            try:
                if context is None:
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    return
                with context.wrap_socket(connection, server_side=True) as secure:
                    came.append(secure.recv(65536))
                    while came[-1] and not came[-1].endswith(b"}"):
                        came.append(secure.recv(65536))
                    secure.sendall(created())
            except OSError:
                return

    with create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}", came
        thread.join(5)


def test_the_authority_of_a_company_works_once_the_system_trusts_it(
    connect: Callable[..., KantataApi], authority: Authority
) -> None:
    """No setting is needed, and none switches the judging off."""
    with tls(authority.server(HERE)) as (address, came):
        assert connect(address).create_invoice(PAYLOAD, Deadline()).kind is OutcomeKind.CREATED
    assert b"Authorization: Bearer sandbox" in b"".join(came)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_in_the_environment_adds_to_the_system(
    connect: Callable[..., KantataApi], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """As other programs take it; only for other machines are variables read."""
    monkeypatch.setenv(variable, Authority.made(tmp_path).file)
    context = Authority.made(tmp_path).server(x509.DNSName("kantata.test"))  # writes the file again
    with tls(context) as (address, _):
        name = address.replace("127.0.0.1", "kantata.test")
        assert connect(name).create_invoice(PAYLOAD, Deadline()).kind is OutcomeKind.CREATED


REFUSED = {
    "another name": (x509.DNSName("elsewhere.test"), -DAY, DAY, "of another name"),
    "expired": (HERE, -3 * DAY, -DAY, "this machine's clock"),
    "not yet valid": (HERE, DAY, 3 * DAY, "this machine's clock"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_certificate_that_is_not_right_is_refused_in_words(
    connect: Callable[..., KantataApi], authority: Authority, why: str
) -> None:
    """A wrong name is told from a wrong clock; nothing was sent, so it is safe to send again."""
    name, first, last, words = REFUSED[why]
    with tls(authority.server(name, first=first, last=last)) as (address, came):
        outcome = connect(address).create_invoice(PAYLOAD, Deadline())
    assert outcome.kind is OutcomeKind.REFUSED_FOR_NOW
    assert words in outcome.message
    assert came in ([], [b""])


def test_an_authority_that_the_system_does_not_trust_is_named_as_such(
    connect: Callable[..., KantataApi], tmp_path: Path
) -> None:
    """A proxy that reads along is the usual reason, and the trust store of the system the remedy."""
    with tls(Authority.made(tmp_path).server(HERE)) as (address, came):
        outcome = connect(address).create_invoice(PAYLOAD, Deadline())
    assert outcome.kind is OutcomeKind.REFUSED_FOR_NOW
    assert "an authority that this machine does not trust" in outcome.message
    assert "trust store of the operating system" in outcome.message
    assert came in ([], [b""])


def test_a_tls_handshake_that_fails_is_safe_to_send_again(connect: Callable[..., KantataApi]) -> None:
    """A server without a certificate: no secure line, nothing was sent."""
    with tls(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)) as (address, came):
        assert connect(address).create_invoice(PAYLOAD, Deadline()).kind is OutcomeKind.REFUSED_FOR_NOW
    assert came == []


def test_a_server_that_does_not_speak_tls_is_safe_to_send_again(connect: Callable[..., KantataApi]) -> None:
    """https:// to a plain server: it heard no request."""
    with tls(None) as (address, _):
        outcome = connect(address).create_invoice(PAYLOAD, Deadline())
    assert outcome.kind is OutcomeKind.REFUSED_FOR_NOW
    assert "no safe connection" in outcome.message


@pytest.mark.parametrize("why", [*REFUSED, "a proxy reads along"])
def test_the_doctor_tells_what_is_wrong_with_a_connection(
    connect: Callable[..., KantataApi], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """A wrong name, a wrong clock, and an authority that only a proxy has; the token is not blamed."""
    made = Authority.made(tmp_path)
    name, first, last, words = REFUSED.get(why, (HERE, -DAY, DAY, "where a proxy of your company reads along"))
    if why in REFUSED:
        monkeypatch.setenv("SSL_CERT_FILE", made.file)
    with tls(made.server(name, first=first, last=last)) as (address, _):
        token, connection = of_kantata(connect(address), "127.0.0.1")
    assert (token.state, connection.state, connection.exit_code) == (State.WARN, State.FAIL, ExitCode.UNREACHABLE)
    assert words in connection.says
