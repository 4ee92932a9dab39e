"""A process that does a worker's part for backups and nothing else."""

from entrypoints.cli.running import run_until_signal
from entrypoints.ioc.backup import backup_loops
from entrypoints.logging import configure_logging
from entrypoints.settings import read_settings

if __name__ == "__main__":
    settings = read_settings()
    configure_logging(settings)
    (loop,) = backup_loops(settings)
    run_until_signal(loop())
