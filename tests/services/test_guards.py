"""Guards in a customer's terms: never above list, never below cost, so much margin at least; by month, explained."""

from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.errors import Invalid
from rebill.model.money import margin_floor_factor
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.terms import Basis, Guards, GuardsChange
from rebill.services.acting.installation import Installation
from rebill.services.parties.change_customer import change_customer
from rebill.services.parties.partner_guards import change_partner_guards, get_partner_guards
from rebill.services.proof.explain_statement import explain_statement
from rebill.services.proof.told import explanation_document
from rebill.services.proof.verify_statements import verify_month
from tests.services.accountant import OCTOBER, Accountant, cost
from tests.services.months import SEPTEMBER, charge


@pytest.fixture
def accountant(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    return Accountant(installation, partner, tmp_path)


def guard(accountant: Accountant, customer_id: int, **terms: object) -> None:
    change = CustomerChange(terms=TermsChange(**terms))  # type: ignore[arg-type]  # names are TermsChange's
    change_customer(accountant.installation, accountant.caller, customer_id, change)


def guard_all(accountant: Accountant, from_month: BillingMonth | None = None, **guards: object) -> None:
    change = GuardsChange(**guards)  # type: ignore[arg-type]  # names are GuardsChange's
    change_partner_guards(accountant.installation, accountant.caller, change, from_month)


def prices(accountant: Accountant) -> dict[str, str]:
    """The exact amount of each line of September's one statement, by service."""
    (record,) = accountant.run().statements
    statement = accountant.whole(record.statement_id).statement
    return {str(line.priced.service): f"{line.priced.exact_amount.normalize():f}" for line in statement.lines}


def one(service: str, billed: str, listed: str, **columns: str) -> dict[str, str]:
    return charge("2024-09-02", billed, listed, SubAccountId="s-1", ServiceName=service, **columns)


def test_prices_stay_between_list_and_cost_and_the_floor_beats_the_cap(accountant: Accountant) -> None:
    first = accountant.customer("First", basis=Basis.BILLED, markup_percent=Decimal(20))
    accountant.deliver(
        SEPTEMBER,
        one("Above list", "10", "11"),
        one("Below list", "10", "13"),
        one("List below cost", "10", "9"),
        one("No list", "10", ""),
        one("List is 0", "10", "0"),
        one("Refund", "-10", "-9"),
        one("Credit", "10", "5", ChargeCategory="Credit"),
    )
    accountant.subscriptions(first, "s-1")
    free = {
        "Above list": "12",
        "Below list": "12",
        "List below cost": "12",
        "No list": "12",
        "List is 0": "12",
        "Refund": "-12",
        "Credit": "10",
    }
    assert prices(accountant) == free
    guard(accountant, first, cap_at_list=True)
    assert prices(accountant) == {**free, "Above list": "11", "List below cost": "9"}
    guard(accountant, first, floor_at_cost=True)
    assert prices(accountant) == {**free, "Above list": "11", "List below cost": "10"}
    guard(accountant, first, cap_at_list=False, floor_at_cost=False)
    assert prices(accountant) == free


def test_a_margin_floor_leaves_its_percent_of_the_price_its_factor_rounded_up(accountant: Accountant) -> None:
    assert [str(margin_floor_factor(Decimal(percent))) for percent in ("0", "10", "15", "50", "99.8")] == [
        "1.000000",
        "1.111112",
        "1.176471",
        "2.000000",
        "500.000000",
    ]
    first = accountant.customer("First")
    accountant.deliver(SEPTEMBER, one("Thin", "8", "9"), one("Thick", "5", "9"), one("Exact", "0.333333333333", "0.1"))
    accountant.subscriptions(first, "s-1")
    guard(accountant, first, margin_floor_percent=Decimal(15))
    assert prices(accountant) == {"Thin": "9.411768", "Thick": "9", "Exact": "0.392157"}


def test_guards_hold_from_their_month_on_and_never_for_issued_ones(accountant: Accountant) -> None:
    first = accountant.customer("First")
    accountant.deliver(SEPTEMBER, one("Thin", "10", "8"))
    accountant.deliver(OCTOBER, cost(OCTOBER, "10"))
    accountant.subscriptions(first, "s-1")
    assert prices(accountant) == {"Thin": "8"}
    guard(accountant, first, floor_at_cost=True, from_month=OCTOBER)
    assert prices(accountant) == {"Thin": "8"}
    accountant.finalize()
    guard(accountant, first, margin_floor_percent=Decimal(50))
    (record,) = accountant.run(OCTOBER).statements
    assert record.statement.price_text == "20.00"
    assert accountant.run().pending == ()
    with pytest.raises(Invalid) as refusal:
        guard(accountant, first, cap_at_list=True, from_month=SEPTEMBER)
    assert set(refusal.value.fields) == {"from_month"}


@pytest.mark.parametrize("percent", ["-1", "99.8001", "100", "1.00001"])
def test_a_margin_that_cannot_be_is_refused(accountant: Accountant, percent: str) -> None:
    first = accountant.customer("First")
    with pytest.raises(Invalid) as refusal:
        guard(accountant, first, margin_floor_percent=Decimal(percent))
    assert set(refusal.value.fields) == {"margin_floor_percent"}


def test_a_guarded_price_is_explained_and_verified(accountant: Accountant) -> None:
    first = accountant.customer("First", basis=Basis.BILLED, markup_percent=Decimal(20))
    accountant.deliver(SEPTEMBER, one("Guarded", "10", "11"), one("Free", "10", "30"))
    accountant.subscriptions(first, "s-1")
    guard(accountant, first, cap_at_list=True, margin_floor_percent=Decimal(15))
    (record,) = accountant.run().statements
    found = explain_statement(accountant.installation, accountant.caller, record.statement_id, line_number=2)
    (line,) = explanation_document(found)["lines"]
    steps = {step["step"]: step for step in line["charges"][0]["steps"]}
    assert list(steps)[-4:] == ["price before guards", "price up to list", "least by margin", "price"]
    assert steps["price up to list"]["result"] == "11.000000000000"
    assert steps["price"]["result"] == "11.764710000000"
    assert verify_month(accountant.installation, accountant.caller, SEPTEMBER).is_equal


def test_a_guard_of_the_partner_holds_for_all_until_a_customer_has_its_own(accountant: Accountant) -> None:
    first = accountant.customer("First")
    accountant.deliver(SEPTEMBER, one("Thin", "10", "8"))
    accountant.subscriptions(first, "s-1")
    guard_all(accountant, floor_at_cost=True, margin_floor_percent=Decimal(50))
    assert prices(accountant) == {"Thin": "20"}
    guard(accountant, first, margin_floor_percent=Decimal(0))
    assert prices(accountant) == {"Thin": "10"}
    guard(accountant, first, floor_at_cost=False)
    assert prices(accountant) == {"Thin": "8"}
    guard(accountant, first, as_partner=("floor_at_cost",))
    assert prices(accountant) == {"Thin": "10"}
    guard_all(accountant, floor_at_cost=False)
    assert prices(accountant) == {"Thin": "8"}


def test_guards_of_the_partner_hold_from_their_month_on_and_never_for_issued_ones(accountant: Accountant) -> None:
    first = accountant.customer("First")
    accountant.deliver(SEPTEMBER, one("Thin", "10", "8"))
    accountant.deliver(OCTOBER, cost(OCTOBER, "10"))
    accountant.subscriptions(first, "s-1")
    guard_all(accountant, OCTOBER, floor_at_cost=True)
    assert prices(accountant) == {"Thin": "8"}
    accountant.finalize()
    guard_all(accountant, margin_floor_percent=Decimal(50))
    kept = get_partner_guards(accountant.installation, accountant.caller)
    assert kept.by_month == {OCTOBER: Guards(False, True, Decimal(50))}
    assert kept.changeable_from == OCTOBER
    (record,) = accountant.run(OCTOBER).statements
    assert record.statement.price_text == "20.00"
    assert accountant.run().pending == ()
    with pytest.raises(Invalid) as refusal:
        guard_all(accountant, SEPTEMBER, cap_at_list=True)
    assert set(refusal.value.fields) == {"from_month"}


@pytest.mark.parametrize(
    ("guards", "field"), [({"margin_floor_percent": Decimal(100)}, "margin_floor_percent"), ({}, "from_month")]
)
def test_guards_of_the_partner_that_cannot_be_are_refused(
    accountant: Accountant, guards: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        guard_all(accountant, OCTOBER, **guards)
    assert set(refusal.value.fields) == {field}


def test_what_the_partner_has_already_is_no_change(accountant: Accountant) -> None:
    guard_all(accountant, floor_at_cost=False)
    assert get_partner_guards(accountant.installation, accountant.caller).by_month == {}
    guard_all(accountant, cap_at_list=True)
    guard_all(accountant, cap_at_list=True)
    assert get_partner_guards(accountant.installation, accountant.caller).by_month == {
        None: Guards(True, False, Decimal(0))
    }


def test_an_explanation_says_whose_guard_it_is_and_the_month_is_verified(accountant: Accountant) -> None:
    first = accountant.customer("First", floor_at_cost=True)
    accountant.deliver(SEPTEMBER, one("Guarded", "10", "8"))
    accountant.subscriptions(first, "s-1")
    guard_all(accountant, margin_floor_percent=Decimal(20))
    (record,) = accountant.run().statements
    guard_all(accountant, margin_floor_percent=Decimal(30))
    found = explain_statement(accountant.installation, accountant.caller, record.statement_id, line_number=1)
    (line,) = explanation_document(found)["lines"]
    told = {step["step"]: step["sentence"] for step in line["charges"][0]["steps"]}
    assert "partner's guard" not in told["price from cost on"]
    assert "leaves 20 % of it (the partner's guard for all its customers)" in told["least by margin"]
    assert verify_month(accountant.installation, accountant.caller, SEPTEMBER).is_equal
