"""The greatest memory of a process, for measurements in environments that have nothing but Python in common."""

import resource
from pathlib import Path
from typing import Final

_KIBIBYTES_A_MEGABYTE: Final = 1024


def resident_megabytes() -> int:
    """Of this process now."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return (
        int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) // _KIBIBYTES_A_MEGABYTE
    )


def peak_megabytes() -> int:
    """Of this process since it began. ``ru_maxrss`` would still hold the memory of whoever started it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) // _KIBIBYTES_A_MEGABYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KIBIBYTES_A_MEGABYTE
