"""The catalogue follows what Partner Center lists; nothing that was listed is ever lost."""

from datetime import timedelta
from pathlib import Path

import pytest

from rebill.model.errors import Forbidden, Invalid, NotFound
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.parties.catalogue import CatalogueImport, get_catalogue_account, import_catalogue, list_catalogue
from rebill.store.accounts import SeenAccount, known_accounts, remember_accounts
from rebill.store.scope import Scope
from tests.conftest import SettableClock
from tests.services.steps import assign, customer, listed


def test_new_changed_gone_and_back(installation: Installation, partner: Caller, clock: SettableClock) -> None:
    begun = clock.now
    assert listed(installation, partner, "a", "b", "c") == CatalogueImport(total=3, new=3, changed=0, gone=0)
    assert listed(installation, partner, "a", "b", "c") == CatalogueImport(total=3, new=0, changed=0, gone=0)
    clock.now += timedelta(days=1)
    assert listed(installation, partner, "A", "d") == CatalogueImport(total=2, new=1, changed=1, gone=2)
    found = {one.identifier: one for one in list_catalogue(installation, partner, Page()).items}
    assert {name: one.status for name, one in found.items()} == {
        "A": "active",
        "b": "gone",
        "c": "gone",
        "d": "active",
    }
    assert (found["A"].first_seen_at, found["A"].last_seen_at) == (begun, clock.now)
    assert (found["b"].first_seen_at, found["b"].last_seen_at) == (begun, begun)
    assert listed(installation, partner, "b", partial=True) == CatalogueImport(total=1, new=0, changed=1, gone=0)


def test_what_is_gone_can_still_be_assigned(installation: Installation, partner: Caller) -> None:
    listed(installation, partner, "a", "b")
    listed(installation, partner, "b")
    assert assign(installation, partner, customer(installation, partner, "X"), "a") == ["a: done [..., ...)"]


def test_an_account_keeps_its_id_through_everything(installation: Installation, partner: Caller) -> None:
    listed(installation, partner, "a")
    (before,) = list_catalogue(installation, partner, Page()).items
    listed(installation, partner)
    listed(installation, partner, "A")
    assert get_catalogue_account(installation, partner, before.account_id).identifier == "A"


def test_accounts_that_come_together_have_ids_in_the_order_shown(installation: Installation, partner: Caller) -> None:
    names = [f"account {number * 7919 % 97}" for number in range(97)]
    listed(installation, partner, *names)
    ids = [one.account_id for one in list_catalogue(installation, partner, Page(per_page=100)).items]
    assert ids == sorted(ids), "ten thousand that are assigned in that order are stored in half the time"


def test_the_catalogue_tells_who_has_what_today(installation: Installation, partner: Caller) -> None:
    listed(installation, partner, "a", "b", "c")
    own = customer(installation, partner, "X")
    assign(installation, partner, own, "b")
    assign(installation, partner, own, "c", effective_from="2024-12-01")

    def names(**more: object) -> set[str]:
        found = list_catalogue(installation, partner, Page(), **more)  # type: ignore[arg-type] # keywords by name
        assert found.total == len(found.items)
        return {one.identifier for one in found.items}

    assert names(assigned=True) == {"b"} == names(customer_id=own)
    assert names(assigned=False) == {"a", "c"}
    assert {one.assigned_to for one in list_catalogue(installation, partner, Page(), assigned=True).items} == {own}
    with pytest.raises(NotFound):
        names(customer_id=7)


def test_search_knows_no_case_and_no_wildcards(installation: Installation, partner: Caller) -> None:
    listed(installation, partner, "ÄRGER-1", "100%_x", "other")

    def names(text: str) -> list[str]:
        return [one.identifier for one in list_catalogue(installation, partner, Page(), text=text).items]

    assert names("ärger") == names("NAME OF ÄRGER") == ["ÄRGER-1"]
    assert names("%_") == names("0%") == ["100%_x"]
    assert names("_1") == names("nul\0") == []
    assert names("Other.EXAMPLE") == ["other"]


def test_the_catalogue_is_paged_by_number_and_by_key(installation: Installation, partner: Caller) -> None:
    listed(installation, partner, *(f"t{number}" for number in range(7)))
    every = [one.account_id for one in list_catalogue(installation, partner, Page()).items]
    first = list_catalogue(installation, partner, Page(per_page=3))
    then = list_catalogue(installation, partner, Page(per_page=10, after_id=first.last_id))
    assert [one.account_id for one in (*first.items, *then.items)] == every
    assert (first.total, first.more, then.total, then.more) == (7, True, None, False)
    with pytest.raises(Invalid):
        list_catalogue(installation, partner, Page(after_id=1))


def test_the_catalogue_stands_in_the_order_of_the_files(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    first = [f"t{number * 37 % 100}" for number in range(100)]
    listed(installation, partner, *first)
    # The same moment, then a later one: what is known keeps its place, what is new follows.
    listed(installation, partner, "z", *reversed(first), "y")
    clock.now += timedelta(microseconds=1)
    listed(installation, partner, "b", "z", "a")
    met: list[str] = []
    after_id: int | None = 0
    while after_id is not None:
        listing = list_catalogue(installation, partner, Page(per_page=7, after_id=after_id))
        met += [one.identifier for one in listing.items]
        after_id = listing.last_id if listing.more else None
    whole = [one.identifier for one in list_catalogue(installation, partner, Page(per_page=1000)).items]
    assert met == whole == [*first, "z", "y", "b", "a"]


def test_partners_have_catalogues_of_their_own(
    installation: Installation, partner: Caller, other_partner: Caller
) -> None:
    listed(installation, partner, "a", "b")
    assert listed(installation, other_partner, "a") == CatalogueImport(total=1, new=1, changed=0, gone=0)
    (theirs,) = list_catalogue(installation, other_partner, Page()).items
    for unseen in (theirs.account_id, 1, 2**64):
        with pytest.raises(NotFound):
            get_catalogue_account(installation, partner, unseen)
    assert [one.status for one in list_catalogue(installation, partner, Page()).items] == ["active", "active"]


def test_a_file_with_a_fault_changes_nothing(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    listed(installation, partner, "a")
    file = tmp_path / "customers.csv"
    file.write_text("azure_customer_id,name,domain\nb,B,b.example\n,Nobody,\n")
    with pytest.raises(Invalid) as refused:
        import_catalogue(installation, partner, file)
    assert refused.value.fields == {"row 3.azure_customer_id": "is required"}
    assert [one.identifier for one in list_catalogue(installation, partner, Page()).items] == ["a"]


def test_customers_keys_may_not_see_the_catalogue(installation: Installation, partner: Caller) -> None:
    own = Caller(partner.partner_id, Role.CUSTOMER_READ_ONLY, customer(installation, partner, "X"))
    with pytest.raises(Forbidden):
        list_catalogue(installation, own, Page())
    with pytest.raises(Forbidden):
        get_catalogue_account(installation, own, 1)


def test_subscriptions_are_remembered_bare_and_what_is_not_told_stays_known(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    kind = AccountKind.SUBSCRIPTION
    with installation.database.writing() as connection:
        scope = Scope.of(connection, partner)
        seen = [SeenAccount("/subscriptions/0E1-F", "Production"), SeenAccount("123456789012", "AWS")]
        assert remember_accounts(scope, kind, seen, clock.now).new == 2
        again = remember_accounts(scope, kind, [SeenAccount("0E1-F"), SeenAccount("0e1-f")], clock.now)
        assert (again.new, len(again.account_ids)) == (0, 1)
        known = known_accounts(scope, kind, ["0e1-f"])["0e1-f"]
        assert (known.spelling.lower(), known.name) == ("0e1-f", "Production")
        assert known_accounts(scope, AccountKind.AZURE_CUSTOMER, ["0e1-f"]) == {}
