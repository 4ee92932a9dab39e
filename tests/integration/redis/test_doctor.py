"""What `onelast doctor` says of Valkey in each form."""

from pathlib import Path

from adapters.embedded.child import free_port
from entrypoints.ioc.doctor import Finding, examine
from entrypoints.settings import Settings


async def found(url: str, tmp_path: Path) -> Finding:
    """Return the finding about the cache; nothing else is there."""
    nobody = f"http://127.0.0.1:{free_port()}/v1"
    settings = Settings(port=0, data_dir=str(tmp_path), redis_url=url, upstream_url=(nobody,))
    return next(finding for finding in await examine(settings) if finding.name == "cache")


async def test_servers_of_each_form_answer(valkey_url: str, tmp_path: Path) -> None:
    told = await found(valkey_url, tmp_path)
    assert told.ok, told.text


async def test_servers_that_are_not_there_are_told_of_without_their_password(tmp_path: Path) -> None:
    port = free_port()
    for url in (f"redis+sentinel://:sesame@127.0.0.1:{port}/onelast", f"redis+cluster://:sesame@127.0.0.1:{port}"):
        told = await found(url, tmp_path)
        assert not told.ok
        assert "sesame" not in told.text
        assert "gives no answer" in told.text, told.text
