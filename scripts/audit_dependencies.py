"""Refuse dependencies with known vulnerabilities: pip-audit reads the lock, npm that of the clients that tests speak with.

    python -m scripts.audit_dependencies

Both ask a service over the network, pip-audit that of its own choice or the OSV service at AUDIT_OSV_URL. Where it is not within
reach, this says so in one line and refuses nothing. What is accepted, and why, stands in .audit.toml by the vulnerability's
identifier.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.support.node import run_npm

_REPOSITORY: Final = Path(__file__).parents[1]
_LOCK: Final = _REPOSITORY / "requirements.lock"
_ACCEPTED: Final = _REPOSITORY / ".audit.toml"
_SECONDS: Final = 180


class OutOfReach(Exception):
    """The service that knows of vulnerabilities gave no answer."""


def main() -> int:
    """Print what was found; return 1 if there is a vulnerability that nobody has accepted."""
    accepted: Mapping[str, str] = tomllib.loads(_ACCEPTED.read_text()).get("accepted", {})
    found = 0
    for name, audit in (("Python", _python), ("npm", _npm)):
        try:
            lines = list(audit(accepted))
        except (OutOfReach, subprocess.TimeoutExpired) as problem:
            _say(f"{name} dependencies were NOT audited: {problem}.")
        else:
            found += len(lines)
            _say(*lines or [f"{name} dependencies have no known vulnerability that is not accepted."])
    return 1 if found else 0


def _python(accepted: Mapping[str, str]) -> Iterator[str]:
    text = _LOCK.read_text()
    first = re.match(r"\S.*?\n(?=\S)", text, re.DOTALL)
    # One package first: a service that does not know this one knows none, and is not asked for all of them.
    for lock in (first[0] if first else text, text):
        packages = _told(lock)
        if not any("vulns" in package for package in packages):
            raise OutOfReach("the service knows none of the packages")
    return findings(packages, accepted)


def findings(packages: Sequence[Mapping[str, Any]], accepted: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each vulnerability that is not accepted, neither by its identifier nor by another name of it."""
    for package in packages:
        for one in package.get("vulns", ()):
            if not {one["id"], *one.get("aliases", ())} & accepted.keys():
                mended = ", ".join(one.get("fix_versions", ())) or "no release yet"
                yield f"{package['name']} {package['version']}: {one['id']}, mended in {mended}"


def _told(lock: str) -> Sequence[Mapping[str, Any]]:
    """Return what pip-audit says about each package of a lock."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "requirements.txt")
        path.write_text(lock)
        audit = Path(sys.executable).with_name("pip-audit")
        options = ["--disable-pip", "--require-hashes", "--format", "json", "--progress-spinner", "off", "--timeout", "10"]
        if url := os.environ.get("AUDIT_OSV_URL"):
            options += ["--vulnerability-service", "osv", "--osv-url", url]
        ended = subprocess.run(  # noqa: S603
            [str(audit), "-r", str(path), *options], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    packages: Sequence[Mapping[str, Any]] = _output(ended)["dependencies"]
    return packages


def _npm(accepted: Mapping[str, str]) -> Iterator[str]:
    told = _output(run_npm("audit", "--json", "--fetch-retries=0", "--fetch-timeout=10000"))
    if "vulnerabilities" not in told:
        raise OutOfReach("the registry answers no questions about vulnerabilities")
    for name, one in told["vulnerabilities"].items():
        for advisory in one["via"]:
            if isinstance(advisory, dict) and str(advisory["source"]) not in accepted:
                yield f"{name}: {advisory['source']}, {advisory['title']}"


def _output(ended: "subprocess.CompletedProcess[str]") -> Any:
    try:
        return json.loads(ended.stdout)
    except json.JSONDecodeError:
        raise OutOfReach(_last_line(ended.stderr) or "the service gave no answer") from None


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:200] if lines else ""


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
