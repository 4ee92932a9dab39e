"""The catalogue and one's own agents."""

import pytest

from tests.support.api import Api, error_of


class AgentsSuite:
    async def test_strangers_read_the_catalogue_and_may_keep_it(self, api: Api) -> None:
        api.http.cookies.clear()
        answer = await api.http.get("/v1/agents", params={"limit": 100})
        body = answer.json()
        assert answer.status_code == 200
        assert body["object"] == "list"
        assert len(body["data"]) >= 8
        assert "einstein" in [agent["slug"] for agent in body["data"]]
        assert "public" in answer.headers["cache-control"]
        assert answer.headers["surrogate-key"] == "agents"
        again = await api.http.get("/v1/agents", params={"limit": 100}, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]

    async def test_an_agent_is_found_by_slug_and_by_identifier(self, api: Api) -> None:
        by_slug = await api.http.get("/v1/agents/einstein")
        agent = by_slug.json()
        assert len(agent["persona"]) > 200
        assert by_slug.headers["surrogate-key"].split() == ["agents", f"agent:{agent['id']}"]
        assert (await api.http.get(f"/v1/agents/{agent['id']}")).json() == agent

    async def test_the_catalogue_is_paged_without_gaps(self, api: Api) -> None:
        whole = (await api.http.get("/v1/agents", params={"limit": 100, "order": "asc"})).json()["data"]
        seen: list[str] = []
        after = None
        while True:
            params = {"limit": 3, "order": "asc"} | ({"after": after} if after else {})
            page = (await api.http.get("/v1/agents", params=params)).json()
            seen += [agent["id"] for agent in page["data"]]
            after = page["last_id"]
            if not page["has_more"]:
                break
        assert seen[: len(whole)] == [agent["id"] for agent in whole]

    async def test_a_private_agent_is_its_owners_alone(self, api: Api) -> None:
        owner, other = await api.sign_up(), await api.sign_up()
        slug = await owner.agent("default")
        mine = await owner.get(f"/v1/agents/{slug}")
        assert mine.status_code == 200
        assert mine.headers["cache-control"] == "private, no-store"
        agent_id = mine.json()["id"]
        for path in (f"/v1/agents/{slug}", f"/v1/agents/{agent_id}"):
            error_of(await api.http.get(path), 404)
            error_of(await other.get(path), 404)
        error_of(await other.request("PATCH", f"/v1/agents/{agent_id}", json={"name": "X"}), 404)
        error_of(await other.post("/v1/sessions", {"agent_id": slug}), 404)
        assert [agent["id"] for agent in (await owner.get("/v1/users/me/agents")).json()["data"]] == [agent_id]
        assert (await other.get("/v1/users/me/agents")).json()["data"] == []

    async def test_a_change_is_seen_at_once(self, api: Api) -> None:
        owner = await api.sign_up()
        slug = await owner.agent("default")
        agent = (await owner.get(f"/v1/agents/{slug}")).json()
        edits = {"slug": slug + "-two", "visibility": "public", "sampling": {"temperature": 1.5}}
        changed = await owner.request("PATCH", f"/v1/agents/{agent['id']}", json=edits)
        assert changed.status_code == 200, changed.text
        assert changed.json()["version"] == agent["version"] + 1
        found = (await api.http.get(f"/v1/agents/{slug}-two")).json()
        assert found["sampling"]["temperature"] == 1.5
        assert found["persona"] == agent["persona"]
        error_of(await api.http.get(f"/v1/agents/{slug}"), 404)
        assert slug + "-two" in [a["slug"] for a in (await api.http.get("/v1/agents", params={"limit": 100})).json()["data"]]
        await owner.request("DELETE", f"/v1/agents/{agent['id']}")
        error_of(await api.http.get(f"/v1/agents/{slug}-two"), 404)
        assert slug + "-two" not in [a["slug"] for a in (await api.http.get("/v1/agents", params={"limit": 100})).json()["data"]]

    async def test_a_public_agent_of_somebody_else_is_not_mine_to_change(self, api: Api) -> None:
        caller = await api.sign_up()
        agent = (await api.http.get("/v1/agents/einstein")).json()
        error_of(await caller.request("PATCH", f"/v1/agents/{agent['id']}", json={"name": "X"}), 403)
        error_of(await caller.request("DELETE", f"/v1/agents/{agent['id']}"), 403)

    @pytest.mark.parametrize(
        ("change", "param"),
        [
            ({"model": "gpt-0"}, "model"),
            ({"slug": "Not A Slug"}, "slug"),
            ({"persona": ""}, "persona"),
            ({"persona": "x" * 32_001}, "persona"),
            ({"visibility": "secret"}, "visibility"),
            ({"sampling": {"temperature": 3}}, "sampling.temperature"),
            ({"sampling": {"temprature": 1}}, "sampling.temprature"),
            ({"sampling": {"max_tokens": "many"}}, "sampling.max_tokens"),
            ({"nmae": "X"}, "nmae"),
        ],
    )
    async def test_a_wrong_field_of_an_agent_is_named(self, api: Api, change: dict[str, object], param: str) -> None:
        caller = await api.sign_up()
        body = {"slug": "some-agent", "name": "Some", "persona": "You are some."} | change
        assert error_of(await caller.post("/v1/agents", body), 422)["param"] == param
        assert (await caller.get("/v1/users/me/agents")).json()["data"] == []

    async def test_a_slug_is_taken_once(self, api: Api) -> None:
        caller = await api.sign_up()
        body = {"slug": "einstein", "name": "Another", "persona": "You are another."}
        assert error_of(await caller.post("/v1/agents", body), 409)["code"] == "slug_taken"
