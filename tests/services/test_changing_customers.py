"""Changing and deleting customers: what is given and nothing else, from the right month on, and history stays."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from rebill.model.customer import Customer, CustomerChange, NewCustomer, TermsChange
from rebill.model.errors import Forbidden, Invalid, NotFound
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page
from rebill.model.months import BillingMonth
from rebill.model.party import Address, Caller, Classification, Role
from rebill.model.terms import Basis, CommitmentsPolicy
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import run_bill
from rebill.services.callers.keys import create_key
from rebill.services.callers.sign_in import caller_of
from rebill.services.parties.change_customer import change_customer
from rebill.services.parties.create_customer import create_customer
from rebill.services.parties.delete_customer import delete_customer
from rebill.services.parties.list_assignments import list_assignments
from rebill.services.parties.read_customers import get_customer, list_customers
from rebill.store.scope import Scope
from rebill.store.tables import customer_terms, statements
from rebill.store.terms import terms_in_force
from tests.conftest import SettableClock
from tests.services.months import SEPTEMBER, Month, charge
from tests.services.steps import assign, customer, every_key, listed, move, remove, stands

ADDRESS = Address("1 Main Street", "Floor 2", "Springfield", "IL", "06270", "US")
WITH_ACCESS = Classification.MANAGED_WITH_ACCESS
NOVEMBER, DECEMBER = BillingMonth(2024, 11), BillingMonth(2024, 12)

NOW = datetime(2024, 10, 15, 12, tzinfo=UTC)


@pytest.fixture
def azure_two(installation: Installation, partner: Caller, clock: SettableClock) -> Customer:
    """A customer with everything, made a day ago."""
    new = NewCustomer(
        name="Azure Two",
        address=ADDRESS,
        trial_expiration=clock.now + timedelta(days=1),
        billing_contact="billing@azure-two.example",
        billing_folder="2024/two",
        tags=(("region", "emea"), ("tier", "1")),
        basis=Basis.BILLED,
    )
    made = create_customer(installation, partner, new)
    clock.now += timedelta(hours=12)
    return made


def change(installation: Installation, partner: Caller, one: Customer, **what: object) -> Customer:
    return change_customer(installation, partner, one.customer_id, CustomerChange(**what))  # type: ignore[arg-type] # keywords by name


@pytest.mark.parametrize(
    ("what", "seen"),
    [
        ({"name": "Cafe\u0301"}, {"name": "Caf\u00e9"}),
        ({"address": {"city": "Shelbyville"}}, {"address": replace(ADDRESS, city="Shelbyville")}),
        ({"address": {"street2": ""}}, {"address": replace(ADDRESS, street2="")}),
        ({"classification": WITH_ACCESS}, {"classification": WITH_ACCESS}),
        ({"billing_contact": ""}, {"billing_contact": ""}),
        ({"billing_folder": "2025/two"}, {"billing_folder": "2025/two"}),
        ({"tags": (("tier", "2"),)}, {"tags": (("tier", "2"),)}),
        ({"tags": ()}, {"tags": ()}),
        ({"trial_expiration": (None,)}, {"trial_expiration": None}),
        ({"terms": TermsChange(billing_enabled=True)}, {"billing_enabled": True}),
    ],
)  # fmt: skip
def test_what_is_given_changes_and_nothing_else(
    installation: Installation, partner: Caller, clock: SettableClock, azure_two: Customer,
    what: dict[str, object], seen: dict[str, object],
) -> None:  # fmt: skip
    changed = change(installation, partner, azure_two, **what)
    before = {name: value for name, value in vars(azure_two).items() if name not in seen}
    assert vars(changed) == {**before, **seen, "updated_at": clock.now}
    assert get_customer(installation, partner, azure_two.customer_id) == changed


def test_what_is_so_already_changes_nothing_and_breaks_no_rule(
    installation: Installation, partner: Caller, clock: SettableClock, azure_two: Customer
) -> None:
    """The trial is over: who sends back what he read must not be told that it lies in the past."""
    clock.now += timedelta(days=2)
    same = {
        "name": azure_two.name,
        "address": vars(azure_two.address),
        "trial_expiration": (azure_two.trial_expiration,) * 2,
        "tags": azure_two.tags,
        "terms": TermsChange(billing_enabled=False, basis=Basis.BILLED),
    }
    assert change(installation, partner, azure_two, **same) == azure_two
    assert change(installation, partner, azure_two) == azure_two
    with installation.database.reading() as connection:
        assert len(connection.execute(select(customer_terms)).all()) == 1


def test_of_the_two_names_of_the_trials_end_the_one_that_differs_is_meant(
    installation: Installation, partner: Caller, clock: SettableClock, azure_two: Customer
) -> None:
    standing, later = azure_two.trial_expiration, clock.now + timedelta(days=30)
    assert change(installation, partner, azure_two, trial_expiration=(standing, later)).trial_expiration == later
    assert change(installation, partner, azure_two, trial_expiration=(None, later)).trial_expiration is None
    for asked, field in (
        ((later, clock.now + timedelta(days=31)), "trial_expiration"),
        ((clock.now,), "trial_expiration_date"),
    ):
        with pytest.raises(Invalid) as refused:
            change(installation, partner, azure_two, trial_expiration=asked)
        assert list(refused.value.fields) == [field]


def test_every_fault_of_a_change_is_told_at_once_and_nothing_is_stored(
    installation: Installation, partner: Caller, clock: SettableClock, azure_two: Customer
) -> None:
    customer(installation, partner, "Rival")
    faulty = {
        "name": "Rival",
        "address": {"state": "", "zipcode": "x" * 256},
        "billing_contact": "a\nb",
        "billing_folder": "../up",
        "trial_expiration": (clock.now - timedelta(days=1),),
        "tags": (("", "x"),),
        "terms": TermsChange(from_month=NOVEMBER),
    }
    with pytest.raises(Invalid) as refused:
        change(installation, partner, azure_two, **faulty)
    assert set(refused.value.fields) == {
        "name", "address.state", "address.zipcode", "billing_contact", "partner_billing_configuration.folder",
        "trial_expiration_date", "tags[0].key", "from_month",
    }  # fmt: skip
    assert get_customer(installation, partner, azure_two.customer_id) == azure_two


def test_an_address_that_never_was_may_stay_away_but_not_come_in_part(
    installation: Installation, partner: Caller
) -> None:
    bare = create_customer(installation, partner, NewCustomer("Bare"))
    assert change(installation, partner, bare, billing_contact="x").address == Address()
    with pytest.raises(Invalid) as refused:
        change(installation, partner, bare, address={"city": "Springfield"})
    assert list(refused.value.fields) == ["address.street1", "address.state", "address.zipcode", "address.country"]


def test_only_who_may_change_may_change_or_delete_and_only_his_own(
    installation: Installation, partner: Caller, other_partner: Caller, azure_two: Customer
) -> None:
    reader = Caller(partner.partner_id, Role.READ_ONLY)
    own = Caller(partner.partner_id, Role.CUSTOMER_READ_ONLY, azure_two.customer_id)
    for caller in (reader, own):
        with pytest.raises(Forbidden):
            change(installation, caller, azure_two, name="Mine")
        with pytest.raises(Forbidden):
            delete_customer(installation, caller, azure_two.customer_id)
    with pytest.raises(NotFound):
        change(installation, other_partner, azure_two, name="Mine")
    for unknown in (azure_two.customer_id, 2**70):
        with pytest.raises(NotFound):
            delete_customer(installation, other_partner, unknown)
    assert get_customer(installation, partner, azure_two.customer_id) == azure_two


def test_a_change_of_terms_starts_at_the_first_month_without_an_issued_statement(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    """September and October are issued: billing switched off today holds from November, and shows at once."""
    month = _billed_september(installation, partner, tmp_path)
    one = month.customers["Azure Two"]
    _issue(installation, "2024-10")
    changed = change(installation, partner, one, terms=TermsChange(billing_enabled=False))
    assert not changed.billing_enabled
    assert not get_customer(installation, partner, one.customer_id).billing_enabled
    with installation.database.reading() as connection:
        rows = connection.execute(select(customer_terms).order_by(customer_terms.c.from_month)).all()
    assert [(row.from_month, row.billing_enabled) for row in rows] == [("0000-00", True), ("2024-11", False)]


def test_a_change_holds_for_good_and_leaves_other_terms_of_later_months_alone(
    installation: Installation, partner: Caller, azure_two: Customer
) -> None:
    one = azure_two.customer_id
    change(installation, partner, azure_two, terms=TermsChange(basis=Basis.LIST, from_month=DECEMBER))
    change(installation, partner, azure_two, terms=TermsChange(billing_enabled=True))
    change(
        installation, partner, azure_two,
        terms=TermsChange(commitments=CommitmentsPolicy.AMORTIZED, from_month=NOVEMBER),
    )  # fmt: skip
    with installation.database.reading() as connection:
        scope = Scope.of(connection, partner)
        told = {
            str(month): vars(terms_in_force(scope, [one], month)[one])
            for month in (BillingMonth(2024, 10), NOVEMBER, DECEMBER)
        }
    assert [(terms["billing_enabled"], terms["basis"], terms["commitments"]) for terms in told.values()] == [
        (True, Basis.BILLED, CommitmentsPolicy.AS_BOUGHT),
        (True, Basis.BILLED, CommitmentsPolicy.AMORTIZED),
        (True, Basis.LIST, CommitmentsPolicy.AMORTIZED),
    ]


def test_terms_of_an_issued_month_stay(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    one = _billed_september(installation, partner, tmp_path).customers["Azure Two"]
    _issue(installation, "2024-09")
    for month in (BillingMonth(2024, 8), SEPTEMBER):
        with pytest.raises(Invalid) as refused:
            change(installation, partner, one, terms=TermsChange(basis=Basis.LIST, from_month=month))
        assert refused.value.fields == {
            "from_month": "has an issued statement, or comes before one: give 2024-10 or a later month"
        }
    change(installation, partner, one, terms=TermsChange(basis=Basis.LIST, from_month=BillingMonth(2024, 10)))


def test_a_deleted_customer_ends_today_and_its_history_stays(
    installation: Installation, partner: Caller, clock: SettableClock, azure_two: Customer
) -> None:
    """Four accounts: one ended before, one runs, one began today, one is to begin; and a key."""
    one = azure_two.customer_id
    clock.now = datetime(2024, 10, 15, 23, 59, tzinfo=UTC)
    listed(installation, partner, "ended", "runs", "today", "future", "other")
    assign(installation, partner, one, "ended", "runs", effective_from="2024-01-01")
    remove(installation, partner, one, "ended", effective_to="2024-06-01")
    assign(installation, partner, one, "today", effective_from="2024-10-15")
    assign(installation, partner, one, "future", effective_from="2024-12-01")
    rival = customer(installation, partner, "Rival")
    assign(installation, partner, rival, "other")
    change(installation, partner, azure_two, classification=WITH_ACCESS)
    key = create_key(installation, partner, Role.CUSTOMER_READ_ONLY, one)
    assert caller_of(installation, key.api_key) is not None

    delete_customer(installation, partner, one)

    assert stands(installation, partner) == [
        "ended: Azure Two [2024-01-01, 2024-06-01)",
        "other: Rival [..., ...)",
        "runs: Azure Two [2024-01-01, 2024-10-15)",
    ]
    assert caller_of(installation, key.api_key) is None
    assert [record.revoked_at for record in every_key(installation, partner) if record.customer_id == one] == [
        clock.now
    ]
    with pytest.raises(NotFound):
        get_customer(installation, partner, one)
    with pytest.raises(NotFound):
        delete_customer(installation, partner, one)
    with pytest.raises(NotFound):
        change(installation, partner, azure_two, name="Again")
    with pytest.raises(NotFound):
        assign(installation, partner, one, "today")
    kept = get_customer(installation, partner, one, deleted=True)
    assert (kept.name, kept.deleted_at, kept.azure_customer_id) == ("Azure Two", clock.now, "")
    assert [found.customer_id for found in list_customers(installation, partner, Page()).items] == [rival]
    assert list_customers(installation, partner, Page(), deleted=True).items == [kept]
    assert assign(installation, partner, rival, "runs", "today") == [
        "runs: done [2024-10-15, ...)",
        "today: done [..., ...)",
    ]


def test_the_name_of_a_deleted_customer_is_free(
    installation: Installation, partner: Caller, azure_two: Customer
) -> None:
    delete_customer(installation, partner, azure_two.customer_id)
    again = customer(installation, partner, "Azure Two")
    delete_customer(installation, partner, again)
    deleted = list_customers(installation, partner, Page(), deleted=True)
    assert [found.name for found in deleted.items] == ["Azure Two", "Azure Two"]


def test_days_up_to_the_deletion_are_billed_by_later_runs(
    installation: Installation, partner: Caller, clock: SettableClock, tmp_path: Path
) -> None:
    month = Month(installation, partner, tmp_path)
    one = month.customer("Azure Two", basis=Basis.BILLED)
    month.cost(charge("2024-09-10", "3.10", SubAccountId="s-1"), charge("2024-09-20", "4.20", SubAccountId="s-1"))
    month.subscriptions(one, "s-1")
    clock.now = datetime(2024, 9, 20, 8, tzinfo=UTC)
    delete_customer(installation, partner, one)
    for only in (None, one):
        run = run_bill(installation, partner, SEPTEMBER, only)
        assert [record.statement.price_text for record in run.statements] == ["3.10"]
        assert [str(balance.unassigned.normalize()) for balance in run.balance] == ["4.2"]


def test_who_assigns_moves_or_makes_keys_while_a_customer_is_deleted_leaves_nothing_behind(
    installation: Installation, partner: Caller, azure_two: Customer
) -> None:
    one, rival = azure_two.customer_id, customer(installation, partner, "Rival")
    accounts = [f"account-{number}" for number in range(8)]
    listed(installation, partner, *accounts)
    assign(installation, partner, one, *accounts[:4])
    together = threading.Barrier(len(accounts) + 2)

    def at_once(act: Callable[[], object]) -> str:
        together.wait()
        try:
            act()
        except (NotFound, Invalid):
            return "not found"
        return "done"

    acts: list[Callable[[], object]] = [
        *(lambda account=account: assign(installation, partner, one, account) for account in accounts[4:]),
        *(lambda account=account: move(installation, partner, rival, account) for account in accounts[:4]),
        lambda: delete_customer(installation, partner, one),
        lambda: create_key(installation, partner, Role.CUSTOMER_READ_ONLY, one),
    ]
    with ThreadPoolExecutor(len(acts)) as threads:
        told = list(threads.map(at_once, acts))
    assert told[8] == "done"
    owners = {line.split(": ")[0]: line.split(": ")[1] for line in stands(installation, partner) if "...)" in line}
    assert {account: owners.get(account) for account in accounts[:4]} == dict.fromkeys(
        accounts[:4], "Rival [2024-10-16, ...)"
    )
    assert not [owner for owner in owners.values() if "Azure Two" in owner]
    assert all(record.revoked_at for record in every_key(installation, partner) if record.customer_id == one)


def test_a_customer_with_an_issued_statement_stays(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    month = _billed_september(installation, partner, tmp_path)
    one = month.customers["Azure Two"].customer_id
    _issue(installation, "2024-09")
    with pytest.raises(Invalid) as refused:
        delete_customer(installation, partner, one)
    assert refused.value.code == "customer_has_statements"
    assert get_customer(installation, partner, one).deleted_at is None
    in_force = list_assignments(installation, partner, AccountKind.SUBSCRIPTION, one, Page())
    assert [found.identifier for found in in_force.items] == ["s-1"]


def _billed_september(installation: Installation, partner: Caller, folder: Path) -> Month:
    """A month with one statement, Estimated, of a customer "Azure Two"."""
    month = Month(installation, partner, folder)
    one = month.customer("Azure Two", basis=Basis.BILLED)
    month.cost(charge("2024-09-10", "3.10", SubAccountId="s-1"))
    month.subscriptions(one, "s-1")
    run_bill(installation, partner, SEPTEMBER)
    return month


def _issue(installation: Installation, month: str) -> None:
    """The statement that stands is issued, for ``month``."""
    with installation.database.writing() as connection:
        connection.execute(update(statements).values(status="Final", billing_month=month, issued_at=NOW))
