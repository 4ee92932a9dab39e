"""Who gets a socket, and how long they keep it. `listen` runs one more node, with parts of its own."""

import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.support.api import Caller
from tests.support.realtime import Listen, Node, Paced, Tab, seqs


async def refused(node: Node, caller: Caller | None = None, **named: Any) -> tuple[int, str]:
    """Return the status and the code with which a handshake is refused."""
    with pytest.raises(InvalidStatus) as refusal:
        async with node.tab(caller, **named):
            pass
    response = refusal.value.response
    error = json.loads(response.body or b"{}")["error"]
    assert set(error) == {"type", "code", "message", "param", "request_id"}
    assert error["request_id"] == response.headers["x-request-id"]
    assert ("www-authenticate" in response.headers) == (response.status_code == 401)
    assert ("retry-after" in response.headers) == (response.status_code == 503)
    return response.status_code, error["code"]


def cookie_of(caller: Caller) -> dict[str, str]:
    """Return the headers of a browser that is signed in."""
    return {"cookie": f"theme=dark; ola_session={caller.token}; ola_csrf=x"}


async def closing_code(tab: Tab) -> int:
    """Speak until the node closes the socket, and return its code."""
    async def speak() -> None:
        while True:
            await tab.tell("ping")
            await asyncio.sleep(0.05)

    speaking = asyncio.create_task(speak())
    try:
        return await tab.closed()
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)


class DoorsSuite:
    async def test_a_token_and_a_key_open_a_socket(self, near: Node) -> None:
        caller = await near.api.sign_up()
        key = (await caller.post("/v1/api-keys", {"name": "laptop"})).json()["key"]
        for secret in (caller.token, key):
            async with near.tab(None, headers={"authorization": f"Bearer {secret}"}) as tab:
                await tab.quiet()
                assert tab.connection.subprotocol is None

    async def test_a_browser_may_offer_its_token_as_a_subprotocol(self, near: Node) -> None:
        caller = await near.api.sign_up()
        offered = ["onelast", f"bearer.{caller.token}"]
        async with near.tab(None, subprotocols=offered, origin="https://elsewhere.example") as tab:
            await tab.quiet()
            assert tab.connection.subprotocol == "onelast"
        assert await refused(near, subprotocols=["onelast", "bearer.olt_wrong"]) == (401, "invalid_token")
        assert await refused(near, subprotocols=offered[1:]) == (401, "unauthenticated")

    async def test_a_cookie_opens_a_socket_for_pages_of_this_host_alone(self, near: Node) -> None:
        headers, host = cookie_of(await near.api.sign_up()), f"127.0.0.1:{near.port}"
        for own in (f"http://{host}", f"HTTPS://{host}"):
            async with near.tab(None, headers=headers, origin=own) as tab:
                await tab.quiet()
        for foreign in (
            None, "null", "http://127.0.0.1", f"http://{host}.example", "https://elsewhere.example", f"http://localhost:{near.port}",
            "http://[", f"http://someone@{host}", host,
        ):
            assert await refused(near, headers=headers, origin=foreign) == (403, "foreign_origin")
        assert await refused(near, headers={"cookie": "ola_session=olt_wrong"}, origin=f"http://{host}") == (401, "invalid_token")

    async def test_strangers_are_refused_before_they_are_in(self, near: Node) -> None:
        caller = await near.api.sign_up()
        assert await refused(near) == (401, "unauthenticated")
        for wrong in ("Bearer", "Basic abc", "Bearer olt_wrong", "Bearer \xe9"):
            status, _ = await refused(near, headers={"authorization": wrong})
            assert status == 401
        assert await refused(near, caller, path="/v1/elsewhere") == (404, "not_found")

    async def test_who_signs_out_loses_the_sockets_of_all_nodes_with_their_next_frame(self, listen: Listen) -> None:
        async with listen(Paced(recheck=3_600)) as one, listen(Paced(recheck=3_600)) as two:
            caller = await one.api.sign_up()
            async with one.tab(caller) as here, two.tab(caller) as there:
                assert (await caller.post("/v1/auth/logout")).status_code == 204
                assert [await closing_code(here), await closing_code(there)] == [4401, 4401]
            assert await refused(two, caller) == (401, "invalid_token")

    async def test_a_revoked_key_loses_a_silent_socket_after_a_while(self, near: Node, listen: Listen) -> None:
        caller = await near.api.sign_up()
        key = (await caller.post("/v1/api-keys", {"name": "laptop"})).json()
        headers = {"authorization": f"Bearer {key['key']}"}
        async with listen(Paced(recheck=0.1)) as node, node.tab(caller) as staying, node.tab(None, headers=headers) as leaving:
            assert (await caller.request("DELETE", f"/v1/api-keys/{key['id']}")).status_code == 200
            assert await leaving.closed() == 4401
            await staying.quiet()

    async def test_open_sockets_are_counted(self, near: Node, listen: Listen) -> None:
        caller = await near.api.sign_up()
        async with listen() as node:
            async with node.tab(caller), node.tab(caller):
                assert b"onelast_open_sockets 2.0" in await node.metrics()
            await node.serves(0, 0)
            assert b"onelast_open_sockets 0.0" in await node.metrics()

    async def test_a_draining_node_sends_its_clients_on_and_they_miss_nothing(self, near: Node, listen: Listen) -> None:
        caller = await near.api.sign_up()
        session = await caller.session(await caller.agent("scripted-stalls"))
        async with listen() as leaving:
            async with leaving.tab(caller) as tab, leaving.tab(caller) as idle:
                await tab.tell("message.create", session_id=session, content="Hi")
                run = (await tab.until("message.delta"))["run_id"]
                await leaving.leave()
                assert [await tab.closed(), await idle.closed()] == [1012, 1012]
            assert "end" not in {frame["type"] for frame in tab.frames + idle.frames}
            await leaving.serves(0, 0)
            assert await refused(leaving, caller) == (503, "overloaded")
            seen = tab.events_of(run)
            async with near.tab(caller) as again:
                await again.tell("run.follow", run_id=run, starting_after=seen[-1]["seq"])
                await again.until("attempt")
                await again.tell("run.cancel", run_id=run)
                whole = seen + await again.to_the_end_of(run)
        assert seqs(whole) == list(range(1, len(whole) + 1))
        assert whole == await caller.events(run)
