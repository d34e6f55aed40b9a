"""Where one size of the benchmark keeps its data: a made-up partner, an installation, and what peers need of it."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from rebill.model.months import BillingMonth

MONTH: Final = BillingMonth(2024, 9)
CUSTOMERS: Final = 500
SUBSCRIPTIONS: Final = 5_000
MEMORY_LIMIT: Final = "600MB"
"""Of every engine that is measured; the setting's default."""


@dataclass(frozen=True)
class Workplace:
    """A folder for ``lines`` cost lines. Nothing in it is worth keeping: deleting it makes the next run slower."""

    folder: Path
    lines: int

    @property
    def sample(self) -> Path:
        """The made-up partner, cost as Parquet."""
        return self.folder / "sample"

    @property
    def csv_sample(self) -> Path:
        """The same, cost as CSV."""
        return self.folder / "sample-csv"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def rich_home(self) -> Path:
        """The same installation under many price books."""
        return self.folder / "rich-home"

    @property
    def long_books_home(self) -> Path:
        """The same under as many price books of ten times as many rules."""
        return self.folder / "long-books-home"

    @property
    def many_customers_home(self) -> Path:
        """The same lines and books, and ten times as many customers."""
        return self.folder / "many-customers-home"

    @property
    def rules(self) -> Path:
        """CSV: book, position, region, meter (of LIKE), factor, is_discount, of the books of ``rich_home``."""
        return self.folder / "rules.csv"

    @property
    def books(self) -> Path:
        """CSV: customer_id, book."""
        return self.folder / "books.csv"

    @property
    def bindings(self) -> Path:
        """CSV: kind, account_key, customer_id, effective_from, effective_to (days always given)."""
        return self.folder / "bindings.csv"

    @property
    def terms(self) -> Path:
        """CSV: customer_id, basis, commitments, factor, cost_factor of every billed customer."""
        return self.folder / "terms.csv"

    @property
    def parts_file(self) -> Path:
        """JSON: the cost lines' Parquet files in the lake."""
        return self.folder / "parts.json"

    @property
    def scratch(self) -> Path:
        """What a measurement writes and nobody reads afterwards."""
        folder = self.folder / "scratch"
        folder.mkdir(exist_ok=True)
        return folder

    @cached_property
    def parts(self) -> list[str]:
        """The lake's files of the month."""
        return [str(path) for path in json.loads(self.parts_file.read_text(encoding="utf-8"))]
