"""Somebody signs up, opens the link in the mail, forgets the password and sets another: real programs, a real mail server."""

import re
from email.message import EmailMessage

import httpx

from tests.integration.cli.conftest import Environment
from tests.integration.cli.nodes import serving
from tests.support.api import PASSWORD, error_of, new_email
from tests.support.mail_server import MailServer, mail_server
from tests.support.processes import ONELAST, running, until

_LINK = re.compile(r"https://chat\.example\.com(/[\w-]+)#token=(\S+)")
_FORM = re.compile(r'data-to="([^"]+)"')


async def mail_to(server: MailServer, email: str, number: int) -> EmailMessage:
    def found() -> list[EmailMessage]:
        return [mail for mail in server.mails if mail["To"] == email]

    async def has_come() -> bool:
        return len(found()) >= number

    await until(has_come)
    return found()[number - 1]


async def open_link(http: httpx.AsyncClient, mail: EmailMessage, **fields: str) -> httpx.Response:
    """Open the page and do what its form does."""
    link = _LINK.search(mail.get_content())
    assert link is not None
    page = await http.get(link[1])
    assert page.status_code == 200
    form = _FORM.search(page.text)
    assert form is not None
    return await http.post(form[1], json={"token": link[2], **fields})


async def test_a_person_verifies_the_address_and_gets_over_a_forgotten_password(deployment: Environment) -> None:
    async with mail_server() as server:
        environment = deployment | {
            "ONELAST_NOTIFIER": "smtp", "ONELAST_NOTIFIER_HOST": "127.0.0.1", "ONELAST_NOTIFIER_PORT": str(server.port),
            "ONELAST_NOTIFIER_SECURITY": "none", "ONELAST_NOTIFIER_FROM": "chat@example.com",
            "ONELAST_PUBLIC_URL": "https://chat.example.com/",
        }
        server.to_recipient = "451 Greylisted; come again"
        async with serving(environment) as node, running(ONELAST, "worker", environment=environment) as worker:
            http, email = node.api.http, new_email().replace("@", "-mail@")
            signed_up = await http.post("/v1/users", json={"email": email, "password": PASSWORD, "name": "Ada"})
            bearer = {"authorization": f"Bearer {signed_up.json()['access_token']}"}

            async def was_put_off() -> bool:
                return "waits for another try" in worker.err

            await until(was_put_off)
            server.to_recipient = None
            assert (await open_link(http, await mail_to(server, email, 1))).status_code == 204
            assert (await http.get("/v1/users/me", headers=bearer)).json()["email_verified"] is True
            assert (await http.post("/v1/auth/password-reset", json={"email": email})).status_code == 202
            reset = await mail_to(server, email, 2)
            assert (await open_link(http, reset, password="quite another one")).status_code == 204
            error_of(await http.get("/v1/users/me", headers=bearer), 401)
            http.cookies.clear()
            error_of(await http.post("/v1/auth/login", json={"email": email, "password": PASSWORD}), 401)
            back = await http.post("/v1/auth/login", json={"email": email, "password": "quite another one"})
            assert back.status_code == 200
            error_of(await open_link(http, reset, password="yet another one"), 422)
            assert "olm_" not in worker.err + node.program.err
