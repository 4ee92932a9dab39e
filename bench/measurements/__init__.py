"""All measurements, in the order in which they run. A new one is a module here and a line below."""

from collections.abc import Callable, Sequence

from bench.measurement import Measurement
from bench.measurements.cached import cached_page, cached_page_shared, cached_session
from bench.measurements.catalogue import Catalogue304
from bench.measurements.cross_node import CrossNode
from bench.measurements.first_token import FirstToken
from bench.measurements.history import History
from bench.measurements.idle_streams import IdleStreams
from bench.measurements.moves import Moves
from bench.measurements.paced import Paced
from bench.measurements.reads import page_reads, session_reads, session_reads_alone
from bench.measurements.recall import Recall
from bench.measurements.start import Start
from bench.measurements.streams import Streams

_ALL: tuple[Callable[[float], Measurement], ...] = (
    Start, FirstToken, Streams, Paced, CrossNode, session_reads, session_reads_alone, page_reads, cached_session, cached_page,
    cached_page_shared, Catalogue304, Recall, History, IdleStreams, Moves,
)


def all_measurements(scale: float) -> Sequence[Measurement]:
    """Return all, each with its work scaled (1: as much as a full run takes)."""
    return [make(scale) for make in _ALL]
