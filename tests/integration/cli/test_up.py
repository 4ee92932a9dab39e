"""`onelast up` on an empty data folder: one process that several tests look at."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from adapters.embedded.child import free_port
from tests.integration.cli.nodes import Node, up
from tests.integration.cli.talking import brief_agent
from tests.support.api import Caller, events_of, text_of
from tests.support.processes import run, run_onelast

MARK = "heliotrope-giraffe"
PASSWORD = f"{MARK}-password"


@dataclass(frozen=True, slots=True)
class Home:
    """A node of `onelast up` with its port and its data folder."""

    node: Node
    port: int
    folder: Path


@pytest.fixture(scope="module")
async def home() -> AsyncIterator[Home]:
    with TemporaryDirectory(prefix="onelast-data-") as parent:
        port, folder = free_port(), Path(parent) / "data"
        settings = {"ONELAST_PORT": str(port), "ONELAST_DATA_DIR": str(folder), "ONELAST_LOG_LEVEL": "DEBUG"}
        async with up(settings) as node:
            yield Home(node, port, folder)


async def test_it_says_what_runs_where(home: Home) -> None:
    told = home.node.program.out
    assert f"http://127.0.0.1:{home.port}" in told
    for part in ("PostgreSQL", "Valkey"):
        assert re.search(rf"^ +{part} +embedded, data in {re.escape(str(home.folder.resolve()))}$", told, re.MULTILINE)
    assert re.search(r"^ +Model +SmolLM2-135M on this machine$", told, re.MULTILINE)
    assert (home.folder / "postgres" / "PG_VERSION").exists()


async def test_it_is_ready_and_has_a_catalogue(home: Home) -> None:
    assert (await home.node.api.http.get("/readyz")).status_code == 200
    slugs = [agent["slug"] for agent in (await home.node.api.http.get("/v1/agents?limit=100")).json()["data"]]
    assert len(slugs) >= 8
    assert "einstein" in slugs


async def test_the_printed_curl_works_when_pasted(home: Home) -> None:
    printed = re.search(r"^ +(curl .+)$", home.node.program.out, re.MULTILINE)
    assert printed is not None
    pasted = await run("sh", "-c", printed[1])
    assert (pasted.status, json.loads(pasted.out)["slug"]) == (0, "einstein")


async def test_the_printed_chat_streams_a_reply_of_the_real_model_to_its_end(home: Home) -> None:
    printed = re.search(r"^ +(ONELAST_URL=.+ sh scripts/chat\.sh .+)$", home.node.program.out, re.MULTILINE)
    assert printed is not None
    pasted = await run("sh", "-c", printed[1], within=100)
    events = events_of(pasted.out)
    assert (pasted.status, events[-1]["type"], events[-1]["status"]) == (0, "end", "completed")
    assert len([event for event in events if event["type"] == "message.delta"]) > 1
    completed = next(event for event in events if event["type"] == "message.completed")
    assert completed["message"]["content"] == [{"type": "text", "text": text_of(events)}]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("db", "status"), "catalog_0"), (("db", "slow"), "nodes.renew"), (("check",), "Everything agrees."),
        (("shards", "status"), "shard map is at version"),
    ],
)
async def test_an_operators_commands_look_at_the_database_that_runs_on_the_data_folder(
    home: Home, command: tuple[str, ...], told: str
) -> None:
    looked = await run_onelast(*command, environment={"ONELAST_DATA_DIR": str(home.folder)})
    assert looked.status == 0, looked.err
    assert told in looked.out


async def test_a_second_start_on_the_same_data_folder_is_refused_in_a_sentence(home: Home) -> None:
    second = await run_onelast("up", environment={"ONELAST_PORT": "0", "ONELAST_DATA_DIR": str(home.folder)})
    assert (second.status, second.out) == (2, "")
    assert second.err == f"onelast: Another onelast is running on the data folder {home.folder.resolve()}.\n"
    assert (await home.node.api.http.get("/readyz")).status_code == 200


async def test_no_log_holds_a_password_a_token_or_what_was_said(home: Home) -> None:
    http, email = home.node.api.http, "marked@example.com"
    account = {"email": email, "password": PASSWORD, "name": MARK}
    caller = Caller(http, (await http.post("/v1/users", json=account)).json(), email)
    http.cookies.clear()
    assert (await http.post("/v1/users", json=account)).status_code == 409
    assert (await http.post("/v1/auth/login", json={"email": email, "password": PASSWORD + "!"})).status_code == 401
    key = (await caller.post("/v1/api-keys", {"name": MARK})).json()["key"]
    session = await caller.session(await brief_agent(caller))
    assert (await caller.say(session, f"Say {MARK}.")).json()["run"]["status"] == "completed"
    secrets = [file.read_text() for file in (home.folder / "secrets").iterdir()]
    logs = [home.node.program.out, home.node.program.err, *(log.read_text() for log in (home.folder / "logs").iterdir())]
    assert len(secrets) >= 2
    assert len(logs) >= 5
    for secret in (MARK, caller.token, key, *secrets):
        assert not [log for log in logs if secret in log]


async def test_no_command_line_holds_a_password(home: Home) -> None:
    secrets = [file.read_text() for file in (home.folder / "secrets").iterdir()]
    commands = [" ".join(process.cmdline()) for process in home.node.program.family()]
    assert len(commands) >= 4
    assert not [command for command in commands for secret in secrets if secret in command]
