"""What a command says: one JSON document, or text that reads well on a terminal and in a log."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import simplejson

from rebill.cli.option_words import in_options

Document = Mapping[str, Any]
NO_ROWS = "(none)"
"""What stands in the place of a table without rows."""
ROWS_SHOWN = 20
"""How many rows a table has that shows the first of many."""


@dataclass(frozen=True)
class Heading:
    """A column of a table; numbers stand at the ``right``."""

    text: str
    right: bool = False


def fault_document(sentence: str, code: str, fields: Mapping[str, str] | None = None) -> Document:
    """What ``--json`` answers when a command fails."""
    return {"error": sentence, "code": code, "fields": dict(fields or {})}


def print_document(document: Document) -> None:
    """Write ``document`` to standard output as the one JSON document of this command."""
    # Decimals of the API's shapes are written digit for digit; they never pass through a binary float.
    sys.stdout.write(simplejson.dumps(document, use_decimal=True, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Output:
    """Where a command writes: answers to standard output, progress and faults to the error output."""

    as_json: bool

    def answer(self, document: Document) -> None:
        """The JSON document of this command; nothing in text mode."""
        if self.as_json:
            print_document(document)

    def say(self, text: str = "") -> None:
        """A line of text; nothing in JSON mode."""
        if not self.as_json:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

    def next_step(self, sentence: str) -> None:
        """The one sentence on what to do next that ends every command in text mode."""
        self.say(f"\nNext: {sentence}")

    def table(self, headings: Sequence[Heading], rows: Sequence[Sequence[str]], title: str = "") -> None:
        """A table: drawn on a terminal, plain columns elsewhere; nothing in JSON mode. Without rows it says so."""
        if self.as_json:
            return
        if rows and sys.stdout.isatty():
            _draw(headings, rows, title)
            return
        if title:
            self.say(title)
        if not rows:
            self.say(NO_ROWS)
            return
        for line in plain_table(headings, rows):
            self.say(line)

    def first_rows(self, headings: Sequence[Heading], rows: Sequence[Sequence[str]], count: int, title: str) -> None:
        """A table of the first rows of ``count``, and how many more there are; ``--json`` has all of ``rows``."""
        self.table(headings, rows[:ROWS_SHOWN], title=title)
        left = count - min(len(rows), ROWS_SHOWN)
        if left:
            self.say(f"… and {left:,} more; --json has the first {len(rows):,}.")

    def fault(self, sentence: str, code: str, fields: Mapping[str, str] | None = None) -> None:
        """Say what is wrong and what to do about it."""
        if self.as_json:
            print_document(fault_document(sentence, code, fields))
            return
        sys.stderr.write(f"{in_options(sentence)}\n")
        told = [f"{in_options(field)}: {in_options(problem)}" for field, problem in (fields or {}).items()]
        # A single one often is the sentence itself.
        for line in told if told != [sentence] else ():
            sys.stderr.write(f"  {line}\n")

    def warn(self, sentence: str) -> None:
        """Say on the error output what went wrong besides; the command's own answer stands."""
        sys.stderr.write(f"{sentence}\n")

    def event(self, name: str, **facts: Any) -> None:
        """A line of JSON on the error output, for whatever gathers logs; nothing where a person looks on."""
        if not sys.stderr.isatty():
            sys.stderr.write(simplejson.dumps({"event": name, **facts}, ensure_ascii=False) + "\n")

    @contextmanager
    def working(self, activity: str) -> Iterator[None]:
        """Show that ``activity`` goes on: a moving mark on a terminal, one plain line elsewhere."""
        if not sys.stderr.isatty():
            sys.stderr.write(f"{activity} …\n")
            yield
            return
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            progress.add_task(activity, total=None)
            yield

    @contextmanager
    def counting(self, activity: str) -> Iterator[Callable[[int, int], None]]:
        """What to call with (done, total) while ``activity`` goes on: a bar on a terminal, plain lines elsewhere."""
        if not sys.stderr.isatty():
            with self.working(activity):
                yield lambda done, total: None
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(activity, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)


def plain_table(headings: Sequence[Heading], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table without any drawing, columns two spaces apart."""
    texts = [[heading.text for heading in headings], *rows]
    widths = [max(len(row[index]) for row in texts) for index in range(len(headings))]
    return ["  ".join(_padded(row, headings, widths)).rstrip() for row in texts]


def _padded(row: Sequence[str], headings: Sequence[Heading], widths: Sequence[int]) -> list[str]:
    cells = zip(row, headings, widths, strict=True)
    return [cell.rjust(width) if heading.right else cell.ljust(width) for cell, heading, width in cells]


def _draw(headings: Sequence[Heading], rows: Sequence[Sequence[str]], title: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for heading in headings:
        table.add_column(heading.text, justify="right" if heading.right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    # Nothing is cut off: on a narrow terminal long rows wrap where the terminal wraps them.
    needed = max(len(line) for line in plain_table(headings, rows)) + 3 * len(headings)
    Console(width=max(Console().width, needed)).print(table)
