"""What can be wrong between rows that no constraint ties together; docs/how-to/check-consistency.md tells what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Code(StrEnum):
    """The kinds of faults, under names that scripts may rely on."""

    MAP_BEYOND_SETTINGS = "map_beyond_settings"
    PIN_BEYOND_SETTINGS = "pin_beyond_settings"
    WRONG_SHARD = "wrong_shard"
    WRONG_BUCKET = "wrong_bucket"
    OWNER_UNKNOWN = "owner_unknown"
    OWNER_DIFFERS = "owner_differs"
    AGENT_UNKNOWN = "agent_unknown"
    HEAD_SEQ = "head_seq"
    SEQ_GAP = "seq_gap"
    SESSION_TURN = "session_turn"
    MESSAGE_ORPHANED = "message_orphaned"
    MESSAGE_WITHOUT_RUN = "message_without_run"
    RUN_ORPHANED = "run_orphaned"
    RUN_END = "run_end"
    RUN_OUT_OF_TURN = "run_out_of_turn"
    RUN_UNMADE = "run_unmade"
    RUN_WAITS = "run_waits"
    RUN_WITHOUT_MESSAGE = "run_without_message"
    RUN_WITHOUT_REPLY = "run_without_reply"
    RUN_REPLIED_TWICE = "run_replied_twice"
    SHARE_ORPHANED = "share_orphaned"
    EVENT_OVERDUE = "event_overdue"
    EVENT_FAILING = "event_failing"
    INDEX_BROKEN = "index_broken"

    @property
    def remark(self) -> bool:
        """Whether it is told of without being a fault: it may be as it should."""
        return self in _REMARKS

    @property
    def repairable(self) -> bool:
        """Whether a repair may be tried; all else is only told."""
        return self in _REPAIRABLE


# An agent goes with its owner and leaves others' sessions behind; a run waits as long as no node serves.
_REMARKS: Final = frozenset({Code.AGENT_UNKNOWN, Code.RUN_WAITS})
_REPAIRABLE: Final = frozenset({
    Code.HEAD_SEQ, Code.SESSION_TURN, Code.RUN_OUT_OF_TURN, Code.RUN_UNMADE, Code.MESSAGE_ORPHANED, Code.RUN_ORPHANED,
    Code.SHARE_ORPHANED, Code.EVENT_FAILING,
})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: its kind, the identifiers that it concerns, and a sentence without any content of a user's."""

    code: Code
    ids: Mapping[str, str]
    text: str
