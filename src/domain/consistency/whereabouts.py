"""Where rows may be."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from domain.consistency.faults import Code, Fault
from domain.shared.errors import Invalid
from domain.shared.identifiers import bucket_of, parse_identifier


class Standing(Enum):
    """How a row stands to the shard where it was found: it belongs there, is on its way in a move, or has no business there."""

    AT_HOME = auto()
    IN_TRANSIT = auto()
    ASTRAY = auto()


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The shard map with the pins of owners and the moves that are under way; `shard_count` is how many shards there are."""

    version: int
    shards: tuple[int, ...]
    shard_count: int
    pins: Mapping[str, int] = field(default_factory=dict)
    in_transit: Mapping[int, Collection[int]] = field(default_factory=dict)

    def standing(self, owner_id: str | None, bucket: int, shard: int) -> Standing:
        """Tell whether what this owner has may be on this shard; of an owner who is not known the bucket tells."""
        if shard in self._homes(owner_id, bucket):
            return Standing.AT_HOME
        return Standing.IN_TRANSIT if shard in self.in_transit.get(bucket, ()) else Standing.ASTRAY

    def home(self, owner_id: str | None, bucket: int) -> int:
        """Return the shard where this owner's things belong."""
        return self.pins.get(owner_id or "", self.shards[bucket])

    def faults(self) -> Iterator[Fault]:
        """Tell of shards that the map names and nobody has."""
        beyond = sorted({shard for shard in self.shards if not 0 <= shard < self.shard_count})
        if beyond:
            lost = sum(shard in beyond for shard in self.shards)
            yield Fault(
                Code.MAP_BEYOND_SETTINGS, {"map_version": str(self.version)},
                f"the shard map gives {lost} buckets to {_listed(beyond)}, but the settings name {self.shard_count} shards",
            )

    def _homes(self, owner_id: str | None, bucket: int) -> set[int]:
        if owner_id is not None:
            return {self.home(owner_id, bucket)}
        return {self.shards[bucket], *(shard for user, shard in self.pins.items() if bucket_in(user) == bucket)}


@dataclass(frozen=True, slots=True)
class Lodging:
    """A row's place: the identifier that it goes by and its `bucket` column, the owner (if known), the shard it was found on."""

    identifier: str
    bucket: int
    owner_id: str | None
    shard: int

    def at_home(self, where: Whereabouts) -> bool:
        """Tell whether the row counts here; what it says elsewhere is half copied, or of yesterday."""
        return where.standing(self.owner_id, self._carried, self.shard) is Standing.AT_HOME

    def faults(self, where: Whereabouts, ids: Mapping[str, str]) -> Iterator[Fault]:
        """Tell whether the row is on the wrong shard, or in the wrong bucket where it belongs."""
        standing = where.standing(self.owner_id, self._carried, self.shard)
        if standing is Standing.ASTRAY:
            home = where.home(self.owner_id, self._carried)
            yield Fault(Code.WRONG_SHARD, ids, f"it belongs to shard {home} by version {where.version} of the shard map")
        elif standing is Standing.AT_HOME:
            yield from (Fault(Code.WRONG_BUCKET, ids, text) for text in self._contradictions())

    def _contradictions(self) -> Iterator[str]:
        carried, of_owner = bucket_in(self.identifier), bucket_in(self.owner_id or self.identifier)
        if carried is None:
            yield "its identifier is malformed and carries no bucket"
        elif carried != self.bucket:
            yield f"its column says bucket {self.bucket}, and its identifier carries bucket {carried}"
        elif carried != of_owner:
            yield f"its bucket is {carried}, and its owner {self.owner_id} is in {'none' if of_owner is None else of_owner}"

    @property
    def _carried(self) -> int:
        carried = bucket_in(self.identifier)
        return self.bucket & 4095 if carried is None else carried


def bucket_in(identifier: str) -> int | None:
    """Return the bucket that an identifier carries, or None for text that is no identifier."""
    try:
        return bucket_of(parse_identifier(identifier.rpartition("_")[0], identifier, param="id"))
    except Invalid:
        return None


def _listed(shards: Collection[int]) -> str:
    return f"shard{'s' if len(shards) > 1 else ''} {', '.join(map(str, shards))}"
