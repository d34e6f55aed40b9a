"""What moves oddly: an alarm says what, from what to what, and what to look at.

Months are compared with the month before; a sync compares what it brought with what stood before it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from rebill.model.counting import counted
from rebill.model.data_set import VIEW_INVOICE, DataSet
from rebill.model.money import ZERO, round_half_away, text_of, without_spare_zeros
from rebill.model.months import BillingMonth

_SHOWN_DECIMALS = 2
_CATALOGUE = "catalogue"


class AlarmKind(StrEnum):
    """What moved; stable."""

    DELIVERY_STOPPED = "delivery_stopped"
    COST_MOVED = "cost_moved"
    """A month's cost, beside that of the month before."""
    MONTH_MOVED = "month_moved"
    """A month's cost, beside what stood for the same month before a sync."""
    CREDIT_MOVED = "credit_moved"
    CATALOGUE_GREW = "catalogue_grew"
    CATALOGUE_SHRANK = "catalogue_shrank"
    CATALOGUE_INCOMPLETE = "catalogue_incomplete"
    """Fewer customers were listed than Microsoft counts."""
    STILL_UNBILLED = "still_unbilled"
    """A month has its invoice, and Microsoft no data of it to put in the place of what was not billed yet."""


@dataclass(frozen=True)
class Alarm:
    """One odd movement of a month. ``about``: a scope, a currency (of a view), an invoice and a view, or the catalogue.

    ``before`` and ``now``: cost in the currency, the rate of the credit in percent, or a number of lines or of Azure
    customers.
    """

    kind: AlarmKind
    month: BillingMonth
    about: str
    before: Decimal
    now: Decimal
    sentence: str


@dataclass(frozen=True)
class CatalogueMovement:
    """The catalogue since a month or a sync began: Azure customers known before, first seen since, and gone since."""

    known_before: int
    new: int
    gone: int


@dataclass(frozen=True)
class CreditedRetail:
    """Retail of usage under one rate of the partner earned credit, in percent."""

    currency: str
    percent: Decimal
    retail: Decimal


def has_moved(before: Decimal, now: Decimal, percent: Decimal) -> bool:
    """Whether ``now`` is more than ``percent`` away from ``before``; from nothing, anything is."""
    return abs(now - before) * 100 > abs(before) * percent


def stopped_alarms(month: BillingMonth, stopped: Sequence[DataSet]) -> list[Alarm]:
    """An alarm for every data set of the month before whose scope delivers no more."""
    return [
        Alarm(
            AlarmKind.DELIVERY_STOPPED,
            month,
            one.scope,
            Decimal(one.rows),
            ZERO,
            f"Scope {one.scope} delivered {counted(one.rows, 'line')} for {one.billing_month} and none for {month}: "
            "import its cost, or look why it delivers no more.",
        )
        for one in stopped
    ]


def cost_alarms(
    month: BillingMonth, before: Mapping[str, Decimal], now: Mapping[str, Decimal], percent: Decimal
) -> list[Alarm]:
    """An alarm for every currency whose cost moved; none where the month before has no cost at all, or this one."""
    if not before or not now:
        return []
    alarms = []
    for currency in sorted({*before, *now}):
        then, found = before.get(currency, ZERO), now.get(currency, ZERO)
        if has_moved(then, found, percent):
            alarms.append(
                Alarm(
                    AlarmKind.COST_MOVED,
                    month,
                    currency,
                    then,
                    found,
                    f"Cost in {currency} went from {_shown(then)} in {month.preceding} to {_shown(found)} in {month}: "
                    f"look whether all of both was delivered (rebill costs list).",
                )
            )
    return alarms


def credit_alarms(
    month: BillingMonth, before: Sequence[CreditedRetail], now: Sequence[CreditedRetail], percent: Decimal
) -> list[Alarm]:
    """An alarm for every currency in which the credit's share of retail moved."""
    then, found = credit_rates(before), credit_rates(now)
    return [
        Alarm(
            AlarmKind.CREDIT_MOVED,
            month,
            currency,
            then[currency],
            found[currency],
            f"The partner earned credit on usage in {currency} went from {_shown(then[currency])} % of retail in "
            f"{month.preceding} to {_shown(found[currency])} % in {month}: look whether access to customers' "
            "subscriptions was lost, for the credit is earned by the day.",
        )
        for currency in sorted(then.keys() & found.keys())
        if has_moved(then[currency], found[currency], percent)
    ]


def credit_rates(found: Sequence[CreditedRetail]) -> dict[str, Decimal]:
    """By currency the credit as a percent of retail, four decimals; none where there is no retail."""
    retail: dict[str, Decimal] = {}
    credited: dict[str, Decimal] = {}
    for one in found:
        retail[one.currency] = retail.get(one.currency, ZERO) + one.retail
        credited[one.currency] = credited.get(one.currency, ZERO) + one.retail * one.percent
    return {
        currency: round_half_away(credited[currency] / amount, 4) for currency, amount in retail.items() if amount > 0
    }


def moved_alarm(month: BillingMonth, view: str, currency: str, before: Decimal, now: Decimal) -> Alarm:
    """The alarm that a sync moved the cost of a month, of one view and currency."""
    return Alarm(
        AlarmKind.MONTH_MOVED,
        month,
        f"{view} {currency}",
        before,
        now,
        f"{month} {view}: cost moved from {_shown(before)} to {_shown(now)} {currency}: look whether the delivery is "
        "whole (rebill costs list).",
    )


def catalogue_alarms(month: BillingMonth, found: CatalogueMovement, percent: Decimal, since: str) -> list[Alarm]:
    """An alarm where more Azure customers came or went than usual; none where the catalogue is new.

    ``since``: a month's first day, or that it is the last sync.
    """
    known, alarms = Decimal(found.known_before), []
    for kind, count, after, word in (
        (AlarmKind.CATALOGUE_GREW, found.new, known + found.new, "new"),
        (AlarmKind.CATALOGUE_SHRANK, found.gone, known - found.gone, "gone"),
    ):
        if known and has_moved(known, after, percent):
            sentence = (
                f"{counted(count, 'Azure customer is', 'Azure customers are')} {word} since {since}, beside "
                f"{found.known_before:,} known before: look whether the catalogue was read whole."
            )
            alarms.append(Alarm(kind, month, _CATALOGUE, known, after, sentence))
    return alarms


def incomplete_alarm(month: BillingMonth, listed: int) -> Alarm:
    """The alarm that a listing of the catalogue left out customers that it counts."""
    sentence = f"Partner Center counts more customers than the {listed} it listed: none was marked gone."
    return Alarm(AlarmKind.CATALOGUE_INCOMPLETE, month, _CATALOGUE, Decimal(listed), Decimal(listed), sentence)


def still_unbilled_alarm(data_set: DataSet, invoice: str) -> Alarm:
    """The alarm that ``data_set``, of cost that was not billed yet, stays where ``invoice`` has no data."""
    month = data_set.billing_month
    view = "reconciliation" if data_set.view == VIEW_INVOICE else data_set.view
    return Alarm(
        AlarmKind.STILL_UNBILLED,
        month,
        f"{invoice} {data_set.view}",
        Decimal(data_set.rows),
        ZERO,
        f"Microsoft has no {view} of invoice {invoice} yet: scope {data_set.scope} still stands for {month}, with "
        f"{counted(data_set.rows, 'line')} that no invoice bills. Sync again later, or import the file of the "
        f"invoice from Partner Center with --scope {data_set.scope}.",
    )


def _shown(amount: Decimal) -> str:
    return text_of(without_spare_zeros(round_half_away(amount, _SHOWN_DECIMALS), _SHOWN_DECIMALS))
