"""The record of what was tried, in ``build/mutation``: a later campaign goes on where one ended.

A mutant is known by what its file is with the fault in it: where the file has changed, its mutants are others.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Final

from tests.mutation.mutant import PROJECT, Mutant

KEPT: Final = PROJECT / "build" / "mutation"


class Record:
    """What became of mutants: the last line of a mutant counts."""

    def __init__(self, file: Path = KEPT / "tried.jsonl") -> None:
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        told = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        self._outcomes: dict[str, str] = {line["faulty"]: line["outcome"] for line in map(json.loads, told)}

    def outcome(self, mutant: Mutant, original: str) -> str | None:
        """What became of it when it was last tried, if it ever was."""
        return self._outcomes.get(_faulty(mutant, original))

    def add(self, mutant: Mutant, original: str, outcome: str, by: str, seconds: float) -> None:
        """Keep what became of a mutant; ``by``: what it was tried with or noticed by."""
        before, after = mutant.lines(original)
        faulty = _faulty(mutant, original)
        said = {"faulty": faulty, "outcome": outcome, "by": by, "seconds": round(seconds, 2)}
        which = {"family": mutant.family, "kind": mutant.kind, "file": mutant.file, "before": before, "after": after}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**said, **which}) + "\n")
        self._outcomes[faulty] = outcome


def _faulty(mutant: Mutant, original: str) -> str:
    return sha256(f"{mutant.file}\n{mutant.source(original)}".encode()).hexdigest()[:24]


def digest_of(*files: Path) -> str:
    """What tells the contents of these files apart, and of all Python files of these folders."""
    found = [one for file in files for one in (sorted(file.rglob("*.py")) if file.is_dir() else [file])]
    return sha256(b"".join(sha256(file.read_bytes()).digest() for file in found)).hexdigest()[:16]
