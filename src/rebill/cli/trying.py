"""``rebill bill what-if``: what a month would come to, if."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from rebill.cli.customers import CapAtListOption, FloorAtCostOption, HomeCurrencyOption, MarginFloorOption
from rebill.cli.options import (
    JsonOption,
    MonthOption,
    PartnerOption,
    amount_from_text,
    currency_option,
    day_from_text,
    fallback_markup_from_text,
    margin_floor_from_text,
    markup_from_text,
)
from rebill.cli.output import Heading, Output
from rebill.cli.price_books import specification_text
from rebill.cli.session import partner_session
from rebill.model.manual_line import NewManualLine
from rebill.model.money import ZERO, kept_amount, text_of
from rebill.model.terms import Basis, CommitmentsPolicy, GuardsChange

if TYPE_CHECKING:
    from rebill.model.billing_rule import BillingRuleOrder
    from rebill.model.months import BillingMonth
    from rebill.model.price_book import Specification
    from rebill.services.trials.what_if import TriedMonth


_CustomerOption = Annotated[
    int | None,
    typer.Option("--customer", metavar="ID", help="Whom terms, books and accounts concern; else every customer."),
]
_BasisOption = Annotated[Basis | None, typer.Option("--basis", help="Another basis.")]
_CommitmentsOption = Annotated[
    CommitmentsPolicy | None, typer.Option("--commitments", help="Another commitments policy.")
]
_FallbackMarkupOption = Annotated[
    Decimal | None,
    typer.Option(
        "--fallback-markup", parser=fallback_markup_from_text, metavar="PERCENT", help="Another fallback markup."
    ),
]
_BillingOption = Annotated[bool | None, typer.Option("--billing/--no-billing", help="Billed, or not.")]
_PartnerCapOption = Annotated[
    bool | None,
    typer.Option("--partner-cap-at-list/--no-partner-cap-at-list", help="The partner's guard for all without theirs."),
]
_PartnerFloorOption = Annotated[
    bool | None,
    typer.Option("--partner-floor-at-cost/--no-partner-floor-at-cost", help="The same, of a price below cost."),
]
_PartnerMarginOption = Annotated[
    Decimal | None,
    typer.Option(
        "--partner-margin-floor", parser=margin_floor_from_text, metavar="PERCENT", help="The same, of margin."
    ),
]
_MarkupOption = Annotated[
    Decimal | None,
    typer.Option("--markup", parser=markup_from_text, metavar="PERCENT", help="A markup over everything."),
]
_PriceBookOption = Annotated[int | None, typer.Option("--price-book", metavar="BOOK_ID", help="A recorded book.")]
_SpecificationOption = Annotated[
    typer.FileBinaryRead | None, typer.Option("--specification", metavar="FILE", help="A book that is in a file.")
]
_ReplacesOption = Annotated[
    int | None, typer.Option("--replaces", metavar="BOOK_ID", help="The book stands wherever this one prices.")
]
_AccountsOption = Annotated[
    list[str] | None, typer.Option("--account", metavar="ACCOUNT", help="The book prices these accounts only.")
]
_AssignOption = Annotated[
    list[str] | None,
    typer.Option("--assign", metavar="AZURE_CUSTOMER_ID", help="This Azure customer is the customer's."),
]
_SubscriptionOption = Annotated[
    list[str] | None,
    typer.Option("--assign-subscription", metavar="SUBSCRIPTION_ID", help="This subscription is the customer's."),
]
_FromDayOption = Annotated[
    date | None, typer.Option("--from", parser=day_from_text, metavar="DAY", help="The accounts' first charge day.")
]
_ToNobodyOption = Annotated[
    bool, typer.Option("--to-nobody", help="The accounts would be nobody's from then on, whoever has them.")
]
_CommitmentOption = Annotated[
    list[str] | None,
    typer.Option("--assign-commitment", metavar="ID", help="Charges of this commitment that name no account are its."),
]
_ChargeKindOption = Annotated[
    list[str] | None,
    typer.Option("--assign-charge-kind", metavar="KIND", help="Charges of this kind that name no account are its."),
]
_EnteredOption = Annotated[
    Decimal | None,
    typer.Option("--enter", parser=amount_from_text, metavar="AMOUNT", help="A manual line for the customer."),
]
_EnteredCostOption = Annotated[
    Decimal | None,
    typer.Option("--enter-cost", parser=amount_from_text, metavar="AMOUNT", help="What you would pay for that line."),
]
_EnteredCurrencyOption = Annotated[
    str | None,
    currency_option("--enter-currency", "Its currency, if not the home currency."),
]
_RuleOption = Annotated[
    typer.FileBinaryRead | None,
    typer.Option("--rule", metavar="FILE", help="A billing rule: JSON with the fields of the API's request."),
]
_WithoutRuleOption = Annotated[
    list[int] | None, typer.Option("--without-rule", metavar="RULE_ID", help="This billing rule does not act.")
]
_WithoutManualLineOption = Annotated[
    list[int] | None,
    typer.Option("--without-manual-line", metavar="ID", help="This manual line would be withdrawn."),
]


def what_if(
    period: MonthOption,
    customer: _CustomerOption = None,
    basis: _BasisOption = None,
    commitments: _CommitmentsOption = None,
    fallback_markup: _FallbackMarkupOption = None,
    billing: _BillingOption = None,
    cap_at_list: CapAtListOption = None,
    floor_at_cost: FloorAtCostOption = None,
    margin_floor: MarginFloorOption = None,
    home_currency: HomeCurrencyOption = None,
    partner_cap_at_list: _PartnerCapOption = None,
    partner_floor_at_cost: _PartnerFloorOption = None,
    partner_margin_floor: _PartnerMarginOption = None,
    markup: _MarkupOption = None,
    price_book: _PriceBookOption = None,
    specification: _SpecificationOption = None,
    replaces: _ReplacesOption = None,
    accounts: _AccountsOption = None,
    assign: _AssignOption = None,
    subscription: _SubscriptionOption = None,
    commitment: _CommitmentOption = None,
    charge_kind: _ChargeKindOption = None,
    from_day: _FromDayOption = None,
    to_nobody: _ToNobodyOption = False,
    rule: _RuleOption = None,
    without_rule: _WithoutRuleOption = None,
    enter: _EnteredOption = None,
    enter_cost: _EnteredCostOption = None,
    enter_currency: _EnteredCurrencyOption = None,
    without_manual_line: _WithoutManualLineOption = None,
    partner: PartnerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try changes on an imported month without touching it: total, margin and every customer's difference."""
    from rebill.model.what_if import WhatIf
    from rebill.services.trials.what_if import what_if as try_out

    with partner_session(partner, as_json) as session:
        order = WhatIf(
            month=period,
            customer_id=customer,
            basis=basis,
            commitments=commitments,
            fallback_markup_percent=fallback_markup,
            billing_enabled=billing,
            cap_at_list=cap_at_list,
            floor_at_cost=floor_at_cost,
            margin_floor_percent=margin_floor,
            home_currency=home_currency,
            partner_guards=GuardsChange(partner_cap_at_list, partner_floor_at_cost, partner_margin_floor),
            markup_percent=markup,
            price_book_id=price_book,
            specification=None if specification is None else _tried_book(specification),
            replaced_book_id=replaces,
            owner_ids=tuple(accounts or ()),
            azure_customers=tuple(assign or ()),
            subscriptions=tuple(subscription or ()),
            commitment_ids=tuple(commitment or ()),
            charge_kinds=tuple(charge_kind or ()),
            from_day=from_day,
            to_nobody=to_nobody,
            rule=None if rule is None else _tried_rule(rule),
            without_rule_ids=tuple(without_rule or ()),
            manual_line=_entered(customer, period, enter, enter_cost, enter_currency),
            without_manual_line_ids=tuple(without_manual_line or ()),
        )
        with session.output.working(f"Computing {period} twice"):
            found = try_out(session.installation, session.caller, order)
        _show(session.output, period, found)


def _tried_book(file: typer.FileBinaryRead) -> Specification:
    from rebill.services.pricing.price_book_check import written

    return written(specification_text(file.read()))


def _tried_rule(file: typer.FileBinaryRead) -> BillingRuleOrder:
    from rebill.api.billing_rule_shapes import BillingRuleBody
    from rebill.cli.request_files import read_request

    return read_request(file, BillingRuleBody).order()


def _entered(
    customer: int | None, period: BillingMonth, amount: Decimal | None, cost: Decimal | None, currency: str | None
) -> NewManualLine | None:
    if amount is None and cost is None:
        return None
    # Nobody's, where no customer is named: then that is the fault which is told.
    return NewManualLine(customer or 0, period, amount or ZERO, "Tried", currency, cost)


def _show(output: Output, month: BillingMonth, found: TriedMonth) -> None:
    from rebill.api.what_if import what_if_answer

    output.answer(what_if_answer(month, found).model_dump())
    names = ("price now", "price then", "difference", "margin now", "margin then")
    headings = [Heading("customer"), *(Heading(name, right=True) for name in names), Heading("currency")]
    rows = []
    for row in (*found.rows, *found.totals):
        shown = (row.now.price, row.then.price, row.then.price - row.now.price)
        margins = (kept_amount(row.now.margin), kept_amount(row.then.margin))
        name = "together" if row.customer_id is None else row.customer_name
        rows.append([name, *(text_of(amount) for amount in (*shown, *margins)), row.currency])
    output.table(headings, rows)
    if not found.services:
        output.say("No price would be another.")
    output.next_step("nothing was stored; change it for real, and rebill bill run computes the month so.")
