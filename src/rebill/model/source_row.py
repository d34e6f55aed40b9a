"""A row of a source file, as somebody names it who asks for a charge."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SourceRow:
    """``row`` counts from 1, as cost lines keep it; ``file``: the name, where rows of several files have the number."""

    row: int
    file: str | None = None

    @classmethod
    def parse(cls, text: str) -> "SourceRow":
        """Read ``ROW`` or ``FILE:ROW``. Raises ``ValueError`` for anything else."""
        file, _, row = text.rpartition(":")
        if not row.isascii() or not row.isdigit() or not 1 <= int(row[:19]) < 2**63:
            raise ValueError(f"{text[:60]!r} is no row: write its number, or FILE:ROW")
        return cls(int(row), file or None)
