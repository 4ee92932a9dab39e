"""Samples for what the servers are asked about themselves."""

from collections.abc import Mapping
from typing import Final

from tests.integration.plans.samples import Sample, named

SERVER_SAMPLES: Final[Mapping[str, Sample]] = {
    "replicas.read_position": Sample({}),
    "replicas.read_state": Sample({}),
    "servers.read_limits": Sample({}),
    "sources.note_position": Sample({"pending": [named("run", 100_001)]}),
    "sources.read_position": Sample({}),
}
