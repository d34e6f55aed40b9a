"""Folders of the lake: written aside, then shown as one step; and the lock that keeps writers in line."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive_lock(file: Path, waits: bool = False) -> Iterator[bool]:
    """Hold ``file``'s lock for the block; yields ``False`` at once when another process or thread holds it.

    ``waits``: wait for it instead.

    The operating system lets go of it when its holder dies, however it dies.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def flush_to_disk(path: Path) -> None:
    """Have the operating system write ``path`` (a file, or a folder's own entries) to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(staged: Path, final: Path) -> None:
    """Make the finished folder ``staged`` appear as ``final``, in one step that survives a power cut."""
    for file in sorted(staged.rglob("*")):
        flush_to_disk(file)
    flush_to_disk(staged)
    missing = [folder for folder in final.parents if not folder.exists()]
    final.parent.mkdir(parents=True, exist_ok=True)
    staged.rename(final)
    for folder in (final.parent, *(made.parent for made in missing)):
        flush_to_disk(folder)


def kept_files(folder: Path) -> Iterator[Path]:
    """Every file below ``folder`` in order of name, but what is staged or only a lock."""
    for file in sorted(folder.rglob("*")):
        is_passing = "staging" in file.relative_to(folder).parts or file.suffix == ".lock"
        if file.is_file() and not is_passing:
            yield file
