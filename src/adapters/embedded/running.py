"""The embedded PostgreSQL that another process runs: its address is in the data folder."""

from pathlib import Path

from adapters.embedded.cluster import OWNER


def running_dsn(folder: Path, name: str = "postgres") -> str | None:
    """Return the address of the server that runs on this data folder, or None when none does."""
    try:
        port = (folder / name / "postmaster.pid").read_text().splitlines()[3]
        password = (folder / "secrets" / name).read_text()
    except (OSError, IndexError):
        return None
    return f"postgresql://{OWNER}:{password}@127.0.0.1:{port}/{OWNER}"
