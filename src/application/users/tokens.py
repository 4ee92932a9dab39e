"""What a sign-in hands out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.idempotency import Once
from application.origin import NOWHERE, Origin
from application.ports.entropy import Entropy
from application.users.secrets import secret_for
from domain.shared.identifiers import SignInId, UserId, bucket_of
from domain.shared.secrets import ACCESS_PREFIX, REFRESH_PREFIX, fingerprint
from domain.users.credential import SignIn

ACCESS_LIFETIME: Final = timedelta(hours=1)
REFRESH_LIFETIME: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The secrets, shown once; `expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int


def new_pair(entropy: Entropy) -> TokenPair:
    """Return fresh secrets."""
    return pair_for(entropy, None, "")


def pair_for(entropy: Entropy, once: Once | None, salt: str) -> TokenPair:
    """Return fresh secrets, or for a request with a key those that its repetitions get too."""
    access, refresh = (secret_for(entropy, once, prefix, salt) for prefix in (ACCESS_PREFIX, REFRESH_PREFIX))
    return TokenPair(access, refresh, int(ACCESS_LIFETIME.total_seconds()))


def new_sign_in(entropy: Entropy, user_id: UserId, pair: TokenPair, now: datetime, origin: Origin = NOWHERE) -> SignIn:
    """Return the sign-in to be stored for these secrets."""
    return SignIn(
        SignInId(entropy.identifier("signin", bucket_of(user_id))), user_id,
        fingerprint(pair.access_token), now + ACCESS_LIFETIME,
        fingerprint(pair.refresh_token), now + REFRESH_LIFETIME, now, address=origin.address, device=origin.device,
    )
