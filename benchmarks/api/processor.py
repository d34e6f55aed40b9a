"""Processor time of processes, as Linux counts it: others' work on the machine sways it less than the clock."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_MILLISECONDS_A_TICK: Final = 1000 / os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12
"""Places behind the name of the program, which may hold spaces (proc(5))."""


def processor_milliseconds(process_ids: Iterable[int]) -> float:
    """What the processes that still run took of processors since they began, those of their threads that ended too."""
    return sum(map(_taken, process_ids))


def _taken(process_id: int) -> float:
    try:
        told = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    fields = told.rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) * _MILLISECONDS_A_TICK
