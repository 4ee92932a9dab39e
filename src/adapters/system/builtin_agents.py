"""The built-in agents, each a TOML file in the folder `agents`: its name is the slug."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from application.ports.builtin_agents import BuiltinAgents
from domain.agents.agent import AgentProfile, Sampling, Visibility
from domain.shared.errors import DomainError

_FOLDER: Final = Path(__file__).parent / "agents"


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    description: str
    persona: str
    model: str = "default"
    sampling: Sampling = Sampling()


class BuiltinAgentFiles(BuiltinAgents):
    """Reads the files when asked."""

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._folder = folder

    def load(self) -> Sequence[AgentProfile]:
        """Return the profiles, by slug; an error names the file at fault."""
        return [self._read(file) for file in sorted(self._folder.glob("*.toml"))]

    @staticmethod
    def _read(file: Path) -> AgentProfile:
        try:
            written = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _Written)
            return AgentProfile(
                file.stem, written.name, written.description, written.persona.strip(), written.model, written.sampling,
                Visibility.PUBLIC,
            )
        except (DomainError, msgspec.ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{file.name}: {error}") from error
