"""Deliveries of cost: what is asked for, what becomes of it, and what could not be read.

The rules of identity and replacement stand in ``docs/cost-lines.md``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Protocol

from rebill.model.closed_months import NOTHING_CLOSED, ClosedAmong
from rebill.model.counting import counted
from rebill.model.date_order import DateOrder
from rebill.model.delivery import CoveredDays
from rebill.model.errors import Invalid
from rebill.model.money import ZERO, text_of
from rebill.model.months import BillingMonth

SOURCE_KIND_FILE: Final = "file"
"""Cost files handed over by the partner, as opposed to what a connector fetched."""
SOURCE_KIND_EXPORT: Final = "export"
"""Files of a Cost Management export, read by its manifest."""
SOURCE_KIND_BILLING_EXPORT: Final = "billing-export"
"""What Microsoft Graph's partner billing export gave, for an invoice or not billed yet."""
VIEW_FOCUS: Final = "focus"
VIEW_ACTUAL: Final = "actual"
VIEW_AMORTIZED: Final = "amortized"
VIEW_USAGE: Final = "usage"
VIEW_INVOICE: Final = "invoice"
UNBILLED_SCOPE: Final = "unbilled:"
"""In front of the scope of a delivery that Microsoft has not billed yet."""
LAWFUL_PAIR: Final = frozenset({VIEW_USAGE, VIEW_INVOICE})
"""Daily usage and the reconciliation of the same invoice: the one pair that may name the same accounts and days."""
REJECTS_SHOWN: Final = 100
"""How many rejects an answer carries; all of them are counted, and kept when they are accepted."""


class BillingStatus(StrEnum):
    """Whether Microsoft has billed what was delivered; stable."""

    BILLED = "billed"
    UNBILLED = "unbilled"
    UNKNOWN = "unknown"
    """The delivery does not tell: its kind of file need not name the invoice."""


class RejectCode(StrEnum):
    """Why a row cannot be read. Stable: scripts may rely on them; ``docs/cost-lines.md`` has the remedies."""

    TOO_FEW_COLUMNS = "too_few_columns"
    TOO_MANY_COLUMNS = "too_many_columns"
    UNCLOSED_QUOTE = "unclosed_quote"
    BROKEN_QUOTE = "broken_quote"
    ROW_TOO_LONG = "row_too_long"
    NOT_UTF8 = "not_utf8"
    NUL_CHARACTER = "nul_character"
    MISSING_VALUE = "missing_value"
    MISSING_BILLING_PERIOD = "missing_billing_period"
    NOT_A_NUMBER = "not_a_number"
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    NOT_A_DATE = "not_a_date"
    DATE_OUT_OF_RANGE = "date_out_of_range"
    UNKNOWN_CHARGE_CATEGORY = "unknown_charge_category"
    UNKNOWN_CURRENCY = "unknown_currency"
    MISSING_COMMITMENT_STATUS = "missing_commitment_status"
    UNKNOWN_COMMITMENT_STATUS = "unknown_commitment_status"
    AMORTIZED_COST = "amortized_cost"
    CONSUMPTION_UNCLEAR = "consumption_unclear"


REJECT_SENTENCES: Final[dict[RejectCode, str]] = {
    RejectCode.TOO_FEW_COLUMNS: "the row has fewer columns than the header: {value}",
    RejectCode.TOO_MANY_COLUMNS: "the row has more columns than the header: {value}; quote values that hold a comma",
    RejectCode.UNCLOSED_QUOTE: "a quotation mark is opened in this line and never closed",
    RejectCode.BROKEN_QUOTE: "a quoted value is followed by something else than a comma; double the marks inside it",
    RejectCode.ROW_TOO_LONG: "the row is longer than 2,000,000 characters",
    RejectCode.NOT_UTF8: "the row is not UTF-8 text; export the file as UTF-8",
    RejectCode.NUL_CHARACTER: "the row holds a NUL character",
    RejectCode.MISSING_VALUE: "a value is required here",
    RejectCode.MISSING_BILLING_PERIOD: "the row names no billing period; add --period YYYY-MM",
    RejectCode.NOT_A_NUMBER: "{value} is not a number: write digits with at most one point",
    RejectCode.NUMBER_OUT_OF_RANGE: "{value} is beyond what is kept",
    RejectCode.NOT_A_DATE: "{value} is not a date: write 2024-09-30 or 2024-09-30T23:00:00Z",
    RejectCode.DATE_OUT_OF_RANGE: "{value} lies outside 2000-01-01 to 2099-12-31",
    RejectCode.UNKNOWN_CHARGE_CATEGORY: "{value} is not one of Usage, Purchase, Tax, Credit, Adjustment",
    RejectCode.UNKNOWN_CURRENCY: "{value} is not an ISO 4217 currency code such as USD",
    RejectCode.MISSING_COMMITMENT_STATUS: "usage of a commitment must say whether it is Used or Unused",
    RejectCode.UNKNOWN_COMMITMENT_STATUS: "{value} is neither Used nor Unused",
    RejectCode.AMORTIZED_COST: (
        "usage that a commitment covers bears a cost of {value}: the file holds amortized cost; name that --layout"
    ),
    RejectCode.CONSUMPTION_UNCLEAR: (
        "a row of an Azure plan without meter, unit, billing frequency and reservation order: it may sum up usage, "
        "which is billed already, or be a purchase; fill in one of them"
    ),
}
"""What a reject's reason says; ``{value}`` stands for the text found, quoted."""


class FileFault(StrEnum):
    """Why a whole cost file, or a delivery, is refused. Stable, like ``RejectCode``."""

    FILE_NOT_FOUND = "file_not_found"
    FILE_NOT_READABLE = "file_not_readable"
    NO_COST_FILES = "no_cost_files"
    EMPTY_FILE = "empty_file"
    NO_ROWS = "no_rows"
    NOT_TEXT = "not_text"
    NOT_UTF8_HEADER = "not_utf8_header"
    WRONG_DELIMITER = "wrong_delimiter"
    NOT_FOCUS = "not_focus"
    LAYOUT_NOT_RECOGNISED = "layout_not_recognised"
    MIXED_VIEWS = "mixed_views"
    DUPLICATE_COLUMN = "duplicate_column"
    RESERVED_COLUMN = "reserved_column"
    DAMAGED_GZIP = "damaged_gzip"
    GZIP_TOO_LARGE = "gzip_too_large"
    PARQUET_TOO_LARGE = "parquet_too_large"
    DAMAGED_PARQUET = "damaged_parquet"
    DAMAGED_JSON = "damaged_json"
    CHANGED_WHILE_READ = "changed_while_read"
    INVALID_MANIFEST = "invalid_manifest"
    MANIFEST_MISSING = "manifest_missing"
    BLOB_MISSING = "blob_missing"
    BYTE_COUNT_DIFFERS = "byte_count_differs"
    ROW_COUNT_DIFFERS = "row_count_differs"
    STORAGE_REFUSED = "storage_refused"
    DELIVERY_TOO_LARGE = "delivery_too_large"
    SEVERAL_DELIVERIES = "several_deliveries"
    SAME_FILE_TWICE = "same_file_twice"
    CURRENCY_MISSING = "currency_missing"
    CURRENCY_NAMED = "currency_named"
    PERIOD_MISSING = "period_missing"
    UNKNOWN_LAYOUT = "unknown_layout"
    INVALID_SCOPE = "invalid_scope"
    SEVERAL_FILES_REFUSED = "several_files_refused"
    REJECTED_ROWS = "rejected_rows"
    DATE_ORDER_UNCLEAR = "date_order_unclear"
    DATE_ORDERS_MIXED = "date_orders_mixed"
    COST_OUT_OF_RANGE = "cost_out_of_range"
    FILE_IN_FORCE = "file_in_force"
    DOUBLE_COUNTING = "double_counting"
    NARROWER_DELIVERY = "narrower_delivery"
    IMPORT_RUNNING = "import_running"
    CHANGED_MEANWHILE = "changed_meanwhile"


@dataclass(frozen=True)
class Reject:
    """A row that cannot be read.

    ``file``: its name in the delivery. ``row``: the data row from 1, the header not counted.
    ``column``: the cost line's column at fault, ``None`` where the whole row is.
    ``billed_cost`` and ``currency``: as far as they can be read.
    """

    file: str
    row: int
    column: str | None
    code: RejectCode
    reason: str
    raw_text: str
    billed_cost: Decimal | None = None
    currency: str | None = None


class RejectedDelivery(Invalid):
    """A delivery with rows that cannot be read, which nobody asked to accept. Nothing of it is stored.

    ``rejects``: the first of them; ``reject_count``: how many there are in all. ``kept_as``: the number that all of
    them are found by for a while, ``None`` where nobody asked for that.
    """

    def __init__(
        self, rejects: tuple[Reject, ...], reject_count: int, row_count: int, kept_as: int | None = None
    ) -> None:
        first = rejects[0]
        where = f"{first.file}, row {first.row}" + (f", {first.column}" if first.column else "")
        super().__init__(
            FileFault.REJECTED_ROWS,
            f"{reject_count} of {counted(row_count, 'row')} cannot be read, so nothing was imported. First: {where}: "
            f"{first.reason}. Mend them, or take the other rows with --accept-rejects.",
            {_reject_field(reject): reject.reason for reject in rejects},
        )
        self.rejects = rejects
        self.reject_count = reject_count
        self.kept_as = kept_as


def _reject_field(reject: Reject) -> str:
    return f"{reject.file}:{reject.row}" + (f":{reject.column}" if reject.column else "")


class FileAddress(Protocol):
    """Where a file or folder lies; ``pathlib.Path`` is one."""

    def __fspath__(self) -> str: ...


@dataclass(frozen=True)
class CostImportOrder:
    """One delivery: every file and folder of one import command, by path or by address.

    ``scope``: what the delivery is of; one that names it replaces the earlier of its name.
    ``period`` and ``currency``: for files that name none. ``overlap_reason``: why charges that
    another data set seems to hold already may be counted again. ``keep_rejects``: where it is refused for rows
    that cannot be read, keep them for a while, to be looked at. ``date_order``: which of day and month comes first in
    dates that are not in ISO style; by default what the files tell, else what is usual. ``read_anew``: bytes that are
    in force already are read again all the same, as they are read by now, and take the place of what they were read as.
    ``in_place_of``: a scope whose cost ends in the months of this delivery, whichever way it came.
    """

    files: tuple[FileAddress | str, ...]
    layout: str = "auto"
    scope: str | None = None
    period: BillingMonth | None = None
    currency: str | None = None
    accept_rejects: bool = False
    overlap_reason: str | None = None
    keep_rejects: bool = False
    date_order: DateOrder | None = None
    read_anew: bool = False
    in_place_of: str | None = None


@dataclass(frozen=True)
class SourceFile:
    """A file of a delivery as it was read. ``rows`` and ``rejects``: those of this data set's month.

    ``float_values``: how many numbers came from binary doubles (read as their shortest decimal text).
    ``rounded_values``: how many had more decimals than are kept, in the whole file. ``date_order``: in which order the
    dates that are not in ISO style were read; ``None``: there were none. ``date_order_assumed``: nothing in the
    delivery tells it.
    """

    name: str
    sha256: str
    byte_count: int
    layout: str
    rows: int
    rejects: int
    float_values: int = 0
    rounded_values: int = 0
    date_order: DateOrder | None = None
    date_order_assumed: bool = False

    @classmethod
    def recorded(cls, fields: Mapping[str, Any]) -> "SourceFile":
        """A file as the record keeps it; an older record lacks the newer fields."""
        order = fields.get("date_order")
        return cls(**{**fields, "date_order": DateOrder(order) if order else None})


@dataclass(frozen=True)
class ConvertedFile:
    """A source file turned into cost lines and rejects, not yet part of any data set.

    ``lines``, ``rejects``: addresses of the Parquet files they stand in.
    """

    name: str
    sha256: str
    byte_count: int
    layout: str
    view: str
    lines: str
    rejects: str | None
    row_count: int
    reject_count: int
    float_values: int
    rounded_values: int = 0
    date_order: DateOrder | None = None
    date_order_assumed: bool = False


@dataclass(frozen=True)
class Part:
    """A Parquet file of cost lines. ``path`` is relative to the lake, with forward slashes."""

    path: str
    sha256: str
    byte_count: int
    rows: int


@dataclass(frozen=True)
class CurrencySum:
    """What a data set costs the partner in one currency: the exact Σ of ``BilledCost`` of the lines that are rated.

    ``tie_out_rows`` and ``tie_out_cost``: lines that only sum up what other lines hold, and are not rated.
    """

    currency: str
    partner_cost: Decimal
    tie_out_rows: int = 0
    tie_out_cost: Decimal = ZERO

    def document(self) -> dict[str, Any]:
        """As manifests, the record and the command line show it; what is tied out only where there is some."""
        rated = {"currency": self.currency, "partner_cost": text_of(self.partner_cost)}
        if not self.tie_out_rows:
            return rated
        return {**rated, "tie_out_rows": self.tie_out_rows, "tie_out_cost": text_of(self.tie_out_cost)}

    @classmethod
    def of_document(cls, found: Mapping[str, Any]) -> "CurrencySum":
        """The sum of which ``found`` is the ``document``."""
        tied_out = Decimal(found.get("tie_out_cost", "0"))
        return cls(found["currency"], Decimal(found["partner_cost"]), found.get("tie_out_rows", 0), tied_out)


@dataclass(frozen=True)
class DataSet:
    """The cost lines of one delivery that one month bills. In force while ``replaced_at`` is ``None``.

    Its name is (``source_kind``, ``scope``, ``view``, ``billing_month``): at most one of a name
    is in force. ``already_imported``: an import found these very bytes in force and changed nothing.
    ``greatest_usage_days``: of its longest usage, rounded up; ``invoice_lines``: how many lines name an invoice;
    ``None`` = never counted. ``source_version`` and ``covered``: how new the source calls its delivery, and of which
    days it is, where it says so. ``superseded``: a newer delivery of its name was in force when it came, so it is kept
    and not in force.
    """

    data_set_id: int
    source_kind: str
    scope: str
    view: str
    billing_month: BillingMonth
    layout: str
    delivery_sha256: str
    rows: int
    reject_count: int
    files: tuple[SourceFile, ...]
    parts: tuple[Part, ...]
    sums: tuple[CurrencySum, ...]
    manifest_sha256: str
    imported_at: datetime
    replaced_at: datetime | None = None
    overlap_reason: str | None = None
    already_imported: bool = False
    greatest_usage_days: int | None = None
    source_version: str | None = None
    covered: CoveredDays | None = None
    superseded: bool = False
    invoice_lines: int | None = None

    @property
    def billing_status(self) -> BillingStatus:
        """Whether Microsoft has billed it: by its scope, else by the invoices that its lines name.

        Microsoft's own usage and invoice files name the invoice in each line that is billed; other files need not.
        Under a scope of what is not billed, every line must: such a file was put in the place of what Microsoft
        delivered before.
        """
        if self.scope.startswith(UNBILLED_SCOPE) and (self.invoice_lines or 0) < self.rows:
            return BillingStatus.UNBILLED
        if self.invoice_lines:
            return BillingStatus.BILLED
        is_told = self.invoice_lines == 0 and self.view in LAWFUL_PAIR
        return BillingStatus.UNBILLED if is_told else BillingStatus.UNKNOWN

    @property
    def date_order(self) -> DateOrder | None:
        """In which order the dates of its files were read that are not in ISO style; ``None``: there were none."""
        return next((file.date_order for file in self.files if file.date_order), None)

    @property
    def rated_rows(self) -> int:
        """How many of its lines a run rates: all but those that only sum up others."""
        return self.rows - sum(found.tie_out_rows for found in self.sums)

    @property
    def name(self) -> tuple[str, str, str, BillingMonth]:
        """What a later delivery must share with this one to replace it."""
        return (self.source_kind, self.scope, self.view, self.billing_month)


@dataclass(frozen=True)
class OverlapKey:
    """What two data sets may not both hold: a charge day of an account."""

    provider: str
    billing_account: str | None
    subscription: str | None
    azure_customer: str | None
    charge_day: date

    def __str__(self) -> str:
        named = (self.provider, self.billing_account, self.subscription, self.azure_customer)
        return " / ".join(part for part in named if part) + f" on {self.charge_day.isoformat()}"


@dataclass(frozen=True)
class CostImport:
    """What an import did: a data set for each billing month, and the first rejects of ``reject_count``.

    ``closed``: its months that are closed; their cost waits for a correction, or is never billed.
    """

    data_sets: tuple[DataSet, ...]
    rejects: tuple[Reject, ...] = field(default=())
    reject_count: int = 0
    closed: ClosedAmong = NOTHING_CLOSED

    @property
    def put_in_force(self) -> tuple[DataSet, ...]:
        """Those that are in force since this import: neither known before, nor older than what is in force."""
        return tuple(one for one in self.data_sets if not one.already_imported and not one.superseded)


def refuse_files(faults: Sequence[tuple[str, FileFault, str]]) -> None:
    """Raise one ``Invalid`` for all of these ``(file name, fault, sentence)``, if there are any."""
    if not faults:
        return
    name, fault, sentence = faults[0]
    fields = {file: said for file, _, said in faults}
    if len(faults) == 1:
        raise Invalid(fault, f"{name}: {sentence}", fields)
    listed = "; ".join(f"{file}: {said}" for file, said in list(fields.items())[:10])
    raise Invalid(
        FileFault.SEVERAL_FILES_REFUSED, f"{counted(len(faults), 'file')} cannot be imported. {listed}", fields
    )
