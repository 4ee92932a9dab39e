"""Where a command belongs in a cluster."""

from collections.abc import Sequence

from redis.crc import key_slot

from adapters.redis.resp import Command, Word

_KEYLESS = frozenset({"PING", "PUBLISH", "SCRIPT"})
_SCRIPTS = frozenset({"EVAL", "EVALSHA"})


def slot_of(command: Command) -> int | None:
    """Return the slot of a command's keys, None when it has none; ValueError when they lie in several."""
    name = str(command[0])
    if name in _KEYLESS:
        return None
    slots = {slot_of_key(key) for key in (_keys_of_script(command) if name in _SCRIPTS else command[1:2])}
    if len(slots) > 1:
        raise ValueError(f"the keys of {name} lie in {len(slots)} slots; let them share a hash tag")
    return slots.pop() if slots else None


def slot_of_key(key: Word) -> int:
    """Return the slot of a key."""
    return key_slot(key if isinstance(key, bytes) else str(key).encode())


def _keys_of_script(command: Command) -> Sequence[Word]:
    return command[3 : 3 + int(command[2])]
