"""The clock, randomness, passwords, the built-in agents."""

from collections.abc import Iterator

from dishka import Provider, Scope, provide

from adapters.system.builtin_agents import BuiltinAgentFiles
from adapters.system.clock import SystemClock
from adapters.system.entropy import SystemEntropy
from adapters.system.password_hasher import Argon2PasswordHasher
from application.ports.builtin_agents import BuiltinAgents
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.password_hasher import PasswordHasher


class SystemProvider(Provider):
    """What the operating system and the package itself bring."""

    scope = Scope.APP
    clock = provide(SystemClock, provides=Clock)
    entropy = provide(SystemEntropy, provides=Entropy)

    @provide
    def builtin_agents(self) -> BuiltinAgents:
        """Return the agents that come with the package."""
        return BuiltinAgentFiles()

    @provide
    def password_hasher(self) -> Iterator[PasswordHasher]:
        """Return the hasher with its threads."""
        hasher = Argon2PasswordHasher()
        yield hasher
        hasher.close()
