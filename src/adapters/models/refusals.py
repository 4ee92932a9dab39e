"""Providers' error messages made fit for the log: short, without the key and without words of the prompt."""

import re
from typing import Final

import msgspec

from adapters.models.wire import Refusal

_LONGEST: Final = 200
_TELLING: Final = 24
_ESCAPED: Final = re.compile(r"[^ !#-&(-\[\]-~]")
_decode = msgspec.json.Decoder(Refusal).decode


def reason_of(body: bytes) -> str | None:
    """Return what an answer's body names as the reason; None when it is in no known form (it may then quote the prompt)."""
    return refusal_of(body).reason


def refusal_of(body: bytes) -> Refusal:
    """Return what an answer's body says, which is nothing when it is in no known form."""
    try:
        return _decode(body)
    except (msgspec.MsgspecError, ValueError):
        return Refusal()


def fit_for_log(reason: str | None, *, secret: str | None, prompt: tuple[str, ...]) -> str:
    """Return at most 200 characters of the reason, cut where it begins to quote the prompt, with the secret masked."""
    text = " ".join((reason or "no reason given").split())
    if secret:
        text = text.replace(secret, "***")
    found = [place for turn in prompt for place in _quotes(text, turn)]
    return text[: min((_LONGEST, *found))]


def _quotes(text: str, turn: str) -> list[int]:
    """Return where the text quotes the turn's beginning, as it is or as far as it reads the same once escaped."""
    plain = _ESCAPED.split(turn.strip(), maxsplit=1)[0]
    beginnings = {" ".join(words.split())[:_TELLING].strip() for words in (turn, plain)} - {""}
    return [match.start() for beginning in beginnings if (match := _as_words(beginning).search(text))]


def _as_words(beginning: str) -> re.Pattern[str]:
    """Return the pattern of a quote; a short one counts only where it stands as words of its own."""
    whole = rf"(?<!\w){re.escape(beginning)}(?!\w)" if len(beginning) < _TELLING else re.escape(beginning)
    return re.compile(whole)
