"""Where the service goes and sends people is said by its settings: users name no address that it asks."""

import asyncio
import string
from urllib.parse import urljoin, urlsplit

import hypothesis.strategies as st
import pytest
from hypothesis import given

from application.users.oidc_ticket import own_path
from domain.shared.errors import Invalid
from tests.support.api import Api

PIECES = st.sampled_from([
    "/", "\\", "//", ":", "@", "?", "#", "%2f", "%5c", "%09", "\t", "\n", " ", ".", "..", "evil.example", "https:", "javascript:",
])
SITE = "https://site.example/v1/auth/oidc/x/callback"


@given(st.lists(PIECES | st.text(string.printable, max_size=4), max_size=8).map("".join))
def test_no_path_that_is_accepted_leads_to_another_site(text: str) -> None:
    try:
        path = own_path(text)
    except Invalid:
        return
    # As browsers do: they leave tabs and ends of lines out, and take '\\' for '/'.
    seen = path.translate({9: None, 10: None, 13: None}).replace("\\", "/")
    assert urlsplit(urljoin(SITE, seen)).netloc == "site.example"
    assert seen.startswith("/")


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example", "evil.example", "", " //evil.example", "/\x00/evil.example", "/" + "x" * 100_000,
    ],
)
def test_what_leads_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        own_path(text)


async def test_an_address_in_a_message_is_asked_by_nobody_here(api: Api) -> None:
    """An image's address goes to the provider of the model; its own network is not ours."""
    asked: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(64))
        writer.close()

    server = await asyncio.start_server(note, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/latest/meta-data"
    caller = await api.sign_up()
    image = {"type": "image_url", "image_url": {"url": url}}
    body = {"model": "scripted", "messages": [{"role": "user", "content": [{"type": "text", "text": url}, image]}]}
    assert (await caller.post("/v1/chat/completions", body)).status_code == 200
    for wrong in ("file:///etc/passwd", "gopher://127.0.0.1", "ftp://127.0.0.1", "/etc/passwd"):
        image["image_url"] = {"url": wrong}
        assert (await caller.post("/v1/chat/completions", body)).status_code == 400
    session = await caller.session()
    assert (await caller.say(session, f"Look at {url}")).status_code == 201
    server.close()
    await server.wait_closed()
    assert asked == []


async def test_no_field_of_a_body_but_an_images_is_an_address(api: Api) -> None:
    schemas = (await api.http.get("/schema/openapi.json")).json()["components"]["schemas"]
    fields = {(name, field) for name, schema in schemas.items() for field in schema.get("properties", {})}
    named = {(name, field) for name, field in fields if "url" in field or "uri" in field}
    sent = {(name, field) for name, field in named if name.endswith("In")}
    assert sent == {("ImageIn", "image_url"), ("ImageUrlIn", "url")}
