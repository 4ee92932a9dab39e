"""A real mail server (aiosmtpd) on a port of its own, which keeps what it takes."""

import asyncio
import datetime
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class MailServer:
    """What came in, and what is answered to `RCPT` and to what is handed in (None: it is taken)."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    to_recipient: str | None = None
    to_data: str | None = None
    silent: bool = False
    over_tls: bool = False
    secured: list[bool] = field(default_factory=list)

    async def handle_RCPT(self, _: Any, __: Any, envelope: Envelope, address: str, ___: Any) -> str:  # noqa: N802
        if self.silent:
            await asyncio.sleep(60)
        if self.to_recipient is not None:
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.to_data is not None:
            return self.to_data
        mail = message_from_bytes(cast("bytes", envelope.content), policy=policy.default)
        self.mails.append(cast("EmailMessage", mail))
        self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
        self.secured.append(self.over_tls or session.ssl is not None)
        return "250 OK"


def certificate(folder: Path, host: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """Return the file of a new certificate for this address, and what a server shows it with."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail of test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
    )
    public, secret = folder / "mail.pem", folder / "mail.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, secret)
    return public, context


@asynccontextmanager
async def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, login: tuple[str, str] | None = None
) -> AsyncIterator[MailServer]:
    """Serve, with STARTTLS or TLS if there is something to show for it, and for who knows the login alone if there is one."""
    mails, loop = MailServer(over_tls=tls is not None), asyncio.get_running_loop()

    def authenticate(_: Any, __: Any, ___: Any, ____: str, said: Any) -> AuthResult:
        good = login is not None and (said.login.decode(), said.password.decode()) == login
        return AuthResult(success=good, handled=False)

    def protocol() -> SMTP:
        with warnings.catch_warnings():  # it does not know that the whole connection is under TLS, and warns of it
            warnings.simplefilter("ignore")
            return SMTP(
                mails, hostname="mail.test", loop=loop, tls_context=starttls, require_starttls=starttls is not None,
                authenticator=authenticate, auth_required=login is not None, auth_require_tls=login is not None and tls is None,
            )

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)
    mails.port = server.sockets[0].getsockname()[1]
    try:
        yield mails
    finally:
        server.close()
