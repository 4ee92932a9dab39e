"""Links to sessions, over HTTP. The fixtures: `api`, and `neighbour`, another node of the same deployment."""

import asyncio
from typing import Any

import httpx

from tests.contracts.http.writes import UNKNOWN
from tests.support.api import Api, Caller, error_of

PUBLIC = {"object", "title", "agent", "head_seq", "shared_at", "data", "first_seq", "last_seq", "has_more"}
OWNERS = {"object", "id", "session_id", "token", "path", "head_seq", "created_at", "updated_at"}


async def talk(caller: Caller, agent: str = "einstein") -> str:
    """Return a session in which something was said and answered."""
    session = await caller.session(agent)
    assert (await caller.say(session, "What is time?")).status_code == 201
    return session


async def share(caller: Caller, session: str) -> dict[str, Any]:
    """Return the link."""
    answer = await caller.post(f"/v1/sessions/{session}/share")
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def is_gone(api: Api, path: str) -> None:
    """Look that nobody reads it, and that nobody keeps the answer."""
    answer = await api.http.get(path)
    assert error_of(answer, 404)["code"] == "share_not_found"
    assert "no-store" in answer.headers["cache-control"]
    assert "surrogate-key" not in answer.headers


async def shown(api: Api, link: dict[str, Any], **params: Any) -> dict[str, Any]:
    """Return what a stranger sees."""
    answer = await api.http.get(link["path"], params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def texts_of(page: dict[str, Any]) -> list[str]:
    return [message["content"][0]["text"] for message in page["data"]]


class SharedPageSuite:
    async def test_a_stranger_reads_what_was_said_and_nothing_else(self, api: Api, neighbour: Api) -> None:
        caller = await api.sign_up()
        session = await talk(caller)
        await caller.request("PATCH", f"/v1/sessions/{session}", json={"title": "On time", "metadata": {"secret": "note"}})
        link = await share(caller, session)
        page = await shown(neighbour, link)
        said = await caller.messages(session)
        assert set(page) == PUBLIC
        assert set(page["agent"]) == {"id", "name"}
        assert [set(message) for message in page["data"]] == [{"role", "seq", "content", "created_at"}] * 2
        assert page["data"] == [{name: message[name] for name in page["data"][0]} for message in said]
        assert (page["object"], page["title"], page["head_seq"]) == ("shared_session", "On time", 2)
        assert (page["first_seq"], page["last_seq"], page["has_more"]) == (1, 2, False)
        assert page["shared_at"] == link["updated_at"]
        private = {session, caller.user["id"], caller.email, "note", *(str(one[key]) for one in said for key in ("id", "run_id"))}
        assert [word for word in private if word in str(page)] == []

    async def test_an_agent_is_named_and_only_a_public_one_can_be_looked_up(self, api: Api) -> None:
        caller = await api.sign_up()
        public, private = [await share(caller, await talk(caller, who)) for who in ("einstein", await caller.agent("scripted"))]
        einstein = (await api.http.get("/v1/agents/einstein")).json()
        assert (await shown(api, public))["agent"] == {"id": einstein["id"], "name": einstein["name"]}
        assert (await shown(api, private))["agent"] == {"id": None, "name": "Test"}

    async def test_shared_caches_may_keep_it_under_the_key_of_the_share(self, api: Api) -> None:
        caller = await api.sign_up()
        link = await share(caller, await talk(caller))
        answer = await api.http.get(link["path"])
        promised = answer.headers["cache-control"]
        assert ("public" in promised, "stale-if-error=0" in promised) == (True, True)
        assert answer.headers["surrogate-key"] == f"share:{link['id']}"
        assert answer.headers["x-robots-tag"] == "noindex"
        tag = {"if-none-match": answer.headers["etag"]}
        again = await api.http.get(link["path"], headers=tag)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
        await caller.say(link["session_id"])
        await share(caller, link["session_id"])
        assert (await api.http.get(link["path"], headers=tag)).status_code == 200

    async def test_it_is_read_in_pages(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await talk(caller)
        await caller.say(session, "And space?")
        link = await share(caller, session)
        first = await shown(api, link, limit=3)
        assert ([one["seq"] for one in first["data"]], first["last_seq"], first["has_more"]) == ([1, 2, 3], 3, True)
        rest = await shown(api, link, limit=3, after=first["last_seq"])
        assert ([one["seq"] for one in rest["data"]], rest["has_more"]) == ([4], False)
        nothing = await shown(api, link, after=4)
        assert (nothing["data"], nothing["first_seq"], nothing["last_seq"], nothing["has_more"]) == ([], None, None, False)

    async def test_a_bad_page_is_refused_by_name(self, api: Api) -> None:
        caller = await api.sign_up()
        link = await share(caller, await talk(caller))
        for name, value in (("limit", 0), ("limit", 101), ("after", -1), ("after", 2**31), ("after", "x"), ("limit", "x")):
            answer = await api.http.get(link["path"], params={name: value})
            assert error_of(answer, 422)["param"] == name

    async def test_a_token_that_is_a_little_wrong_opens_nothing(self, api: Api) -> None:
        caller = await api.sign_up()
        token = (await share(caller, await talk(caller)))["token"]
        other = (await share(caller, await talk(caller)))["token"]
        assert len(token) == 26 + 43
        swapped = "B" if token[-2] != "B" else "C"
        for wrong in (
            token[:-1], token + "A", token[:-2] + swapped + token[-1], token[:26],
            token[:26] + other[26:], other[:26] + token[26:], "share_" + token, token.upper(), "x", "%00", "ä" * 69, UNKNOWN,
        ):
            await is_gone(api, f"/v1/shared/{wrong}")


class SharingSuite:
    async def test_a_link_is_told_to_its_owner_whenever_wanted(self, api: Api, neighbour: Api) -> None:
        caller = await api.sign_up()
        session = await talk(caller)
        link = await share(caller, session)
        assert set(link) == OWNERS
        assert (link["object"], link["session_id"], link["head_seq"]) == ("share", session, 2)
        assert link["id"].startswith("share_")
        assert link["path"] == f"/v1/shared/{link['token']}"
        elsewhere = Caller(neighbour.http, caller.signed_up, caller.email)
        assert (await elsewhere.get(f"/v1/sessions/{session}/share")).json() == link

    async def test_what_is_said_later_is_shown_when_the_session_is_shared_again_under_the_same_link(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await talk(caller)
        link = await share(caller, session)
        await caller.say(session, "And space?")
        await caller.request("PATCH", f"/v1/sessions/{session}", json={"title": "Space"})
        page = await shown(api, link)
        assert (len(page["data"]), page["title"]) == (2, None)
        again = await share(caller, session)
        assert {name: again[name] for name in ("id", "token", "path", "created_at")} == {
            name: link[name] for name in ("id", "token", "path", "created_at")
        }
        page = await shown(api, link)
        assert (len(page["data"]), page["title"], page["head_seq"]) == (4, "Space", 4)

    async def test_a_revoked_link_is_dead_for_ever(self, api: Api, neighbour: Api) -> None:
        caller = await api.sign_up()
        session = await talk(caller)
        link = await share(caller, session)
        answer = await caller.request("DELETE", f"/v1/sessions/{session}/share")
        assert (answer.status_code, answer.json()) == (200, {"id": link["id"], "object": "share", "deleted": True})
        await is_gone(neighbour, link["path"])
        another = await share(caller, session)
        assert another["id"] != link["id"]
        await is_gone(api, link["path"])
        assert texts_of(await shown(api, another))[0] == "What is time?"
        for method in ("GET", "DELETE"):
            await caller.request("DELETE", f"/v1/sessions/{session}/share")
            error_of(await caller.request(method, f"/v1/sessions/{session}/share"), 404)

    async def test_a_link_goes_with_its_session(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await talk(caller)
        link = await share(caller, session)
        assert (await caller.request("DELETE", f"/v1/sessions/{session}")).status_code == 200
        await is_gone(api, link["path"])

    async def test_all_links_go_with_the_account(self, api: Api) -> None:
        caller = await api.sign_up()
        links = [await share(caller, await talk(caller)) for _ in range(2)]
        assert (await caller.request("DELETE", "/v1/users/me")).status_code == 200
        for link in links:
            await is_gone(api, link["path"])

    async def test_an_archived_session_can_be_shared_and_stays_shared(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await talk(caller)
        await caller.request("PATCH", f"/v1/sessions/{session}", json={"archived": True})
        link = await share(caller, session)
        assert len((await shown(api, link))["data"]) == 2

    async def test_nobody_shares_or_ends_what_is_anothers(self, api: Api) -> None:
        caller, stranger = await api.sign_up(), await api.sign_up()
        session = await talk(caller)
        link = await share(caller, session)
        for wanted in (session, f"session_{UNKNOWN}", "x"):
            for method in ("POST", "GET", "DELETE"):
                error_of(await stranger.request(method, f"/v1/sessions/{wanted}/share"), 404)
        for method in ("POST", "GET", "DELETE"):
            error_of(await api.http.request(method, f"/v1/sessions/{session}/share"), 401)
        assert len((await shown(api, link))["data"]) == 2

    async def test_the_body_may_be_empty_and_holds_no_unknown_field(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await talk(caller)
        assert (await caller.post(f"/v1/sessions/{session}/share", {})).status_code == 201
        error = error_of(await caller.post(f"/v1/sessions/{session}/share", {"head_seq": 1}), 422)
        assert error["param"] == "head_seq"

    async def test_twenty_who_share_a_session_at_once_get_one_link(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await talk(caller)
        answers: list[httpx.Response] = await asyncio.gather(
            *(caller.post(f"/v1/sessions/{session}/share") for _ in range(20))
        )
        assert {answer.status_code for answer in answers} <= {201, 409}
        links = {answer.json()["path"] for answer in answers if answer.status_code == 201}
        assert len(links) == 1
        assert (await api.http.get(links.pop())).status_code == 200

    async def test_who_shares_a_session_while_it_is_deleted_leaves_no_link(self, api: Api) -> None:
        caller = await api.sign_up()
        sessions = [await caller.session() for _ in range(10)]
        paths = [f"/v1/sessions/{session}" for session in sessions]
        sharing = [caller.post(f"{path}/share") for path in paths]
        answers = await asyncio.gather(*sharing, *(caller.request("DELETE", path) for path in paths))
        assert {answer.status_code for answer in answers[:10]} <= {201, 404}
        assert {answer.status_code for answer in answers[10:]} == {200}
        for answer in answers[:10]:
            if answer.status_code == 201:
                await is_gone(api, answer.json()["path"])

    async def test_a_reply_being_made_is_not_disturbed_and_not_shown(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session(await caller.agent("scripted-stalls"))
        run = await caller.begin(session)
        link = await share(caller, session)
        assert [message["role"] for message in (await shown(api, link))["data"]] == ["user"]
        assert (await caller.post(f"/v1/runs/{run}/cancel")).json()["status"] == "cancelled"
        assert len((await shown(api, link))["data"]) == 1
        again = await share(caller, session)
        assert (await shown(api, again))["last_seq"] == again["head_seq"]
