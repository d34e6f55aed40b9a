"""What stands in the way of closing a month (``docs/closing.md``): each check in a function, all of them asked.

A new check is one more function in ``_CHECKS``; a month without anything recorded for it is not held back.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rebill.model.checklist import UnassignedAccount
from rebill.model.closing import Blocker, BlockerKind, ClosingSettings
from rebill.model.counting import counted
from rebill.model.data_set import BillingStatus, DataSet
from rebill.model.deliveries import stopped
from rebill.model.money import text_of, without_spare_zeros
from rebill.model.months import BillingMonth
from rebill.store.closing import RecordedRun


@dataclass(frozen=True)
class MonthToClose:
    """What the checks look at: the month as it is recorded and was last run (``None``: never).

    ``data_sets``: in force for the month; ``data_sets_before``: for the month before it. ``months_not_run``: earlier
    months with cost or manual lines that no run has seen. ``out_of_tolerance``: differences from Microsoft's invoices,
    each in a sentence. ``unassigned``: the accounts of the run whose cost is nobody's.
    """

    month: BillingMonth
    today: date
    settings: ClosingSettings
    run: RecordedRun | None
    data_sets: Sequence[DataSet]
    data_sets_before: Sequence[DataSet]
    months_not_run: Sequence[BillingMonth]
    out_of_tolerance: Sequence[str] = ()
    unassigned: Sequence[UnassignedAccount] = ()

    @property
    def balance(self) -> Sequence[Mapping[str, str]]:
        """Of the last run, by currency."""
        return () if self.run is None else self.run.balance

    @property
    def open_attention(self) -> Mapping[str, int]:
        """Of the last run, by kind."""
        return {} if self.run is None else self.run.open_attention


def blockers_of(closing: MonthToClose) -> tuple[Blocker, ...]:
    """Everything that stands in the way, in the order of the checks."""
    return tuple(blocker for check in _CHECKS for blocker in check(closing))


def _balance_failed(closing: MonthToClose) -> list[Blocker]:
    return [
        Blocker(
            BlockerKind.BALANCE_FAILED,
            f"{balance['difference']} {balance['currency']} of imported cost has no place in the balance: please "
            "report this with the run's log.",
        )
        for balance in closing.balance
        if Decimal(balance["difference"]) != 0
    ]


def _unassigned_cost(closing: MonthToClose) -> list[Blocker]:
    threshold = closing.settings.unassigned_threshold
    allowed = text_of(without_spare_zeros(threshold))
    return [
        Blocker(
            BlockerKind.UNASSIGNED_COST,
            f"{text_of(_gross_unassigned(balance))} {balance['currency']} of cost (charges and credits added up "
            f"without their signs) is assigned to nobody, more than the {allowed} that the partner allows: assign "
            f"{_what_to_assign(closing.unassigned, balance['currency'])} and run again.",
        )
        for balance in closing.balance
        if abs(_gross_unassigned(balance)) > threshold
    ]


def _what_to_assign(unassigned: Sequence[UnassignedAccount], currency: str) -> str:
    of_currency = [one for one in unassigned if one.currency == currency]
    if of_currency and not any(one.subscription or one.azure_customer for one in of_currency):
        return "these charges, which name no account, by their kinds (rebill assign --charge-kind)"
    return "the accounts (rebill assign)"


def _gross_unassigned(balance: Mapping[str, str]) -> Decimal:
    # Runs of before told the net alone.
    return without_spare_zeros(Decimal(balance.get("unassigned_gross", balance["unassigned"])))


def _unbilled_delivery(closing: MonthToClose) -> list[Blocker]:
    return [
        Blocker(
            BlockerKind.UNBILLED_DELIVERY,
            f"Data set {data_set.data_set_id} (scope {data_set.scope}) is not billed by Microsoft yet: import the "
            "billed cost of the month and run again.",
        )
        for data_set in closing.data_sets
        if data_set.billing_status is BillingStatus.UNBILLED
    ]


def _close_day_not_come(closing: MonthToClose) -> list[Blocker]:
    day = closing.settings.closes_on(closing.month)
    if closing.today >= day:
        return []
    return [Blocker(BlockerKind.CLOSE_DAY_NOT_COME, f"{closing.month} is closed from {day} on: wait until then.")]


def _delivery_missing(closing: MonthToClose) -> list[Blocker]:
    return [
        Blocker(
            BlockerKind.DELIVERY_MISSING,
            f"Scope {data_set.scope} delivered for {data_set.billing_month} and has not for {closing.month}: import "
            "its cost and run again.",
        )
        for data_set in stopped(closing.data_sets_before, closing.data_sets)
    ]


def _rejected_rows(closing: MonthToClose) -> list[Blocker]:
    return [
        Blocker(
            BlockerKind.REJECTED_ROWS,
            f"Rows of data set {data_set.data_set_id} that were put aside: {data_set.reject_count:,}. Look at them "
            f"(rebill costs rejects {data_set.data_set_id}), mend them and import again under the scope "
            f"{data_set.scope}.",
        )
        for data_set in closing.data_sets
        if data_set.reject_count
    ]


_MISSING = " is absent: import it, or change the customer's commitments policy, and run again"
_PRICED_NOTHING = "line is priced 0", "lines are priced 0"
_ATTENTION = {
    "no_retail": (_PRICED_NOTHING, f"because the retail that the customer's policy wants{_MISSING}"),
    "no_effective": (_PRICED_NOTHING, f"because the amortized cost that the customer's policy wants{_MISSING}"),
    "spans_transfer": (
        ("line goes", "lines go"),
        "over several days across a change of owner: all of it stays with the first day's owner",
    ),
}
"""Of each kind of line: the words for one and for many, and the rest of the sentence."""


def _lines_need_attention(closing: MonthToClose) -> list[Blocker]:
    return [
        Blocker(
            BlockerKind.LINES_NEED_ATTENTION,
            f"{counted(count, *words)} {why} ({kind}). rebill bill attention --period {closing.month} lists what needs "
            "attention, and rebill bill accept takes it as it is.",
        )
        for kind, count in sorted(closing.open_attention.items())
        if count
        for words, why in (_ATTENTION[kind],)
    ]


def _earlier_month_not_run(closing: MonthToClose) -> list[Blocker]:
    return [
        Blocker(
            BlockerKind.EARLIER_MONTH_NOT_RUN,
            f"Cost or manual lines of {month} were never billed, and a customer's earlier months come first: run "
            f"{month}, or set the partner's billing_start behind it.",
        )
        for month in closing.months_not_run
    ]


def _out_of_tolerance(closing: MonthToClose) -> list[Blocker]:
    return [Blocker(BlockerKind.OUT_OF_TOLERANCE, sentence) for sentence in closing.out_of_tolerance]


_CHECKS: tuple[Callable[[MonthToClose], list[Blocker]], ...] = (
    _balance_failed,
    _unassigned_cost,
    _unbilled_delivery,
    _close_day_not_come,
    _delivery_missing,
    _rejected_rows,
    _out_of_tolerance,
    _lines_need_attention,
    _earlier_month_not_run,
)
