"""Creating and reading customers: every rule, every fault at once, nothing half done, nothing of others."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from rebill.model.customer import NewCustomer
from rebill.model.errors import Forbidden, Invalid, NotFound
from rebill.model.listing import Page
from rebill.model.months import BillingMonth
from rebill.model.party import Address, Caller, Classification, Role
from rebill.model.terms import Basis, CommitmentsPolicy, CustomerTerms
from rebill.services.acting.installation import Installation
from rebill.services.parties.create_customer import create_customer
from rebill.services.parties.read_customers import get_customer, list_customers
from rebill.store.scope import Scope
from rebill.store.tables import (
    customer_terms,
    customers,
    price_book_account_assignments,
    price_book_specifications,
    statements,
)
from rebill.store.terms import first_changeable_month, set_terms, terms_in_force
from tests.conftest import SettableClock
from tests.services.recorded_statements import recorded_statement
from tests.services.steps import assign, customer, listed, stands

ADDRESS = Address("1 Main Street", "", "Springfield", "IL", "06270", "US")


def test_a_customer_is_kept_as_it_was_created(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    new = NewCustomer(
        name="Azure Two",
        address=ADDRESS,
        classification=Classification.MANAGED_WITH_ACCESS,
        trial_expiration=clock.now + timedelta(days=1),
        billing_contact="billing@azure-two.example",
        billing_enabled=True,
        billing_folder="2024/Azure Two.v1",
        tags=(("region", "emea"), ("tier", "")),
        basis=Basis.BILLED,
        commitments=CommitmentsPolicy.AMORTIZED,
        markup_percent=Decimal("-12.5"),
        fallback_markup_percent=Decimal("7.0001"),
    )
    made = create_customer(installation, partner, new)
    assert get_customer(installation, partner, made.customer_id) == made
    kept = {name: getattr(made, name) for name in "name address classification trial_expiration tags".split()}
    assert kept == {name: getattr(new, name) for name in kept}
    assert (made.billing_contact, made.billing_folder, made.billing_enabled) == (
        new.billing_contact,
        new.billing_folder,
        True,
    )
    assert (made.created_at, made.updated_at, made.margin_percentage) == (clock.now, clock.now, None)
    assert len(bytes.fromhex(made.generated_external_id)) == 6
    with installation.database.reading() as connection:
        terms = connection.execute(select(customer_terms)).one()
        accounts = connection.execute(select(price_book_account_assignments)).one()
        book = connection.execute(select(price_book_specifications)).one()
    assert (terms.from_month, terms.basis, terms.commitments) == ("0000-00", "billed", "amortized")
    assert terms.fallback_markup_percent == Decimal("7.0001")
    assert (book.from_month, accounts.start_month, accounts.account_key) == ("0000-00", "0000-00", "ALL")
    assert 'billingAdjustment="12.5" billingRuleType="percentDiscount"' in book.specification


def test_every_fault_is_told_at_once(installation: Installation, partner: Caller, clock: SettableClock) -> None:
    new = NewCustomer(
        name="",
        address=Address(city="Springfield", country="x" * 256),
        azure_customer_id="nobody",
        trial_expiration=clock.now,
        billing_contact="a\tb",
        billing_folder="../secrets",
        tags=(("k", ""), ("k", "v\0")),
        markup_percent=Decimal("-100.5"),
        fallback_markup_percent=Decimal("1.00001"),
    )
    with pytest.raises(Invalid) as refused:
        create_customer(installation, partner, new)
    assert refused.value.fields == {
        "name": "is required",
        "billing_contact": "may not hold control characters",
        "partner_billing_configuration.folder": (
            "must be a relative path of letters, digits, space, '.', '_' and '-', its parts parted by '/', without '..'"
        ),
        "markup_percent": "a percent here lies between 0 and 100",
        "fallback_markup_percent": "a percent has at most four decimals",
        "trial_expiration_date": "must lie in the future",
        "address.street1": "is required",
        "address.state": "is required",
        "address.zipcode": "is required",
        "address.country": "may have at most 255 characters",
        "tags[1].key": "is there twice",
        "tags[1].value": "may not hold control characters",
        "azure_customer_id": "azure_customer_id not found",
    }
    assert list_customers(installation, partner, Page()).total == 0


@pytest.mark.parametrize(
    "folder", ["/abs", "a//b", "a/", "..", "a/../b", "a..b", ".", " ", "a\\b", "ü", "a\nb", "x" * 256]
)
def test_folders_stay_below_their_root(installation: Installation, partner: Caller, folder: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_customer(installation, partner, NewCustomer("A", billing_folder=folder))
    assert list(refused.value.fields) == ["partner_billing_configuration.folder"]


def test_an_address_is_required_only_where_the_caller_says_so(installation: Installation, partner: Caller) -> None:
    create_customer(installation, partner, NewCustomer("Without"))
    for absent in (None, Address()):
        with pytest.raises(Invalid) as refused:
            create_customer(installation, partner, NewCustomer("With", address=absent, address_required=True))
        assert refused.value.fields == {"address": "is required"}
    create_customer(installation, partner, NewCustomer("With", address=ADDRESS, address_required=True))


def test_twenty_tags_and_no_more(installation: Installation, partner: Caller) -> None:
    tags = tuple((f"key {number}", "") for number in range(21))
    with pytest.raises(Invalid) as refused:
        create_customer(installation, partner, NewCustomer("A", tags=tags))
    assert list(refused.value.fields) == ["tags"]
    assert create_customer(installation, partner, NewCustomer("A", tags=tags[:20])).tags == tags[:20]


def test_names_are_unique_among_a_partners_customers_case_and_composition_aside(
    installation: Installation, partner: Caller, other_partner: Caller
) -> None:
    decomposed = "Cafe\u0301"
    first = create_customer(installation, partner, NewCustomer(decomposed))
    assert first.name == "Caf\u00e9"
    for taken in (decomposed, "Caf\u00e9"):
        with pytest.raises(Invalid) as refused:
            create_customer(installation, partner, NewCustomer(taken))
        assert refused.value.fields == {"name": "is the name of another customer"}
    customer(installation, partner, "CAF\u00c9")
    customer(installation, other_partner, "Caf\u00e9")
    with installation.database.writing() as connection:
        gone = update(customers).where(customers.c.customer_id == first.customer_id)
        connection.execute(gone.values(deleted_at=first.created_at))
    customer(installation, partner, "Caf\u00e9")


def test_a_name_of_255_characters_counts_after_composition(installation: Installation, partner: Caller) -> None:
    assert len(create_customer(installation, partner, NewCustomer("\U0001f600" * 255)).name) == 255
    assert create_customer(installation, partner, NewCustomer("e\u0301" * 255)).name == "\u00e9" * 255
    for name in ("x" * 256, "e\u0301" * 256):
        with pytest.raises(Invalid):
            create_customer(installation, partner, NewCustomer(name))


def test_the_azure_customer_comes_with_its_customer(installation: Installation, partner: Caller) -> None:
    listed(installation, partner, "ab123")
    create_customer(installation, partner, NewCustomer("Azure Two", azure_customer_id=" AB123"))
    assert stands(installation, partner) == ["ab123: Azure Two [..., ...)"]
    with pytest.raises(Invalid) as refused:
        create_customer(installation, partner, NewCustomer("Rival", azure_customer_id="ab123"))
    assert refused.value.fields == {"azure_customer_id": "azure_customer_id is already assigned to another customer"}
    assert list_customers(installation, partner, Page()).total == 1


def test_customers_are_listed_in_order_of_creation(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    ids = []
    for number in range(7):
        clock.now += timedelta(seconds=1)
        ids.append(customer(installation, partner, f"Customer {number}"))
    second = list_customers(installation, partner, Page(number=2, per_page=3))
    assert [one.customer_id for one in second.items] == ids[3:6]
    assert (second.total, second.more) == (7, True)
    rest = list_customers(installation, partner, Page(per_page=3, after_id=second.last_id))
    assert ([one.customer_id for one in rest.items], rest.total, rest.more) == (ids[6:], None, False)
    only = list_customers(installation, partner, Page(), customer_id=ids[4])
    assert [one.customer_id for one in only.items] == [ids[4]]
    for after_id in (5, 2**70):
        with pytest.raises(Invalid):
            list_customers(installation, partner, Page(after_id=after_id))


def test_customers_of_one_moment_are_each_on_exactly_one_page(installation: Installation, partner: Caller) -> None:
    ids = [customer(installation, partner, f"Customer {number}") for number in range(11)]
    by_number = [list_customers(installation, partner, Page(number=number, per_page=3)) for number in range(1, 5)]
    by_key = [list_customers(installation, partner, Page(per_page=3, after_id=0))]
    while by_key[-1].more:
        by_key.append(list_customers(installation, partner, Page(per_page=3, after_id=by_key[-1].last_id)))
    pages = [[one.customer_id for one in page.items] for page in by_number]
    assert pages == [[one.customer_id for one in page.items] for page in by_key]
    assert sorted(one for page in pages for one in page) == sorted(ids)


def test_partners_do_not_see_each_other(installation: Installation, partner: Caller, other_partner: Caller) -> None:
    """Both have a customer of the same name and an account of the same id."""
    ours, theirs = (customer(installation, one, "Azure Two") for one in (partner, other_partner))
    for one, customer_id in ((partner, ours), (other_partner, theirs)):
        listed(installation, one, "ab123")
        assert assign(installation, one, customer_id, "ab123") == ["ab123: done [..., ...)"]
        assert stands(installation, one) == ["ab123: Azure Two [..., ...)"]
        assert [found.customer_id for found in list_customers(installation, one, Page()).items] == [customer_id]
    for unseen in (theirs, 123_456_789):
        with pytest.raises(NotFound) as refused:
            get_customer(installation, partner, unseen)
        assert refused.value.message.replace(str(unseen), "ID") == (
            "There is no customer ID: list the customers to find its id."
        )
        with pytest.raises(NotFound):
            assign(installation, partner, unseen, "ab123")


def test_a_customers_key_reads_its_own_customer_without_the_margin(installation: Installation, partner: Caller) -> None:
    own, rival = (customer(installation, partner, name) for name in ("Azure Two", "Rival"))
    recorded_statement(installation, partner, own, "2024-08", "EUR", 10_000, "60")
    caller = Caller(partner.partner_id, Role.CUSTOMER_READ_ONLY, own)
    assert get_customer(installation, partner, own).margin_percentage == Decimal("40.00")
    assert get_customer(installation, caller, own).margin_percentage is None
    assert [one.customer_id for one in list_customers(installation, caller, Page()).items] == [own]
    with pytest.raises(NotFound) as refused:
        get_customer(installation, caller, rival)
    assert refused.value.message == f"There is no customer {rival} here: this key reads {own} alone."
    with pytest.raises(Forbidden):
        create_customer(installation, caller, NewCustomer("More"))


def test_the_margin_is_of_the_last_statement(installation: Installation, partner: Caller) -> None:
    one = customer(installation, partner, "Azure Two")
    recorded_statement(installation, partner, one, "2024-08", "USD", 10_000, "60")
    recorded_statement(installation, partner, one, "2024-09", "USD", 30_000, "200")
    recorded_statement(installation, partner, one, "2024-09", "JPY", 300, "270")
    assert get_customer(installation, partner, one).margin_percentage == Decimal("10.00")
    recorded_statement(installation, partner, one, "2024-10", "USD", 0, "0", lines=0)
    assert get_customer(installation, partner, one).margin_percentage == Decimal("10.00"), "an emptied one is none"
    zero = customer(installation, partner, "Nothing")
    recorded_statement(installation, partner, zero, "2024-09", "USD", 0, "1")
    assert get_customer(installation, partner, zero).margin_percentage is None
    recorded_statement(installation, partner, zero, "2024-09", "EUR", 0, "0")
    recorded_statement(installation, partner, zero, "2024-09", "JPY", 300, "270")
    shown = get_customer(installation, partner, zero).margin_percentage
    assert shown == Decimal("10.00"), "a currency without a price hides no other"


def test_a_change_of_terms_starts_after_the_last_issued_month(installation: Installation, partner: Caller) -> None:
    one = customer(installation, partner, "Azure Two")
    recorded_statement(installation, partner, one, "2024-12", "USD", 1, "1")
    with installation.database.reading() as connection:
        assert first_changeable_month(Scope.of(connection, partner), one) == "0000-00"
    recorded_statement(installation, partner, one, "2024-11", "USD", 1, "1", status="Final")
    with installation.database.writing() as connection:
        scope = Scope.of(connection, partner)
        assert first_changeable_month(scope, one) == "2024-12"
        issued = {"status": "Final", "issued_at": installation.clock()}
        connection.execute(update(statements).where(statements.c.status == "Estimated").values(**issued))
        assert first_changeable_month(scope, one) == "2025-01"


def test_terms_are_read_as_they_stand_in_the_month(installation: Installation, partner: Caller) -> None:
    one = customer(installation, partner, "Azure Two")
    later = CustomerTerms(one, True, Basis.BILLED)
    with installation.database.writing() as connection:
        scope = Scope.of(connection, partner)
        for basis in (Basis.LIST, Basis.BILLED):
            set_terms(scope, replace(later, basis=basis), "2024-11")
        assert terms_in_force(scope, [one], BillingMonth(2024, 10)) == {one: CustomerTerms(one, False)}
        assert terms_in_force(scope, [one], BillingMonth(2024, 11)) == {one: later}
    assert not get_customer(installation, partner, one).billing_enabled
    recorded_statement(installation, partner, one, "2024-10", "USD", 1, "1", status="Final")
    assert get_customer(installation, partner, one).billing_enabled
