"""Bad input at every door: nothing is lost or counted twice, and what is refused is refused whole and said."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.closing import ClosingAct, ClosingOrder
from rebill.model.customer import NewCustomer
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.billing.finalize_month import finalize_month
from rebill.services.billing.run_bill import run_bill
from rebill.services.parties.create_customer import create_customer
from tests.blob_server import BlobServer
from tests.services.doors import DOORS, TENANT, WORLD, Charge, Door, Parcel, Threshold
from tests.services.months import ADDRESS
from tests.services.steps import assign, listed


@pytest.fixture
def at(
    installation: Installation,
    partner: Caller,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    blob_server: BlobServer,
) -> Threshold:
    return Threshold(installation, partner, tmp_path, monkeypatch, blob_server)


@pytest.fixture(params=DOORS)
def door_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def door(at: Threshold, door_name: str) -> Door:
    return DOORS[door_name](at)


@pytest.fixture
def standing(at: Threshold, door: Door) -> Parcel:
    """A sound delivery of ten dollars that came before."""
    parcel = Parcel([Charge("4"), Charge("6")])
    assert door.take_in(parcel) == ""
    assert at.cost() == {"USD": 10}
    return parcel


def test_a_delivery_that_comes_twice_counts_once(at: Threshold, door: Door, standing: Parcel) -> None:
    before = at.in_force()
    assert door.take_in(standing) == ""
    assert [one.data_set_id for one in at.in_force()] == [one.data_set_id for one in before]
    assert door.take_in(replace(standing, age=2)) == ""
    assert at.cost() == {"USD": 10}


def test_of_deliveries_out_of_order_the_newest_stands(
    at: Threshold, door: Door, standing: Parcel, door_name: str
) -> None:
    """Nobody knows how old a file is that somebody hands over: of those the last one stands."""
    assert door.take_in(Parcel([Charge("7")], age=0)) == ""
    assert at.cost() == {"USD": 7 if door_name == "files" else 10}


def test_a_number_of_22_digits_is_kept_to_its_decimals_and_the_loss_is_counted(at: Threshold, door: Door) -> None:
    assert door.take_in(Parcel([Charge("0.1999968000511991808131"), Charge("1.250")])) == ""
    assert at.cost() == {"USD": Decimal("1.449996800051")}
    (one,) = at.in_force()
    assert sum(file.rounded_values for file in one.files) >= 1


def test_currencies_are_never_added_up(at: Threshold, door: Door) -> None:
    assert door.take_in(Parcel([Charge("1"), Charge("2", currency="EUR"), Charge("4", currency="JPY")])) == ""
    assert at.cost() == {"USD": 1, "EUR": 2, "JPY": 4}


# Values are judged where they are read: one kind of store tells, and a refused header does so on both.
@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize(
    "wrong",
    [
        Charge("1,5"),
        Charge("99999999999999999"),
        Charge("1", day="1924-09-02T00:00:00Z"),
        Charge("1", day="2124-09-02T00:00:00Z"),
        Charge("1", day="2 September 2024"),
        Charge("1", currency="Dollars"),
    ],
    ids=lambda wrong: f"{wrong.cost} {wrong.day[:10]} {wrong.currency}",
)
def test_one_value_that_cannot_be_read_keeps_the_whole_delivery_out(
    at: Threshold, door: Door, standing: Parcel, wrong: Charge
) -> None:
    before = at.in_force()
    assert "1 of 3 rows" in door.take_in(Parcel([Charge("5"), wrong, Charge("6")], age=2))
    assert at.in_force() == before


def test_a_header_in_another_language_is_refused_with_what_it_lacks(
    at: Threshold, door: Door, standing: Parcel, door_name: str
) -> None:
    before = at.in_force()
    name = "BillingPreTaxTotal" if door_name == "billing export" else "BilledCost"
    assert f"lacks {name}" in door.take_in(replace(standing, age=2, renamed=name))
    assert at.in_force() == before


def test_two_layouts_in_one_delivery_are_refused_together(at: Threshold, door: Door, standing: Parcel) -> None:
    before = at.in_force()
    said = door.take_in(replace(standing, age=2, stranger=True))
    assert "others.csv.gz" in said or "part-00001" in said
    assert at.in_force() == before


# Where a file ends is seen where it is read, too.
@pytest.mark.parametrize("store", ["sqlite"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_delivery_that_is_cut_off_anywhere_is_not_there_at_all(
    at: Threshold, door: Door, standing: Parcel, part: float
) -> None:
    before = at.in_force()
    cut = replace(standing, age=2, spoiled=lambda whole: whole[: int(len(whole) * part)])
    assert door.take_in(cut) != ""
    assert at.in_force() == before
    assert door.take_in(replace(standing, age=3)) == ""
    assert at.cost() == {"USD": 10}


def test_rows_of_a_closed_month_become_its_correction(at: Threshold, door: Door, standing: Parcel) -> None:
    listed(at.installation, at.caller, TENANT)
    made = create_customer(at.installation, at.caller, NewCustomer("First", ADDRESS, billing_enabled=True))
    assign(at.installation, at.caller, made.customer_id, TENANT)
    run_bill(at.installation, at.caller, WORLD.month)
    order = ClosingOrder(ClosingAct.FINALIZE, WORLD.month, made.customer_id, "The test issues what there is.")
    (issued,) = finalize_month(at.installation, at.caller, order).documents
    late = Parcel([*standing.charges, Charge("2.50")], age=2)
    assert door.take_in(late) == ""
    run = run_bill(at.installation, at.caller, WORLD.month)
    (pending,) = run.pending
    assert pending.recomputed_minor_units - pending.issued_minor_units == 250
    assert pending.statement_id == issued.statement_id
