"""Whatever fails wherever: a reply is never a mixture, unless somebody went on with it."""

import itertools
import re
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.models.failures import ModelNotServed, RequestRefused
from adapters.models.router import ModelRouter
from adapters.models.scripted import Script, ScriptedModel
from application.ports.chat_model import ModelFailed
from tests.unit.models.hearing import Heard, asking, hear

WORDS = tuple(f"word{number} " for number in range(6))
TEXT = "".join(WORDS)
KINDS = (ModelFailed, ModelFailed, ModelNotServed, RequestRefused)
GIVEN = "given "


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a reply at one provider."""

    fail_at: int | None
    failure: type[ModelFailed]
    continues: bool
    counts_usage: bool
    down: bool

    def provider(self, words: tuple[str, ...]) -> ScriptedModel:
        """Return a provider with this fate."""
        kind = self.failure if self.fail_at == 0 else ModelFailed
        script = Script(
            len(words), words, fail_at=self.fail_at, failure=kind, counts_usage=self.counts_usage, continues=self.continues
        )
        return ScriptedModel({"m": script}, down=self.down)


AT = st.none() | st.just(0) | st.integers(0, 6)
FATES = st.lists(
    st.builds(Fate, AT, st.sampled_from(KINDS), st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=4
)


def own_words(provider: int) -> tuple[str, ...]:
    """Return words that no other provider says."""
    return tuple(f"p{provider}w{number} " for number in range(6))


def runs(text: str) -> list[tuple[int, list[int]]]:
    """Return who says which of his words, in the order of the text."""
    found = [(int(provider), int(number)) for provider, number in re.findall(r"p(\d)w(\d) ", text)]
    return [(provider, [number for _, number in run]) for provider, run in itertools.groupby(found, key=lambda word: word[0])]


def require_ended_rightly(heard: Heard, providers: list[ScriptedModel]) -> None:
    """Return if the reply failed only when nobody was left, and nobody was asked more than twice."""
    asked = [len(provider.requests) for provider in providers if not provider.down]
    assert max(asked, default=0) <= 2
    if isinstance(heard.failure, RequestRefused):
        assert 0 not in asked[: sum(1 for count in asked if count)]
    elif heard.failure is not None:
        assert 0 not in asked


@settings(max_examples=300)
@given(FATES, st.booleans())
async def test_a_reply_is_the_whole_one_of_its_last_provider_after_what_it_continued(fates: list[Fate], begun: bool) -> None:
    providers = [fate.provider(own_words(number)) for number, fate in enumerate(fates)]
    heard = await hear(ModelRouter(providers), asking(GIVEN if begun else ""))
    parts = runs(heard.text)
    for provider, numbers in parts:
        assert numbers == list(range(len(numbers)))
        assert fates[provider].continues or heard.text.startswith(own_words(provider)[0])
    assert [provider for provider, _ in parts] == sorted({provider for provider, _ in parts})
    if heard.failure is None:
        assert "".join(own_words(parts[-1][0])) == heard.text[-len("".join(own_words(0))) :]
    require_ended_rightly(heard, providers)


@settings(max_examples=300)
@given(FATES, st.integers(0, 6))
async def test_a_reply_of_providers_that_say_the_same_is_whole_and_without_a_seam(fates: list[Fate], begun: int) -> None:
    providers = [fate.provider(WORDS) for fate in fates]
    heard = await hear(ModelRouter(providers), asking("".join(WORDS[:begun])))
    assert TEXT.startswith(heard.text) if heard.failure else heard.text == TEXT
