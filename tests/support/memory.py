"""The application over the memory adapters: no server, and a clock that tests move."""

from dishka import Provider, Scope, provide

from adapters.memory.account_reader import MemoryAccountReader
from adapters.memory.attempts import MemoryAttempts
from adapters.memory.cache import MemoryCache
from adapters.memory.catalog import MemoryCatalog
from adapters.memory.clock import HandClock
from adapters.memory.erasures import MemoryErasures
from adapters.memory.expired_api_keys import MemoryExpiredApiKeys
from adapters.memory.expired_tokens import MemoryExpiredTokens
from adapters.memory.idempotency import MemoryExpiredKeys
from adapters.memory.leases import MemoryRunLeases
from adapters.memory.limiter import MemoryLimiter
from adapters.memory.notifier import MemoryNotifier
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.password_hasher import MemoryPasswordHasher
from adapters.memory.positions import MemoryPositions
from adapters.memory.readers import MemoryAgentReader, MemoryRunReader, MemorySessionReader, MemoryUsageReader, MemoryUserReader
from adapters.memory.records import MemoryAccountRecords, MemoryConversationRecords
from adapters.memory.remains import MemoryRemains
from adapters.memory.responses import MemoryResponseReader
from adapters.memory.run_bell import MemoryRunBell
from adapters.memory.run_log import MemoryRunLog
from adapters.memory.shards import MemoryShards
from adapters.memory.shares import MemoryLinkSeeds, MemoryShareReader
from adapters.memory.store import MemoryStore
from adapters.memory.tables import AnsweredKey
from adapters.memory.user_directory import MemoryUserDirectory
from application.ports.account_reader import AccountReader
from application.ports.attempts import Attempts
from application.ports.cache import Cache
from application.ports.catalog import Catalog
from application.ports.chat_model import ChatModel
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.erasures import Erasures
from application.ports.expired_api_keys import ExpiredApiKeys
from application.ports.expired_tokens import ExpiredTokens
from application.ports.idempotency import ExpiredKeys
from application.ports.limiter import Limiter
from application.ports.link_seeds import LinkSeeds
from application.ports.notifier import Letter, Notifier
from application.ports.outbox import Outbox
from application.ports.password_hasher import PasswordHasher
from application.ports.positions import Positions
from application.ports.readers import AgentReader, RunReader, SessionReader, ShareReader, UsageReader, UserReader
from application.ports.records import AccountRecords, ConversationRecords
from application.ports.remains import Remains
from application.ports.responses import ResponseReader
from application.ports.run_bell import RunBell
from application.ports.run_leases import RunLeases
from application.ports.run_log import RunLog
from application.ports.shards import Shards
from application.ports.user_directory import UserDirectory
from domain.shared.identifiers import NodeId
from entrypoints.http.health import ReadComponents
from entrypoints.ioc.telemetry import components_of
from entrypoints.settings import Settings

# Addresses that nobody connects to: everything that would is replaced.
NOWHERE = Settings(catalog_dsn="postgresql://nowhere.invalid/x", redis_url="valkey://nowhere.invalid")


class Memory(Provider):
    """What nodes share: given to several applications, it makes them nodes of one deployment."""

    scope = Scope.APP

    def __init__(self) -> None:
        super().__init__()
        self._clock = HandClock()
        self._store = MemoryStore(self._clock)
        self._cache, self._log, self._bell = MemoryCache(), MemoryRunLog(), MemoryRunBell()
        self._limiter = MemoryLimiter(self._clock, MemoryUsageReader(self._store))
        self._hasher = MemoryPasswordHasher()
        self._attempts, self._notifier = MemoryAttempts(self._clock), MemoryNotifier()

    @property
    def letters(self) -> list[Letter]:
        """What was sent."""
        return self._notifier.letters

    @property
    def hands(self) -> HandClock:
        """The clock, to be moved."""
        return self._clock

    async def remembered(self, key: str) -> list[AnsweredKey]:
        """Return what is stored under an idempotency key, whosever it is."""
        return [row for table in (await self._store.read()).key_tables() for (_, name), row in table.items() if name == key]

    @provide(override=True)
    def clock(self) -> Clock:
        return self._clock

    @provide(override=True)
    def password_hasher(self) -> PasswordHasher:
        return self._hasher

    @provide(override=True)
    def catalog(self) -> Catalog:
        return MemoryCatalog(self._store)

    @provide(override=True)
    def shards(self) -> Shards:
        return MemoryShards(self._store)

    @provide(override=True)
    def positions(self) -> Positions:
        return MemoryPositions()

    @provide(override=True)
    def agents(self) -> AgentReader:
        return MemoryAgentReader(self._store)

    @provide(override=True)
    def users(self) -> UserReader:
        return MemoryUserReader(self._store)

    @provide(override=True)
    def accounts(self) -> AccountReader:
        return MemoryAccountReader(self._store)

    @provide(override=True)
    def attempts(self) -> Attempts:
        return self._attempts

    @provide(override=True)
    def notifier(self) -> Notifier:
        return self._notifier

    @provide(override=True)
    def sessions(self) -> SessionReader:
        return MemorySessionReader(self._store)

    @provide(override=True)
    def runs(self) -> RunReader:
        return MemoryRunReader(self._store)

    @provide(override=True)
    def responses(self) -> ResponseReader:
        return MemoryResponseReader(self._store)

    @provide(override=True)
    def shares(self) -> ShareReader:
        return MemoryShareReader(self._store)

    @provide(override=True)
    def usage(self) -> UsageReader:
        return MemoryUsageReader(self._store)

    @provide(override=True)
    def erasures(self) -> Erasures:
        return MemoryErasures(self._store)

    @provide(override=True)
    def remains(self) -> Remains:
        return MemoryRemains(self._store)

    @provide(override=True)
    def account_records(self) -> AccountRecords:
        return MemoryAccountRecords(self._store)

    @provide(override=True)
    def conversation_records(self) -> ConversationRecords:
        return MemoryConversationRecords(self._store)

    @provide(override=True)
    def link_seeds(self, entropy: Entropy) -> LinkSeeds:
        return MemoryLinkSeeds(self._store, entropy)

    @provide(override=True)
    def outbox(self) -> Outbox:
        return MemoryOutbox(self._store)

    @provide(override=True)
    def expired_keys(self) -> ExpiredKeys:
        return MemoryExpiredKeys(self._store)

    @provide(override=True)
    def expired_api_keys(self) -> ExpiredApiKeys:
        return MemoryExpiredApiKeys(self._store)

    @provide(override=True)
    def expired_tokens(self) -> ExpiredTokens:
        return MemoryExpiredTokens(self._store)

    @provide(override=True)
    def directory(self) -> UserDirectory:
        return MemoryUserDirectory(self._store)

    @provide(override=True)
    def leases(self, node: NodeId) -> RunLeases:
        return MemoryRunLeases(self._store, node)

    @provide(override=True)
    def cache(self) -> Cache:
        return self._cache

    @provide(override=True)
    def limiter(self) -> Limiter:
        return self._limiter

    @provide(override=True)
    def run_log(self) -> RunLog:
        return self._log

    @provide(override=True)
    def bell(self) -> RunBell:
        return self._bell

    @provide(override=True)
    def components(self, cache: Cache, models: ChatModel) -> ReadComponents:
        return components_of({"cache": cache.ping, "models": models.list})
