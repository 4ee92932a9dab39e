"""Notices a connection whose peer has stopped reading, with one timer per connection and no timer calls per send."""

from collections.abc import Callable

from application.alarm import Alarm


class StallWatch(Alarm):
    """Calls `stalled` when one send has not come through for `patience` seconds; `close` it in the end."""

    __slots__ = ("_patience",)

    def __init__(self, patience: float, stalled: Callable[[], object]) -> None:
        super().__init__(stalled)
        self._patience = patience

    def begin(self) -> None:
        """Note that a send begins."""
        self.set(self._patience)

    def end(self) -> None:
        """Note that it came through, or was given up."""
        self.stop()
