"""A month at a glance: what it cost, what it is billed for, and how far it is closed, by currency."""

from dataclasses import dataclass
from decimal import Decimal

from rebill.model.currencies import minor_digits
from rebill.model.margin import PriceAndCost
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.store.closing import months_ever_run
from rebill.store.data_sets import months_with_cost
from rebill.store.margin_figures import MonthSums, month_sums
from rebill.store.scope import Scope


@dataclass(frozen=True)
class MonthFigures(PriceAndCost):
    """What the documents of a month come to in one currency, and how many there are."""

    document_count: int
    final_count: int


@dataclass(frozen=True)
class MonthGlance:
    """A month's figures beside those of the month before it; of a currency that one of them has not, zeros."""

    month: BillingMonth
    figures: tuple[tuple[MonthFigures, MonthFigures], ...]


def months_of_record(installation: Installation, caller: Caller) -> list[BillingMonth]:
    """The months that there is cost of or that were run, the last one first; never empty: else the current one."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        found = months_with_cost(scope) | months_ever_run(scope)
    return sorted(found, reverse=True) or [BillingMonth.of(today_of(installation.clock()))]


def month_at_a_glance(installation: Installation, caller: Caller, month: BillingMonth) -> MonthGlance:
    """What ``month`` comes to, and the month before it. Documents count before carry lines. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        now, before = _by_currency(month_sums(scope, month)), _by_currency(month_sums(scope, month.preceding))
    currencies = sorted({*now, *before})
    return MonthGlance(
        month, tuple((now.get(one, _nothing(one)), before.get(one, _nothing(one))) for one in currencies)
    )


def _by_currency(sums: list[MonthSums]) -> dict[str, MonthFigures]:
    found = {}
    for one in sums:
        price = Decimal(one.price_minor_units).scaleb(-minor_digits(one.currency))
        found[one.currency] = MonthFigures(one.currency, price, one.cost, one.document_count, one.final_count)
    return found


def _nothing(currency: str) -> MonthFigures:
    return MonthFigures(currency, ZERO, ZERO, 0, 0)
