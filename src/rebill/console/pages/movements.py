"""Why a customer's month is more, or less, than that of the month before."""

from collections.abc import Sequence
from dataclasses import dataclass

from rebill.console.route import PageRoute
from rebill.console.showing import month_name
from rebill.console.visit import Page, Visit
from rebill.model.month_movement import Movement
from rebill.services.acting.permission import Permission
from rebill.services.presenting.subscription_names import subscription_names
from rebill.services.proof.beside_last_month import BesideLastMonth, beside_last_month

_SHOWN = 200


@dataclass(frozen=True)
class Cause:
    """A part of the difference, of so many lines (``None``: of documents that correct), in minor units."""

    words: str
    lines: int | None
    minor_units: int


def show_movements(visit: Visit) -> Page:
    """A statement beside the one of the month before: by cause, and line by line."""
    found = beside_last_month(visit.installation, visit.caller, visit.ids["statement_id"])
    shown = found.movements[:_SHOWN]
    subscriptions = {one.priced.subscription for one in shown if one.priced.subscription}
    values = {
        "found": found,
        "currency": found.now.statement.currency,
        "causes": [*causes_of(found.movements), *_corrections(found)],
        "shown": shown,
        "names": subscription_names(visit.installation, visit.caller, subscriptions),
    }
    return Page("statement_movements.html", values)


def causes_of(movements: Sequence[Movement]) -> list[Cause]:
    """What makes the difference of two statements; the parts add up to it."""
    both = [one for one in movements if one.before is not None and one.now is not None]
    parted = [(one.by_quantity or 0, one.by_unit_price or 0) for one in both if one.by_quantity is not None]
    parts = (
        ("Lines that are new", [one.difference for one in movements if one.before is None]),
        ("Lines that are gone", [one.difference for one in movements if one.now is None]),
        ("More or less was used", [quantity for quantity, _ in parted if quantity]),
        ("A unit came to more or less", [price for _, price in parted if price]),
        ("Lines without a quantity to compare", [one.difference for one in both if one.by_quantity is None]),
    )
    return [Cause(words, len(units), sum(units)) for words, units in parts if units]


def _corrections(found: BesideLastMonth) -> list[Cause]:
    """What corrections of the two months add to the difference of their statements."""
    months = (found.before.statement.month, found.now.statement.month)
    parts = zip(months, (-found.corrections[0], found.corrections[1]), strict=True)
    return [Cause(f"Corrections of {month_name(month)}", None, units) for month, units in parts if units]


ROUTES = (PageRoute("GET", "/statements/{statement_id}/last-month", show_movements, Permission.READ, "bills"),)
