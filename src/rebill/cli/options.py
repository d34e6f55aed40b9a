"""The options that several commands share, and how their text becomes the model's values."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import typer

from rebill.model.engine_name import EngineName
from rebill.model.money import (
    AMOUNT_BOUND,
    AMOUNT_DECIMALS,
    checked_percent,
    kept_amount,
    margin_floor_factor,
    parse_decimal,
)
from rebill.model.months import BillingMonth, parse_day, parse_instant
from rebill.model.price_book import markup_adjustment
from rebill.model.price_book_record import billing_account_owner
from rebill.model.source_row import SourceRow

Value = TypeVar("Value")


def _read_by(read: Callable[[str], Value]) -> Callable[[str], Value]:
    def parser(text: str) -> Value:
        try:
            return read(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return parser


def _markup(text: str) -> Decimal:
    percent = parse_decimal(text)
    if percent < -100:
        raise ValueError("a markup takes off at most 100 percent: write -100 or more")
    markup_adjustment(percent)
    return percent


def _margin_floor(percent: Decimal) -> Decimal:
    margin_floor_factor(percent)
    return percent


def _amount(text: str) -> Decimal:
    amount = parse_decimal(text)
    # One that is too great is told with whatever else cannot be done.
    if amount.copy_abs() < AMOUNT_BOUND and amount != kept_amount(amount):
        raise ValueError(f"an amount has at most {AMOUNT_DECIMALS} decimals")
    return amount


def _layout(text: str) -> str:
    # Late: only the command that reads cost files pays for loading what reads them.
    from rebill.sources.layouts import LAYOUT_NAMES

    if text not in LAYOUT_NAMES:
        raise ValueError(f"is no layout; write one of {', '.join(LAYOUT_NAMES)}")
    return text


day_from_text: Callable[[str], date] = _read_by(parse_day)
instant_from_text: Callable[[str], datetime] = _read_by(parse_instant)
month_from_text: Callable[[str], BillingMonth] = _read_by(BillingMonth.parse)
number_from_text: Callable[[str], Decimal] = _read_by(parse_decimal)
amount_from_text: Callable[[str], Decimal] = _read_by(_amount)
markup_from_text: Callable[[str], Decimal] = _read_by(_markup)
margin_floor_from_text: Callable[[str], Decimal] = _read_by(lambda text: _margin_floor(parse_decimal(text)))
fallback_markup_from_text: Callable[[str], Decimal] = _read_by(lambda text: checked_percent(parse_decimal(text)))
account_from_text: Callable[[str], str] = _read_by(billing_account_owner)
source_row_from_text: Callable[[str], SourceRow] = _read_by(SourceRow.parse)
layout_from_text: Callable[[str], str] = _read_by(_layout)


def currency_option(name: str, told: str) -> Any:
    """An option that takes the code of a currency, in letters of any case. ``told``: what ``--help`` says of it."""
    return typer.Option(name, parser=str.upper, metavar="CODE", help=told)


EngineOption = Annotated[
    EngineName | None,
    typer.Option("--engine", help="Where it is computed; left out, where REBILL_ENGINE says.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, logs on the other.")]
PartnerOption = Annotated[
    str | None,
    typer.Option(
        "--partner",
        envvar="REBILL_PARTNER",
        metavar="NAME_OR_ID",
        help="Which partner of this installation; the first one unless told otherwise.",
    ),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why, for the audit trail; at most 1,000 characters.")
]
StreetOption = Annotated[str | None, typer.Option("--street", help="First line of the address.")]
StreetMoreOption = Annotated[str | None, typer.Option("--street-more", help="Second line of the address.")]
CityOption = Annotated[str | None, typer.Option("--city", help="Of the address.")]
StateOption = Annotated[str | None, typer.Option("--state", help="Of the address.")]
ZipcodeOption = Annotated[str | None, typer.Option("--zipcode", help="Of the address.")]
CountryOption = Annotated[str | None, typer.Option("--country", help="Of the address: its name or ISO 3166 code.")]
MonthOption = Annotated[
    BillingMonth, typer.Option("--period", parser=month_from_text, metavar="YYYY-MM", help="The billing month.")
]
MonthFilter = Annotated[
    BillingMonth | None,
    typer.Option("--period", parser=month_from_text, metavar="YYYY-MM", help="Only this billing month."),
]


def given_texts(**options: str | None) -> dict[str, str]:
    """The options that were given, by name; an empty text is one, too."""
    return {name: value for name, value in options.items() if value is not None}
