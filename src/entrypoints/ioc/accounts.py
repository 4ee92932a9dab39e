"""What keeps accounts safe: letters to their owners, and patience with who guesses."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from adapters.memory.attempts import MemoryAttempts
from adapters.postgres.account_reader import PostgresAccountReader
from adapters.redis.attempts import RedisAttempts
from application.ports.account_reader import AccountReader
from application.ports.attempts import Attempts
from application.ports.clock import Clock
from application.ports.notifier import Notifier
from application.reactions.send_mail import PublicUrl, SendMail
from application.users.throttling import Throttle
from entrypoints.http.manners import Manners
from entrypoints.http.origin import TrustedProxies
from entrypoints.ioc.offered import open_offered
from entrypoints.ioc.postgres import Databases
from entrypoints.settings import Settings


class AccountsProvider(Provider):
    """Letters, counters, and what is known of who asks."""

    scope = Scope.APP
    mail = provide(SendMail)
    throttle = provide(Throttle)

    @provide
    def accounts(self, databases: Databases) -> AccountReader:
        """Return the reader of sign-ins and of the audit log."""
        return PostgresAccountReader(databases.catalog)

    @provide
    async def attempts(self, settings: Settings, clock: Clock) -> AsyncIterator[Attempts]:
        """Return the counters on Redis or Valkey, with some of this node's own for when that is away."""
        attempts = RedisAttempts(settings.require_redis(), clock, MemoryAttempts(clock))
        yield attempts
        await attempts.close()

    @provide
    async def notifier(self, settings: Settings) -> AsyncIterator[Notifier]:
        """Open the notifier that the settings name."""
        notifier = open_notifier(settings)
        yield notifier
        await notifier.close()

    @provide
    def public_url(self, settings: Settings) -> PublicUrl:
        """Return what links in letters begin with."""
        return PublicUrl(settings.public_address)

    @provide
    def manners(self, settings: Settings) -> Manners:
        """Return what answers tell browsers."""
        return Manners(settings.cors_origins)

    @provide
    def proxies(self, settings: Settings) -> TrustedProxies:
        """Return whose word is taken for who asks."""
        return TrustedProxies(settings.trusted_proxies)


def open_notifier(settings: Settings) -> Notifier:
    """Return the notifier that ONELAST_NOTIFIER names, with its options; SettingsError. Nothing is connected yet."""
    notifier: Notifier = open_offered(
        "onelast.notifiers", "ONELAST_NOTIFIER", settings.notifier, settings.notifier_options
    )
    return notifier
