"""Charges that name neither subscription nor tenant are allocated, by commitment or by kind, and balance."""

from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from rebill.model.assignment import AssignmentOrder, AssignmentOutcome
from rebill.model.errors import Invalid
from rebill.model.identifiers import AccountKind
from rebill.model.months import parse_day
from rebill.model.party import Caller
from rebill.model.terms import Basis
from rebill.services.acting.installation import Installation
from rebill.services.keeping.read_audit_trail import AuditFilter, newest_audit_entries
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.services.parties.remove_accounts import remove_accounts
from rebill.services.proof.explain_statement import explain_statement
from rebill.services.proof.told import explanation_document
from rebill.services.proof.verify_statements import verify_month
from rebill.store.tables import assignments
from tests.services.accountant import Accountant
from tests.services.months import SEPTEMBER, charge
from tests.services.steps import told

COMMITMENT, CHARGE_KIND = AccountKind.COMMITMENT, AccountKind.CHARGE_KIND
RESERVATION = "/providers/Microsoft.Capacity/reservationOrders/11111111-1111-1111-1111-111111111111/reservations/1"


@pytest.fixture
def partner_level(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    """A month of charges at partner level: rounding, a reservation bought and not used, another one, a support plan."""
    accountant = Accountant(installation, partner, tmp_path)
    accountant.customer("First", basis=Basis.BILLED)
    accountant.customer("House", billing_enabled=False)
    accountant.deliver(
        SEPTEMBER,
        charge("2024-09-01", "0.01", ChargeCategory="Adjustment"),
        charge("2024-09-01", "100", ChargeCategory="Purchase", CommitmentDiscountId=RESERVATION),
        charge("2024-09-12", "3", CommitmentDiscountId=RESERVATION, CommitmentDiscountStatus="Unused"),
        charge("2024-09-20", "5", CommitmentDiscountId=RESERVATION, CommitmentDiscountStatus="Unused"),
        charge("2024-09-20", "7", CommitmentDiscountId="other", CommitmentDiscountStatus="Unused"),
        charge("2024-09-02", "29", ChargeCategory="Purchase"),
        charge("2024-09-02", "50", SubAccountId="s-1"),
    )
    return accountant


def ids(accountant: Accountant) -> tuple[int, int]:
    return accountant.customers["First"].customer_id, accountant.customers["House"].customer_id


def order(kind: AccountKind, customer_id: int, *identifiers: str, **days: str) -> AssignmentOrder:
    return AssignmentOrder(kind, customer_id, identifiers, **{name: parse_day(day) for name, day in days.items()})  # type: ignore[arg-type]  # days by name


def allocate(accountant: Accountant, asked: AssignmentOrder) -> AssignmentOutcome:
    return assign_accounts(accountant.installation, accountant.caller, asked)


def balance(accountant: Accountant) -> str:
    (found,) = accountant.run().balance
    assert found.difference == 0
    billed, disabled, nobodys = found.billed, found.billing_disabled, found.unassigned
    return f"{billed.normalize():f} billed, {disabled.normalize():f} not, {nobodys.normalize():f} nobody's"


def test_a_commitments_charges_are_its_customers_and_the_rest_goes_by_kind(partner_level: Accountant) -> None:
    first, house = ids(partner_level)
    assert balance(partner_level) == "0 billed, 0 not, 194.01 nobody's"
    assert told(allocate(partner_level, order(COMMITMENT, first, RESERVATION.upper()))) == [
        f"{RESERVATION}: done [..., ...)"
    ]
    assert balance(partner_level) == "108 billed, 0 not, 86.01 nobody's"
    kinds = order(CHARGE_KIND, house, "adjustment", "Purchase", "unused_commitment")
    assert not allocate(partner_level, kinds).faults
    # The reservation stays First's: what names it decides before its kind.
    assert balance(partner_level) == "108 billed, 36.01 not, 50 nobody's"
    (statement,) = partner_level.run().statements
    assert statement.statement.price_text == "108.00"


def test_an_allocation_holds_for_its_days_and_moves_without_a_day_between(partner_level: Accountant) -> None:
    first, house = ids(partner_level)
    allocate(partner_level, order(COMMITMENT, house, RESERVATION))
    moved = order(COMMITMENT, first, RESERVATION, effective_from="2024-09-15")
    assert told(move_accounts(partner_level.installation, partner_level.caller, moved)) == [
        f"{RESERVATION}: done [2024-09-15, ...)"
    ]
    assert balance(partner_level) == "5 billed, 103 not, 86.01 nobody's"
    ended = order(COMMITMENT, first, RESERVATION, effective_to="2024-09-18")
    assert not remove_accounts(partner_level.installation, partner_level.caller, ended).faults
    assert balance(partner_level) == "0 billed, 103 not, 91.01 nobody's"


def test_what_another_customer_has_and_what_no_cost_names_is_at_fault(partner_level: Accountant) -> None:
    first, house = ids(partner_level)
    allocate(partner_level, order(COMMITMENT, house, RESERVATION))
    assert told(allocate(partner_level, order(COMMITMENT, first, RESERVATION, "nothing"))) == [
        f"{RESERVATION}: commitment_discount_id is already assigned to another customer",
        "nothing: commitment_discount_id not found",
    ]
    assert told(allocate(partner_level, order(CHARGE_KIND, first, "tax", "refund"))) == [
        "tax: charge_kind not found",
        "refund: charge_kind not found",
    ]
    with pytest.raises(Invalid):
        allocate(partner_level, order(COMMITMENT, first, "x" * 513))


def test_the_database_itself_refuses_two_owners_of_a_commitment_on_one_day(partner_level: Accountant) -> None:
    first, house = ids(partner_level)
    allocate(partner_level, order(COMMITMENT, first, RESERVATION))
    with partner_level.installation.database.reading() as connection:
        row = dict(connection.execute(assignments.select()).mappings().one())
    double = {**row, "assignment_id": 100_000_001, "customer_id": house}
    with pytest.raises(IntegrityError), partner_level.installation.database.writing() as connection:
        connection.execute(insert(assignments), double)


def test_an_account_assigned_decides_before_any_allocation(partner_level: Accountant) -> None:
    first, house = ids(partner_level)
    partner_level.deliver(
        SEPTEMBER,
        charge("2024-09-12", "3", CommitmentDiscountId="r", CommitmentDiscountStatus="Unused"),
        charge("2024-09-12", "4", SubAccountId="s-1", CommitmentDiscountId="r", CommitmentDiscountStatus="Unused"),
        charge("2024-09-12", "5", SubAccountId="s-2", CommitmentDiscountId="r", CommitmentDiscountStatus="Unused"),
    )
    partner_level.subscriptions(first, "s-1")
    allocate(partner_level, order(COMMITMENT, house, "r"))
    # A charge that names an account is nobody's until the account is assigned.
    assert balance(partner_level) == "4 billed, 3 not, 5 nobody's"


def test_allocations_are_recorded_explained_and_verified(partner_level: Accountant) -> None:
    first, _ = ids(partner_level)
    allocate(partner_level, order(CHARGE_KIND, first, "adjustment"))
    entry = newest_audit_entries(partner_level.installation, partner_level.caller, AuditFilter(), 1)[0].entry
    assert (entry.act, entry.customer_id) == ("assign_accounts", first)
    assert entry.after is not None
    assert '"charge_kinds"' in entry.after
    (record,) = partner_level.run().statements
    found = explain_statement(partner_level.installation, partner_level.caller, record.statement_id, line_number=1)
    (line,) = explanation_document(found)["lines"]
    owner = next(step for step in line["charges"][0]["steps"] if step["step"] == "owner")
    assert "charge kind adjustment is allocated to First" in owner["sentence"]
    assert verify_month(partner_level.installation, partner_level.caller, SEPTEMBER).is_equal


def test_allocations_do_not_change_issued_months_by_the_way(partner_level: Accountant) -> None:
    first, house = ids(partner_level)
    allocate(partner_level, order(COMMITMENT, first, RESERVATION))
    partner_level.run()
    partner_level.finalize(override="The rest waits")
    moved = order(COMMITMENT, house, RESERVATION, effective_from="2024-09-15")
    (line,) = told(move_accounts(partner_level.installation, partner_level.caller, moved))
    assert line.startswith(f"{RESERVATION}: commitment_discount_id would change issued statements of First (2024-09)")
