"""Where an operator's commands find their databases: as set, or with the `onelast up` that runs on the data folder."""

from msgspec.structs import replace

from adapters.embedded.running import running_dsn
from entrypoints.settings import Settings


def located(settings: Settings) -> Settings:
    """Return the settings, with the address of the embedded PostgreSQL that runs now where they name no database."""
    running = running_dsn(settings.data_path) if settings.catalog is None else None
    return settings if running is None else replace(settings, catalog_dsn=running)
