"""Letters by SMTP (RFC 5321)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from typing import Final, Literal, cast, get_args

import aiosmtplib

from adapters.notify.letters import mail_of
from adapters.notify.options import WrongOption, only, required
from application.ports.notifier import Letter, LetterRefused, Notifier
from domain.shared.errors import Unavailable

Security = Literal["starttls", "tls", "none"]
_PORTS: Final[Mapping[Security, int]] = {"starttls": 587, "tls": 465, "none": 25}
_PATIENCE_SECONDS: Final = 8.0
_HERE: Final = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in, and as whom."""

    host: str
    port: int
    security: Security = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)


class SmtpNotifier(Notifier):
    """Opens a connection for each letter, in `patience` seconds at most for each step of it.

    TLS that is asked for is had, with a certificate that can be verified (against those of the file `authorities`, if it is
    given), or nothing is sent.
    """

    def __init__(
        self, server: SmtpServer, sender: Address, *, patience: float = _PATIENCE_SECONDS, authorities: str | None = None
    ) -> None:
        self._server, self._sender, self._patience, self._authorities = server, sender, patience, authorities

    async def send(self, letter: Letter) -> None:
        """Hand it in."""
        mail = mail_of(letter, self._sender)
        try:
            async with self._connection() as connection:
                await connection.send_message(mail, sender=self._sender.addr_spec, recipients=[letter.to])
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise self._problem(error.recipients[0]) from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise self._problem(error) from error

    async def close(self) -> None:
        """Hold nothing."""

    def _connection(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host, port=server.port, username=server.user, password=server.password, timeout=self._patience,
            use_tls=server.security == "tls", start_tls=server.security == "starttls", cert_bundle=self._authorities,
        )

    def _problem(self, error: Exception) -> LetterRefused | Unavailable:
        """Return what it means; what a server says may hold an address, and stays out."""
        where = f"The mail server {self._server.host}:{self._server.port}"
        if isinstance(error, aiosmtplib.SMTPAuthenticationError | aiosmtplib.SMTPHeloError | aiosmtplib.SMTPConnectResponseError):
            return Unavailable(f"{where} does not let us in: {error.code}.")
        if isinstance(error, aiosmtplib.SMTPResponseException):
            if 500 <= error.code < 600:
                return LetterRefused(f"{where} refuses the letter with {error.code}.")
            return Unavailable(f"{where} does not take the letter now: {error.code}.")
        if isinstance(error, ValueError) and not isinstance(error, OSError):  # a certificate that is none is both
            return LetterRefused(f"{where} cannot be given this address.")
        return Unavailable(f"{where} cannot be used: {type(error).__name__}.")


def open_notifier(options: Mapping[str, str]) -> Notifier:
    """Return the notifier that hands mail in at `host`, as from the address `from`.

    `security` is starttls (as it is when unset), tls or none; `port` 587, 465 or 25 accordingly; `user` and `password` go
    together; `authorities` is a file of certificates, for a server whose own is of no public authority.
    """
    only(options, "host", "port", "security", "user", "password", "from", "authorities")
    security = options.get("security", "starttls")
    if security not in get_args(Security):
        raise WrongOption("security", "must be starttls, tls or none")
    server = _server(options, cast("Security", security))
    try:
        sender = Address(addr_spec=required(options, "from"))
    except (ValueError, IndexError) as error:
        if isinstance(error, WrongOption):
            raise
        raise WrongOption("from", "must be an e-mail address") from error
    return SmtpNotifier(server, sender, authorities=options.get("authorities"))


def _server(options: Mapping[str, str], security: Security) -> SmtpServer:
    host, port = required(options, "host"), options.get("port", str(_PORTS[security]))
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise WrongOption("port", "must be a port, 1 to 65535")
    user, password = options.get("user"), options.get("password")
    if (user is None) != (password is None):
        raise WrongOption("password" if user else "user", "must be set as well: user and password go together")
    if user is not None and security == "none" and host not in _HERE:
        raise WrongOption("security", "must be starttls or tls: a password would be readable on its way")
    return SmtpServer(host, int(port), security, user, password)
