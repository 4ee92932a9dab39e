"""What `onelast doctor` finds out about several model servers."""

from entrypoints.ioc.doctor import Finding, examine
from entrypoints.settings import read_settings
from tests.integration.models.provider import Answer, serving, whole


def listing(*names: str) -> Answer:
    """Return a list of models as servers give it."""
    entries = ", ".join(f'{{"id": "{name}"}}' for name in names)
    return whole(200, f'{{"data": [{entries}]}}'.encode())


async def findings(*urls: str, **more: str) -> dict[str, Finding]:
    """Return what was found about the models, by name."""
    environment = {f"ONELAST_{name.upper()}": value for name, value in more.items()}
    found = await examine(read_settings({"ONELAST_PORT": "0", "ONELAST_UPSTREAM_URL": ",".join(urls), **environment}))
    return {finding.name: finding for finding in found if "model" in finding.name}


async def test_each_server_is_reported() -> None:
    async with serving(listing("a", "b")) as first, serving(whole(401, b'{"error": "no such key: sesame2"}')) as second:
        found = await findings(first.url, second.url, upstream_api_key="sesame1,sesame2")
    assert [(name, finding.ok) for name, finding in found.items()] == [("models 1", True), ("models 2", False)]
    assert found["models 1"].text == "2 offered: a, b"
    assert "answered 401 when asked for its models: no such key: ***" in found["models 2"].text


async def test_the_default_model_may_be_at_any_of_them() -> None:
    async with serving(listing("a")) as first, serving(listing("b")) as second:
        for default, ok in (("a", True), ("b", True), ("c", False)):
            found = await findings(first.url, second.url, default_model=default)
            assert [finding.ok for finding in found.values()] == [True, True, ok]
    assert "ONELAST_DEFAULT_MODEL is c, which is not among a, b" in found["default model"].text
