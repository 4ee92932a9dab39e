"""Running a program that refuses root, when root is what we are."""

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from adapters.embedded.folder import EmbeddedProblem

_IN_NAMESPACE: Final = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
# With this capability nobody reaches what we reach, so that no folder needs another mode.
_REACHING: Final = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
_NOBODY: Final = 65_534
_AS_NOBODY: Final = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *_REACHING)


@dataclass(frozen=True, slots=True)
class OrdinaryUser:
    """What to write before a command, and whose the files are that it makes."""

    prefix: tuple[str, ...]
    owner: int

    def own(self, folder: Path) -> None:
        """Give the user a folder that another one made; EmbeddedProblem if we may not. The folder itself comes last."""
        if folder.stat().st_uid == self.owner:
            return
        try:
            for path in (*folder.rglob("*"), folder):
                os.chown(path, self.owner, -1, follow_symlinks=False)
        except OSError as error:
            raise EmbeddedProblem(f"The folder {folder} belongs to another user ({error.strerror}).") from error


@cache
def ordinary_user() -> OrdinaryUser:
    """Return ourselves; for root a namespace that shows an ordinary user or, where that is forbidden, the user nobody."""
    ours = os.geteuid()
    if ours:
        return OrdinaryUser((), ours)
    return OrdinaryUser(_IN_NAMESPACE, ours) if _works(_IN_NAMESPACE) else OrdinaryUser(_AS_NOBODY, _NOBODY)


def _works(prefix: tuple[str, ...]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0  # noqa: S603
    except OSError:
        return False
