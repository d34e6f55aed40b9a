"""Programs that are not Python packages: Debian's own, installed when they are absent and we may."""

import os
import shutil
import subprocess
import sys


def install(package: str) -> bool:
    """Install a Debian package; ``False`` where we are not root or this is no Debian."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", package]):
        subprocess.run(command, check=True, env=environment, stdout=sys.stderr)
    return True
