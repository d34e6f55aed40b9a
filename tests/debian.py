"""Programs that are not Python packages: Debian's own, installed when they are absent and we may."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

Found = TypeVar("Found")

_WAIT: Final = ("-o", "DPkg::Lock::Timeout=600")
"""Another program may be installing: seconds to wait for it."""


def found_or_installed(find: Callable[[], Found | None], package: str) -> Found | None:
    """What ``find`` finds, if need be after installing Debian's ``package``; ``None`` if it is still absent.

    Of several processes that ask, one installs and the others wait for it.
    """
    with (Path(tempfile.gettempdir()) / "rebill-tests-install.lock").open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        found = find()
        if found is None:
            _install(package)
            found = find()
    return found


def program(name: str, package: str) -> str | None:
    """The path of a program, whose Debian package is installed when it is absent; ``None`` where that cannot be."""
    return found_or_installed(lambda: shutil.which(name), package)


def _install(package: str) -> None:
    """Nothing where we are not root or this is no Debian."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", *_WAIT, package]):
        subprocess.run(command, check=True, env=environment, stdout=sys.stderr)
