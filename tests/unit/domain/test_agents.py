"""Agents."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.agents.agent import PERSONA_LONGEST, AgentChanged, Sampling, Visibility, parse_slug
from domain.shared.errors import Invalid
from tests.support.builders import LATER, NOW, new_agent, new_profile, new_user_id


@given(st.text(st.sampled_from("ab09-_A é\n"), max_size=70))
def test_a_slug_is_words_of_letters_and_digits_with_single_hyphens_between_them(slug: str) -> None:
    if 2 <= len(slug) <= 64 and all(re.fullmatch("[a-z0-9]+", word) for word in slug.split("-")) and slug.isascii():
        assert parse_slug(slug) == slug
    else:
        with pytest.raises(Invalid) as refused:
            parse_slug(slug)
        assert refused.value.param == "slug"


@pytest.mark.parametrize("slug", ["ab", "a-b", "agent-47", "x" * 64])
def test_plain_slugs_are_taken(slug: str) -> None:
    assert parse_slug(slug) == slug


@pytest.mark.parametrize("sampling", [
    {"temperature": 0.0}, {"temperature": 2.0}, {"top_p": 0.001}, {"top_p": 1.0}, {"max_tokens": 1}, {"max_tokens": 131_072}, {},
])
def test_sampling_within_its_bounds_is_taken(sampling: dict[str, Any]) -> None:
    assert Sampling(**sampling) == Sampling(**{"temperature": None, "top_p": None, "max_tokens": None} | sampling)


@pytest.mark.parametrize(("sampling", "param"), [
    ({"temperature": -0.1}, "sampling.temperature"), ({"temperature": 2.1}, "sampling.temperature"),
    ({"temperature": float("nan")}, "sampling.temperature"), ({"temperature": float("inf")}, "sampling.temperature"),
    ({"top_p": 0.0}, "sampling.top_p"), ({"top_p": 1.1}, "sampling.top_p"), ({"top_p": float("nan")}, "sampling.top_p"),
    ({"max_tokens": 0}, "sampling.max_tokens"), ({"max_tokens": 131_073}, "sampling.max_tokens"),
])
def test_sampling_beyond_its_bounds_is_refused_by_name(sampling: dict[str, Any], param: str) -> None:
    with pytest.raises(Invalid) as refused:
        Sampling(**sampling)
    assert refused.value.param == param


@pytest.mark.parametrize(("param", "value"), [
    ("slug", "a"), ("slug", "a--b"), ("name", " "), ("name", "x" * 101), ("description", "x" * 1_001), ("description", "\0"),
    ("persona", ""), ("persona", "x" * (PERSONA_LONGEST + 1)), ("model", ""), ("model", "x" * 201),
])
def test_each_rule_of_a_profile_names_its_field(param: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        new_profile(**{param: value})
    assert refused.value.param == param


@pytest.mark.parametrize(("field", "value"), [
    ("name", "x" * 100), ("description", ""), ("description", "x" * 1_000), ("persona", "x" * PERSONA_LONGEST),
    ("model", "x" * 200),
])
def test_a_profile_at_its_bounds_is_taken(field: str, value: str) -> None:
    assert getattr(new_profile(**{field: value}), field) == value


def test_editing_replaces_the_profile_and_keeps_whose_the_agent_is() -> None:
    owner, profile = new_user_id(), new_profile()
    agent = new_agent(owner)
    agent.edit(profile, now=LATER)
    assert (agent.profile, agent.updated_at) == (profile, LATER)
    assert (agent.owner_id, agent.created_at, agent.retired_at) == (owner, NOW, None)


def test_retiring_notes_when() -> None:
    agent = new_agent()
    agent.retire(now=LATER)
    assert (agent.retired_at, agent.updated_at, agent.created_at) == (LATER, LATER, NOW)


@pytest.mark.parametrize("visibility", Visibility)
def test_a_change_tells_the_slug_and_whether_the_catalogue_shows_it(visibility: Visibility) -> None:
    agent = new_agent(visibility=visibility)
    assert agent.changed() == AgentChanged(agent.id, agent.profile.slug, visibility is Visibility.PUBLIC)
