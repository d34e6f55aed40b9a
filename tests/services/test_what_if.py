"""What-if: what a month would come to is what it comes to once the change is made and the month is run."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.assignment import AssignmentOrder
from rebill.model.billing_rule import BillingRuleOrder, CustomersChange, RuleAction, RuleCloud, RuleType
from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.errors import Forbidden, Invalid
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page
from rebill.model.manual_line import NewManualLine
from rebill.model.party import Caller, Role
from rebill.model.price_book import Specification, SpecificationFormat, markup_adjustment
from rebill.model.price_book_record import PriceBookOrder
from rebill.model.terms import Basis, GuardsChange
from rebill.model.what_if import WhatIf
from rebill.price_books.writing import markup_specification
from rebill.services.acting.installation import Installation
from rebill.services.costs.enter_manual_line import enter_manual_line
from rebill.services.costs.withdraw_manual_line import withdraw_manual_line
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.services.parties.change_customer import change_customer
from rebill.services.parties.partner_guards import change_partner_guards
from rebill.services.parties.remove_accounts import remove_accounts
from rebill.services.pricing.change_price_book import change_price_book
from rebill.services.pricing.create_billing_rule import create_billing_rule
from rebill.services.pricing.create_price_book import create_price_book
from rebill.services.pricing.read_price_books import list_price_books
from rebill.services.trials.what_if import TriedMonth, what_if
from tests.beginnings import Beginnings
from tests.services.accountant import OCTOBER, Accountant, begun
from tests.services.months import SEPTEMBER, charge, stored


@pytest.fixture
def accountant(installation: Installation, tmp_path: Path, beginnings: Beginnings) -> Accountant:
    """First is marked up by a tenth, Second pays list; each has a subscription, and one is nobody's."""
    return begun(beginnings, installation, tmp_path, "September under two prices", _accountant_begins)


def _accountant_begins(found: Accountant) -> None:
    first, second = found.customer("First", markup_percent=Decimal(10)), found.customer("Second")
    found.deliver(
        SEPTEMBER,
        charge("2024-09-02", "8.001", "10.003", SubAccountId="s-1", ServiceName="Storage"),
        charge("2024-09-20", "4", "5", SubAccountId="s-1"),
        charge("2024-09-02", "3", "2", SubAccountId="s-2", ServiceName="Storage"),
        charge("2024-09-02", "7", "9", SubAccountId="s-3"),
    )
    found.subscriptions(first, "s-1")
    found.subscriptions(second, "s-2")
    found.run()


def ids(accountant: Accountant) -> tuple[int, int]:
    return accountant.customers["First"].customer_id, accountant.customers["Second"].customer_id


def tried(accountant: Accountant, **changes: object) -> TriedMonth:
    """A what-if that leaves everything as it was, and whose rows and services add up to its totals."""
    before = stored(accountant.installation, accountant.caller)
    order = WhatIf(SEPTEMBER, **changes)  # type: ignore[arg-type]  # names are those of WhatIf
    found = what_if(accountant.installation, accountant.caller, order)
    assert stored(accountant.installation, accountant.caller) == before
    for total in found.totals:
        rows = [row for row in found.rows if row.currency == total.currency]
        assert sum(row.then.price for row in rows) == total.then.price
        assert sum(row.now.margin for row in rows) == total.now.margin
    now = {row.customer_name: (row.now.price, row.now.cost) for row in found.rows if row.now.price or row.now.cost}
    assert now == figures(accountant)
    return found


def figures(accountant: Accountant) -> dict[str, tuple[Decimal, Decimal]]:
    """Customer → price and cost, as they are stored."""
    return {
        record.customer_name: (Decimal(record.statement.price_text), record.statement.statement_cost)
        for record in stored(accountant.installation, accountant.caller)
    }


def then(found: TriedMonth) -> dict[str, tuple[Decimal, Decimal]]:
    return {row.customer_name: (row.then.price, row.then.cost) for row in found.rows if row.then.price or row.then.cost}


def markup(percent: int) -> Specification:
    text = markup_specification(markup_adjustment(Decimal(percent)), date(2024, 1, 1))
    return Specification(text, SpecificationFormat.XML)


def test_another_basis_is_what_it_will_be(accountant: Accountant) -> None:
    first, _ = ids(accountant)
    found = tried(accountant, customer_id=first, basis=Basis.BILLED)
    assert then(found)["First"] == (Decimal("13.20"), Decimal("12.001"))
    assert [(one.service, one.now, one.then) for one in found.services] == [
        ("Storage", Decimal("11.0033"), Decimal("8.8011")),
        ("Virtual Machines", Decimal("5.5"), Decimal("4.4")),
    ]
    change = CustomerChange(terms=TermsChange(basis=Basis.BILLED))
    change_customer(accountant.installation, accountant.caller, first, change)
    accountant.run()
    assert figures(accountant) == then(found)


def test_a_markup_for_everyone_takes_the_place_of_every_book(accountant: Accountant) -> None:
    found = tried(accountant, markup_percent=Decimal(50))
    assert then(found) == {
        "First": (Decimal("22.50"), Decimal("12.001")),
        "Second": (Decimal("3.00"), Decimal(3)),
    }
    assert tried(accountant, specification=markup(50)).rows == found.rows
    assert then(tried(accountant, markup_percent=Decimal(50), owner_ids=("s-1",)))["Second"] == (
        Decimal("2.00"),
        Decimal(3),
    )


def test_a_changed_book_is_what_it_will_be(accountant: Accountant) -> None:
    (book,) = list_price_books(accountant.installation, accountant.caller, Page()).items
    found = tried(accountant, specification=markup(25), replaced_book_id=book.price_book_id)
    assert then(found)["Second"] == (Decimal("2.00"), Decimal(3))
    order = PriceBookOrder(specification=markup(25).text)
    change_price_book(accountant.installation, accountant.caller, book.price_book_id, order)
    accountant.run()
    assert figures(accountant) == then(found)


def test_a_recorded_book_can_be_tried_on_anybody(accountant: Accountant) -> None:
    order = PriceBookOrder(book_name="Gold", specification=markup(100).text)
    gold = create_price_book(accountant.installation, accountant.caller, order).price_book_id
    _, second = ids(accountant)
    found = tried(accountant, customer_id=second, price_book_id=gold)
    assert then(found) == {**figures(accountant), "Second": (Decimal("4.00"), Decimal(3))}


def test_accounts_of_another_customer_are_what_they_will_be(accountant: Accountant) -> None:
    _, second = ids(accountant)
    day = date(2024, 9, 10)
    found = tried(accountant, customer_id=second, subscriptions=("s-1", "s-3"), from_day=day)
    assert then(found) == {"First": (Decimal("11.00"), Decimal("8.001")), "Second": (Decimal("7.00"), Decimal(7))}
    order = AssignmentOrder(AccountKind.SUBSCRIPTION, second, ("s-1", "s-3"), effective_from=day)
    move_accounts(accountant.installation, accountant.caller, order)
    accountant.run()
    assert figures(accountant) == then(found)
    whole = tried(accountant, customer_id=second, subscriptions=("s-1", "s-2", "s-3"))
    assert then(whole) == {"Second": (Decimal("26.00"), Decimal("22.001"))}


def test_accounts_that_would_be_nobodys_leave_the_statements(accountant: Accountant) -> None:
    first, _ = ids(accountant)
    day = date(2024, 9, 10)
    found = tried(accountant, subscriptions=("s-1",), from_day=day, to_nobody=True)
    assert then(found) == {**figures(accountant), "First": (Decimal("11.00"), Decimal("8.001"))}
    order = AssignmentOrder(AccountKind.SUBSCRIPTION, first, ("s-1",), effective_to=day)
    assert not remove_accounts(accountant.installation, accountant.caller, order).faults
    accountant.run()
    assert figures(accountant) == then(found)
    assert then(tried(accountant, subscriptions=("s-1", "s-2"), to_nobody=True)) == {}
    with pytest.raises(Invalid) as refusal:
        what_if(accountant.installation, accountant.caller, WhatIf(SEPTEMBER, basis=Basis.LIST, to_nobody=True))
    assert set(refusal.value.fields) == {"to_nobody"}


def test_billing_rules_are_put_in_and_taken_away(accountant: Accountant) -> None:
    fee = BillingRuleOrder(
        name="Fee",
        cloud=RuleCloud.AZURE,
        billing_rule_type=RuleType.CUSTOM,
        rule_action=RuleAction.FLAT_FEE,
        apply_flat_fee_cost=Decimal("2.505"),
        add_csp_customers=CustomersChange(everyone=True),
        product_name="Care",
        product_description="Care",
        start_month=SEPTEMBER,
    )
    found = tried(accountant, rule=fee)
    assert then(found) == {"First": (Decimal("19.01"), Decimal("12.001")), "Second": (Decimal("4.51"), Decimal(3))}
    kept = create_billing_rule(accountant.installation, accountant.caller, fee)
    before = figures(accountant)
    accountant.run()
    assert figures(accountant) == then(found)
    assert then(tried(accountant, without_rule_ids=(kept.billing_rule_id,))) == before


def test_customers_that_are_billed_or_not_appear_and_vanish(accountant: Accountant) -> None:
    first, _ = ids(accountant)
    found = tried(accountant, customer_id=first, billing_enabled=False)
    assert then(found) == {"Second": (Decimal("2.00"), Decimal(3))}
    assert [row.now.price for row in found.rows] == [Decimal("16.50"), Decimal("2.00")]


def test_guards_hold_prices_as_they_will(accountant: Accountant) -> None:
    first, second = ids(accountant)
    found = tried(accountant, floor_at_cost=True, cap_at_list=True)
    assert then(found) == {"First": (Decimal("15.00"), Decimal("12.001")), "Second": (Decimal("3.00"), Decimal(3))}
    least = tried(accountant, customer_id=second, margin_floor_percent=Decimal(40))
    assert then(least)["Second"] == (Decimal("5.00"), Decimal(3))
    for customer_id in (first, second):
        change = CustomerChange(terms=TermsChange(floor_at_cost=True, cap_at_list=True))
        change_customer(accountant.installation, accountant.caller, customer_id, change)
    accountant.run()
    assert figures(accountant) == then(found)
    assert then(tried(accountant, floor_at_cost=False))["Second"] == (Decimal("2.00"), Decimal(3))


def test_guards_of_the_partner_are_tried_on_all_that_have_none_of_their_own(accountant: Accountant) -> None:
    first, _ = ids(accountant)
    own = CustomerChange(terms=TermsChange(floor_at_cost=False))
    change_customer(accountant.installation, accountant.caller, first, own)
    guards = GuardsChange(floor_at_cost=True, cap_at_list=True)
    found = tried(accountant, customer_id=first, partner_guards=guards)
    assert then(found) == {"First": (Decimal("15.00"), Decimal("12.001")), "Second": (Decimal("3.00"), Decimal(3))}
    change_partner_guards(accountant.installation, accountant.caller, guards)
    accountant.run()
    assert figures(accountant) == then(found)


def test_charges_that_name_no_account_are_whose_they_will_be(accountant: Accountant) -> None:
    _, second = ids(accountant)
    accountant.deliver(
        SEPTEMBER,
        charge("2024-09-02", "3", "2", SubAccountId="s-2", ServiceName="Storage"),
        charge("2024-09-02", "6", "7", ChargeCategory="Purchase", CommitmentDiscountId="Reservation-1"),
        charge("2024-09-20", "1", "1", ChargeCategory="Adjustment"),
    )
    accountant.run()
    found = tried(accountant, customer_id=second, commitment_ids=("reservation-1",), charge_kinds=("adjustment",))
    assert then(found) == {"Second": (Decimal("9.00"), Decimal(10))}
    for kind, key in ((AccountKind.COMMITMENT, "Reservation-1"), (AccountKind.CHARGE_KIND, "adjustment")):
        assert not assign_accounts(
            accountant.installation, accountant.caller, AssignmentOrder(kind, second, (key,))
        ).faults
    accountant.run()
    assert figures(accountant) == then(found)


def test_an_amount_that_is_entered_is_on_the_statement_and_in_the_margin(accountant: Accountant) -> None:
    first, _ = ids(accountant)
    entered = NewManualLine(first, SEPTEMBER, Decimal("2.505"), "Set-up", cost=Decimal(1))
    found = tried(accountant, customer_id=first, manual_line=entered)
    assert then(found)["First"] == (Decimal("19.01"), Decimal("13.001"))
    assert [(one.service, one.now, one.then) for one in found.services] == [("Set-up", Decimal(0), Decimal("2.505"))]
    enter_manual_line(accountant.installation, accountant.caller, entered)
    accountant.run()
    assert figures(accountant) == then(found)


def test_an_amount_that_is_withdrawn_is_neither(accountant: Accountant) -> None:
    first, _ = ids(accountant)
    before = figures(accountant)
    entered = NewManualLine(first, SEPTEMBER, Decimal("2.505"), "Set-up", cost=Decimal(1))
    kept = enter_manual_line(accountant.installation, accountant.caller, entered)
    accountant.run()
    found = tried(accountant, without_manual_line_ids=(kept.manual_line_id,))
    assert [(one.service, one.now, one.then) for one in found.services] == [("Set-up", Decimal("2.505"), Decimal(0))]
    withdraw_manual_line(accountant.installation, accountant.caller, kept.manual_line_id)
    accountant.run()
    assert figures(accountant) == then(found) == before
    with pytest.raises(Invalid) as refusal:
        tried(accountant, without_manual_line_ids=(kept.manual_line_id,))
    assert set(refusal.value.fields) == {"without_manual_line"}


def test_every_fault_is_named_at_once(accountant: Accountant) -> None:
    with pytest.raises(Invalid) as refusal:
        what_if(accountant.installation, accountant.caller, WhatIf(OCTOBER))
    assert (refusal.value.code, set(refusal.value.fields)) == ("invalid_what_if", {"change", "month"})
    wrong = WhatIf(
        OCTOBER,
        customer_id=1,
        markup_percent=Decimal(1),
        price_book_id=1,
        replaced_book_id=2,
        without_rule_ids=(3,),
        rule=BillingRuleOrder(),
    )
    with pytest.raises(Invalid) as refusal:
        what_if(accountant.installation, accountant.caller, wrong)
    named = {field.partition(".")[0] for field in refusal.value.fields}
    assert named == {"month", "customer", "price_book", "replaces", "without_rule", "rule"}
    for order in (
        WhatIf(SEPTEMBER, subscriptions=("s-1",)),
        WhatIf(SEPTEMBER, basis=Basis.LIST, replaced_book_id=1),
        WhatIf(SEPTEMBER, specification=Specification("<no", SpecificationFormat.XML)),
        WhatIf(SEPTEMBER, charge_kinds=("usage",)),
        WhatIf(SEPTEMBER, customer_id=ids(accountant)[0], charge_kinds=("nothing",)),
        WhatIf(SEPTEMBER, manual_line=NewManualLine(1, SEPTEMBER, Decimal(1), "Nobody's")),
    ):
        with pytest.raises(Invalid):
            what_if(accountant.installation, accountant.caller, order)


def test_accounts_that_nobody_has_seen_are_named_instead_of_trying_nothing(accountant: Accountant) -> None:
    first, _ = ids(accountant)
    order = WhatIf(
        SEPTEMBER,
        customer_id=first,
        azure_customers=("nobody",),
        subscriptions=("/subscriptions/S-2", "s-9", "S-8"),
        commitment_ids=("r-1",),
        charge_kinds=("purchase",),
    )
    with pytest.raises(Invalid) as refusal:
        what_if(accountant.installation, accountant.caller, order)
    unknown = "is known neither from the catalogue nor from imported cost: "
    assert dict(refusal.value.fields) == {
        "assign": f"{unknown}nobody",
        "assign_subscription": f"{unknown}S-8, s-9",
        "assign_commitment": f"{unknown}r-1",
    }


def test_what_if_is_the_partners_own(accountant: Accountant, other_partner: Caller) -> None:
    first, _ = ids(accountant)
    customer = Caller(accountant.caller.partner_id, Role.CUSTOMER_READ_ONLY, customer_id=first)
    with pytest.raises(Forbidden):
        what_if(accountant.installation, customer, WhatIf(SEPTEMBER, basis=Basis.LIST))
    with pytest.raises(Invalid) as refusal:
        what_if(accountant.installation, other_partner, WhatIf(SEPTEMBER, customer_id=first, basis=Basis.LIST))
    assert set(refusal.value.fields) == {"month", "customer"}
