"""What every engine gives to those who rate a month on it."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from rebill.model.cost_line import LINE_KEY

BEYOND_RANGE = (
    "An amount or a sum of amounts lies beyond what is kept (16 digits before the point), and nothing was stored. Look "
    "at the greatest amounts and quantities of the month's cost, and at percentages and rates that apply to them, then "
    "run again. The engine says: "
)
"""What to say where an engine does not cut a number."""
COST_LINE_COLUMNS = (
    "BilledCost ListCost EffectiveCost PricingQuantity ChargePeriodStart ChargePeriodEnd ChargeCategory "
    "BillingCurrency ProviderName ServiceName SubAccountId x_AzureCustomerId PricingUnit CommitmentDiscountId "
    "CommitmentDiscountStatus"
).split()
"""What rating always reads of a cost line."""
ASKED_COLUMNS = (
    "BillingAccountId ChargeClass ChargeDescription ChargeFrequency CommitmentDiscountCategory CommitmentDiscountName "
    "CommitmentDiscountType RegionId RegionName SkuMeter SkuPriceDetails x_Operation x_ServiceCode "
    "x_PreviousInvoiceId x_SkuMeterSubcategory"
).split()
"""What rating reads where a price book or a refund asks for it: texts, some of them younger than old data sets."""
ABSENT_COLUMNS = dict.fromkeys(ASKED_COLUMNS, "VARCHAR") | {LINE_KEY: "BIGINT"}
"""What lines of old data sets may lack, with the type of the NULL that stands for it."""


class Engine(Protocol):
    """One run's engine, and a context manager; it fails as ``ProgramError`` (``engine_failed``).

    Overflow of a decimal is an error, never a wrap or a NULL. Row order is nobody's meaning here: every rated line
    bears its own reference.
    """

    name: str
    version: str

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def beside(self) -> Self:
        """The same tables for another thread, while this one goes on. It ends with this engine."""

    def interrupt(self) -> None:
        """End what the engine computes at this moment, from another thread; it fails there as ``engine_failed``."""

    def read_cost_lines(self, parts: Sequence[Path], line_keys: Sequence[Path] = ()) -> None:
        """Make ``cost_lines`` the lines of these Parquet files that are rated; ``part`` counts them from 0.

        ``part_row`` counts the rows of a part from 0. ``line_keys`` becomes what these files hold of the combinations
        of ``model.cost_line.LINE_KEYS``; without any, the lines themselves. Both have ``model.cost_line.LINE_KEY``,
        which is NULL in data sets of an older version.
        """

    def view_parts(self, name: str, parts: Sequence[Path]) -> None:
        """Make all columns of these Parquet files a table; ``part`` counts them from 0, ``part_row`` their rows."""

    def greatest_number(self, parts: Sequence[Path], columns: Sequence[str]) -> Decimal | None:
        """The greatest of the decimals in these columns, without its sign; ``None`` where the files do not tell."""

    def create_table(self, name: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str | None]]) -> None:
        """Create a small table from rows of text; ``columns`` are (name, SQL type).

        ``ValueError`` for a row of more or fewer values than there are columns.
        """

    def create_table_as(self, name: str, sql: str) -> None:
        """Keep the rows of ``sql`` as table ``name``."""

    def create_sums(self, name: str, sums: Callable[[str], str], rows: str, keys: tuple[str, str]) -> None:
        """Keep the sums of a table ``rows``, which may be as long as a month, as table ``name``.

        ``sums(condition)``: the query of the sums of those rows that the condition holds of. ``keys``: what it groups
        by, two whole numbers.
        """

    def write_table(self, name: str, file: Path) -> None:
        """Write the rows of a table, ordered by all its columns, to ``file``: equal tables leave equal rows."""

    def write_lines(self, sql: str, file: Path, narrowed: Mapping[str, str]) -> None:
        """Write rows as many as a month has lines, quickly; ``narrowed``: the types that columns are kept as.

        ``file`` becomes a file, or a folder of files. A value that its type cannot hold is an error.
        """

    def view_parquet(self, name: str, file: Path, absent: Mapping[str, str] | None = None) -> None:
        """Make the rows of a Parquet file, or of a folder of them, a table of the plan.

        ``absent``: values of columns that it may lack.
        """

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of ``sql``; decimals come as ``Decimal``."""
