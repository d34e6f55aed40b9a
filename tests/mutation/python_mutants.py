"""``python python_mutants.py FILE...``: the mutants that mutmut makes of Python files, as JSON lines.

It runs in an environment of its own that holds mutmut and nothing of rebill; so it imports nothing of the project. Each
line is [file, start, end, replacement, kind]: characters of the file, and what stands instead of them.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from mutmut.mutation.file_mutation import Mutation, create_mutations, deep_replace


def main() -> None:
    """Write the mutants of every file that is named."""
    for name in sys.argv[1:]:
        path = Path(name)
        source = path.read_text(encoding="utf-8")
        for start, end, replacement, kind in mutants_of(name, source):
            sys.stdout.write(json.dumps([path.name, start, end, replacement, kind]) + "\n")


def mutants_of(name: str, source: str) -> Iterator[tuple[int, int, str, str]]:
    """(start, end, replacement, kind) of each change that mutmut makes of ``source``."""
    module, mutations, *_ = create_mutations(name, source)
    for mutation in mutations:
        mutated = deep_replace(module, mutation.original_node, mutation.mutated_node)
        yield *_edit(source, mutated.code), _kind(mutation)


def _kind(mutation: Mutation) -> str:
    return type(mutation.original_node).__name__


def _edit(before: str, after: str) -> tuple[int, int, str]:
    """The shortest run of characters in which two texts differ."""
    start = _alike(before, after)
    same_end = _alike(before[start:][::-1], after[start:][::-1])
    return start, len(before) - same_end, after[start : len(after) - same_end]


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    shorter = min(len(one), len(other))
    return next((place for place in range(shorter) if one[place] != other[place]), shorter)


if __name__ == "__main__":
    main()
