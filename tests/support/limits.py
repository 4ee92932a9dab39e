"""Limits for tests of what is not about them."""

from adapters.memory.limiter import MemoryLimiter
from adapters.memory.readers import MemoryUsageReader
from adapters.memory.store import MemoryStore
from application.limits.allowances import Allowances
from application.limits.stream_slots import StreamSlots
from application.ports.chat_model import ChatModel
from domain.shared.identifiers import NodeId
from domain.users.limits import DEFAULT_PLANS, Plans


def default_allowances(models: ChatModel) -> Allowances:
    """Return what the plans allow by default."""
    return Allowances(Plans(DEFAULT_PLANS), models)


def slots_of(store: MemoryStore, node: str = "node_test") -> StreamSlots:
    """Return the streams of a node over this store."""
    return StreamSlots(MemoryLimiter(store.clock, MemoryUsageReader(store)), NodeId(node))
