"""The agents that come with the package, and what is said of files that are wrong."""

from pathlib import Path

import pytest

from adapters.system.builtin_agents import BuiltinAgentFiles
from domain.agents.agent import AgentProfile, Sampling, Visibility

WHOLE = 'name = "Ada"\ndescription = "Knows engines."\npersona = """\nYou are Ada.\n"""\n'


def loaded(folder: Path, **files: str) -> BuiltinAgentFiles:
    """Return the agents of a folder that holds these files."""
    for stem, text in files.items():
        (folder / f"{stem.replace('_', '-')}.toml").write_text(text)
    return BuiltinAgentFiles(folder)


def test_the_package_brings_a_catalogue_that_anybody_can_talk_to() -> None:
    profiles = {profile.slug: profile for profile in BuiltinAgentFiles().load()}
    assert len(profiles) >= 8
    assert {"einstein", "chef", "coder"} <= profiles.keys()
    assert len({profile.name for profile in profiles.values()}) == len({profile.persona for profile in profiles.values()})
    assert {profile.visibility for profile in profiles.values()} == {Visibility.PUBLIC}
    assert {profile.model for profile in profiles.values()} == {"default"}


@pytest.mark.parametrize("profile", BuiltinAgentFiles().load(), ids=lambda profile: profile.slug)
def test_each_has_a_persona_that_tells_who_it_is_and_how_it_speaks(profile: AgentProfile) -> None:
    assert profile.persona.startswith("You are ")
    assert len(profile.persona.split()) > 50
    assert 10 <= len(profile.description) <= 120


def test_a_file_becomes_a_profile_whose_slug_is_the_files_name(tmp_path: Path) -> None:
    (profile,) = loaded(tmp_path, ada_two=WHOLE + "[sampling]\ntemperature = 0.5\n").load()
    assert (profile.slug, profile.name, profile.persona) == ("ada-two", "Ada", "You are Ada.")
    assert profile.sampling == Sampling(temperature=0.5)


def test_profiles_come_by_slug_and_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("not an agent")
    assert [profile.slug for profile in loaded(tmp_path, zoe=WHOLE, ada=WHOLE).load()] == ["ada", "zoe"]


@pytest.mark.parametrize(("text", "why"), [
    ("name = ", "Invalid value"),
    (WHOLE + "colour = 'blue'\n", "unknown field `colour`"),
    (WHOLE.replace("description", "#"), "missing required field `description`"),
    (WHOLE + "model = 5\n", "Expected `str`, got `int`"),
    (WHOLE + "[sampling]\ntemperature = 3.0\n", "'temperature' must lie between 0 and 2"),
    (WHOLE.replace("You are Ada.", " "), "'persona' must have 1 to 32000 characters"),
])
def test_a_file_that_is_wrong_is_named_with_its_fault(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=rf"^broken\.toml: .*{why}"):
        loaded(tmp_path, ada=WHOLE, broken=text).load()


def test_a_file_whose_name_is_no_slug_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^Ada King\.toml: 'slug' has 2 to 64"):
        loaded(tmp_path, **{"Ada King": WHOLE}).load()


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(WHOLE.replace("Ada", "Zoë").encode("latin-1"))
    with pytest.raises(ValueError, match=r"^latin\.toml: .*utf-8"):
        BuiltinAgentFiles(tmp_path).load()
