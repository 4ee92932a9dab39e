"""What /metrics tells of the databases' statements."""

from tests.support.api import Api


async def test_after_a_request_its_queries_are_measured_by_name(api: Api) -> None:
    caller = await api.sign_up()
    session = await caller.session()
    await caller.say(session, "Nobody may read this.")
    text = (await api.http.get("/metrics")).text
    lines = [line for line in text.splitlines() if line.startswith("onelast_query_seconds_count{")]
    told = {line.partition('query="')[2].partition('"')[0] for line in lines}
    assert any({"users.add", "sign_ins.add"} <= set(name.split("+")) for name in told)
    assert any({"sessions.save", "messages.add", "runs.add", "outbox.add"} <= set(name.split("+")) for name in told)
    assert all('database="catalog"' in line for line in lines)
    assert "Nobody" not in text
