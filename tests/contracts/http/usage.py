"""What replies took, as their owner sees it."""

from datetime import UTC, datetime

import pytest

from tests.support.api import Api, error_of


class UsageSuite:
    async def test_each_reply_is_booked_once_by_day_agent_and_model(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        runs = [(await caller.say(session)).json()["run"] for _ in range(2)]
        body = (await caller.get("/v1/usage")).json()
        (day,) = body["data"]
        tokens = [sum(run["usage"][kind] for run in runs) for kind in ("input_tokens", "output_tokens")]
        assert set(body) == {"object", "from", "to", "data", "total"}
        assert (day["object"], day["replies"], day["input_tokens"], day["output_tokens"]) == ("usage.day", 2, *tokens)
        assert day["agent_id"] == (await caller.get(f"/v1/sessions/{session}")).json()["agent_id"]
        assert (body["total"]["replies"], body["total"]["input_tokens"], body["total"]["output_tokens"]) == (2, *tokens)

    async def test_usage_outlives_the_session(self, api: Api) -> None:
        caller = await api.sign_up()
        session = await caller.session()
        await caller.say(session)
        before = (await caller.get("/v1/usage")).json()["data"]
        await caller.request("DELETE", f"/v1/sessions/{session}")
        assert (await caller.get("/v1/usage")).json()["data"] == before != []

    async def test_nobody_sees_anothers_usage_and_days_without_any_are_empty(self, api: Api) -> None:
        caller, other = await api.sign_up(), await api.sign_up()
        await caller.say(await caller.session())
        assert (await other.get("/v1/usage")).json()["data"] == []
        past = (await caller.get("/v1/usage", params={"from": "2020-01-01", "to": "2020-01-31"})).json()
        assert (past["data"], past["from"], past["to"]) == ([], "2020-01-01", "2020-01-31")
        assert past["total"] == {"replies": 0, "input_tokens": 0, "output_tokens": 0, "cost_usd": "0"}

    @pytest.mark.parametrize(
        ("params", "named"),
        [
            ({"from": "yesterday"}, "from"), ({"to": "2026-02-30"}, "to"), ({"from": "2026-02-01", "to": "2026-01-01"}, "from"),
            ({"from": "2026-01-01", "to": "2026-12-31"}, "from"),
        ],
    )
    async def test_days_that_make_no_sense_are_named(self, api: Api, params: dict[str, str], named: str) -> None:
        caller = await api.sign_up()
        assert error_of(await caller.get("/v1/usage", params=params), 422)["param"] == named

    async def test_this_month_is_what_is_shown_unless_asked(self, api: Api) -> None:
        body = (await (await api.sign_up()).get("/v1/usage")).json()
        assert body["from"].endswith("-01")
        assert body["from"] <= body["to"] <= datetime.now(UTC).date().isoformat()
