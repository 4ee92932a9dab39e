"""All measurements, in the order in which they run. A new one is a module here and a line below.

A run measures the first list; what takes long, or is asked once for a decision, is in the second and measured by its name.
"""

from collections.abc import Callable, Sequence

from bench.growth.past import GrowthHistory, GrowthSessions
from bench.growth.places import GrowthNodes, GrowthShards, GrowthStreams, GrowthUsers
from bench.growth.turns import growth_paced_turns, growth_turns
from bench.measurement import Measurement
from bench.measurements.appends import Appends
from bench.measurements.cached import cached_page, cached_page_shared, cached_session
from bench.measurements.catalogue import Catalogue304
from bench.measurements.cross_node import CrossNode
from bench.measurements.first_token import FirstToken
from bench.measurements.history import History
from bench.measurements.idle_streams import IdleStreams
from bench.measurements.limits import LimitsCost
from bench.measurements.moves import Moves
from bench.measurements.paced import Paced
from bench.measurements.pass_through import PassThrough
from bench.measurements.reads import page_reads, session_reads, session_reads_alone
from bench.measurements.recall import Recall
from bench.measurements.servers import Servers, ServersOpen
from bench.measurements.sign_ins import SignIns
from bench.measurements.start import Start
from bench.measurements.streams import Streams

_ALL: tuple[Callable[[float], Measurement], ...] = (
    Start, FirstToken, Streams, Paced, Appends, SignIns, PassThrough, LimitsCost, CrossNode, session_reads, session_reads_alone,
    page_reads, cached_session, cached_page, cached_page_shared, Catalogue304, Recall, History, IdleStreams, Moves,
)


_BY_WISH: tuple[Callable[[float], Measurement], ...] = (
    Servers, ServersOpen, growth_turns, growth_paced_turns, GrowthHistory, GrowthSessions, GrowthNodes, GrowthShards, GrowthUsers,
    GrowthStreams,
)


def all_measurements(scale: float) -> Sequence[Measurement]:
    """Return all, each with its work scaled (1: as much as a full run takes)."""
    return [make(scale) for make in _ALL]


def measurements_by_wish(scale: float) -> Sequence[Measurement]:
    """Return those that are measured only when they are named."""
    return [make(scale) for make in _BY_WISH]
