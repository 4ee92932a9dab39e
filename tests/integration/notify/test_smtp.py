"""Letters by SMTP, to a real server."""

import socket
from collections.abc import AsyncIterator
from email.headerregistry import Address
from pathlib import Path

import pytest

from adapters.notify.smtp import Security, SmtpNotifier, SmtpServer, open_notifier
from application.ports.notifier import LetterRefused, Notifier
from domain.shared.errors import Unavailable
from tests.contracts.ports.notifier import Delivered, NotifierSuite, letter
from tests.support.mail_server import MailServer, certificate, mail_server

SENDER = Address(addr_spec="chat@example.org")


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as server:
        yield server


def notifier_at(port: int, security: Security = "none", authorities: Path | None = None, **login: str) -> SmtpNotifier:
    where = SmtpServer("127.0.0.1", port, security, login.get("user"), login.get("password"))
    return SmtpNotifier(where, SENDER, patience=3.0, authorities=str(authorities) if authorities else None)


class TestSmtpNotifier(NotifierSuite):
    @pytest.fixture
    def notifier(self, server: MailServer) -> Notifier:
        return open_notifier({"host": "127.0.0.1", "port": str(server.port), "security": "none", "from": "chat@example.org"})

    @pytest.fixture
    def delivered(self, server: MailServer) -> Delivered:
        return lambda: [(str(one["To"]), str(one["Subject"]), one.get_content().replace("\r\n", "\n")) for one in server.mails]


async def test_a_mail_says_whom_it_is_from_and_that_no_machine_is_to_answer_it(server: MailServer) -> None:
    await notifier_at(server.port).send(letter())
    [mail] = server.mails
    assert (mail["From"], mail["Message-ID"]) == ("chat@example.org", "<letter_of_test@example.org>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert server.envelopes == [("chat@example.org", ["ada@example.org"])]


@pytest.mark.parametrize("answer", ["550 No such user", "501 Bad address"])
async def test_who_is_refused_for_ever_is_refused(server: MailServer, answer: str) -> None:
    server.to_recipient = answer
    with pytest.raises(LetterRefused):
        await notifier_at(server.port).send(letter())
    server.to_recipient, server.to_data = None, "554 Looks like spam"
    with pytest.raises(LetterRefused):
        await notifier_at(server.port).send(letter())


@pytest.mark.parametrize("answer", ["450 Try later", "421 Too many connections"])
async def test_who_is_refused_for_now_may_try_again(server: MailServer, answer: str) -> None:
    server.to_recipient = answer
    with pytest.raises(Unavailable):
        await notifier_at(server.port).send(letter())
    server.to_recipient, server.to_data = None, "451 Greylisted"
    with pytest.raises(Unavailable):
        await notifier_at(server.port).send(letter())
    server.to_data = None
    await notifier_at(server.port).send(letter())
    assert len(server.mails) == 1


async def test_a_server_that_is_silent_or_gone_is_not_waited_for(server: MailServer) -> None:
    server.silent = True
    with pytest.raises(Unavailable):
        await SmtpNotifier(SmtpServer("127.0.0.1", server.port, "none"), SENDER, patience=0.3).send(letter())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable):
            await notifier_at(taken.getsockname()[1]).send(letter())


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_tls_that_is_asked_for_is_had_and_a_login_is_told_to_nobody_else(tmp_path: Path, security: Security) -> None:
    authorities, context = certificate(tmp_path)
    kinds = {security: context}
    async with mail_server(**kinds, login=("chat", "a password")) as server:  # type: ignore[arg-type]
        await notifier_at(server.port, security, authorities, user="chat", password="a password").send(letter())
        assert server.secured == [True]
        with pytest.raises(Unavailable):
            await notifier_at(server.port, security, authorities, user="chat", password="another").send(letter())
        with pytest.raises(Unavailable):
            await notifier_at(server.port, security, None, user="chat", password="a password").send(letter())
        assert len(server.mails) == 1


async def test_a_server_that_offers_no_tls_gets_nothing(server: MailServer) -> None:
    with pytest.raises(Unavailable):
        await notifier_at(server.port, "starttls").send(letter())
    with pytest.raises(Unavailable):
        await notifier_at(server.port, "tls").send(letter())
    assert server.mails == []
