"""A price book is tried on a real month: the price now, under the book, and the difference; nothing is stored."""

import threading
from pathlib import Path
from typing import Any

import pytest

from rebill.lake.places import Work, take_place
from rebill.model.dry_run import DryRunOrder, DryRunStatus
from rebill.model.errors import TooMany
from rebill.model.months import BillingMonth
from rebill.model.statement import StatementFilter
from rebill.services.billing.read_statements import every_statement
from rebill.services.trials.dry_run_price_book import dry_run_price_book, get_dry_run, interrupt_dry_runs
from tests.api.client import ApiClient
from tests.api.price_book_steps import XML, assigned, book, noted_dry_run, priced, september
from tests.api.world import CATALOGUE, SUBSCRIPTIONS, World

DRY_RUN = "/v1/price_books/dry_run"


def tried(api: ApiClient, **body: Any) -> dict[str, Any]:
    """A dry run that is done; how it is answered."""
    answer = api.put(DRY_RUN, body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert told["status"] == "done", told
    assert api.get(f"{DRY_RUN}/{told['dry_run_id']}").json() == told
    return told


def prices(told: dict[str, Any]) -> dict[str | None, tuple[str, str, str]]:
    """(today, under the book, difference) of each service, and of the whole as ``all``."""
    (currency,) = told["result"]["currencies"]
    rows = [*currency["services"], {**currency, "service": "all"}]
    return {row["service"]: (row["price_today"], row["price_under_book"], row["difference"]) for row in rows}


def test_a_dry_run_tells_the_difference_by_service(api: ApiClient, world: World) -> None:
    september(api, world)
    gold = book(api, specification=XML.format(percent="12.5"))["id"]
    body = {"price_book_id": gold, "target_client_api_id": world.customer_id, "month": "2024-09"}
    told = tried(api, **body, billing_account_owner_id="", upload_to_s3="true")
    assert told == {
        "message": "Dry run finished: nothing was stored in the month.",
        "dry_run_id": told["dry_run_id"],
        "status": "done",
        "result": {
            "price_book_id": gold,
            "target_client_api_id": world.customer_id,
            "month": "2024-09",
            "billing_account_owner_ids": ["ALL"],
            "currencies": [
                {
                    "currency": "USD",
                    "price_today": "111.00",
                    "price_under_book": "124.88",
                    "difference": "13.88",
                    "services": [
                        {
                            "service": "Storage",
                            "price_today": "11.00",
                            "price_under_book": "12.375",
                            "difference": "1.375",
                        },
                        {
                            "service": "Virtual Machines",
                            "price_today": "100.00",
                            "price_under_book": "112.50",
                            "difference": "12.50",
                        },
                    ],
                }
            ],
        },
    }


def test_today_is_priced_by_the_books_that_are_assigned(api: ApiClient, world: World) -> None:
    september(api, world)
    priced(api, assigned(api, world.customer_id, book(api, specification=XML.format(percent=20))["id"])["id"])
    tried_book = {"price_book_id": str(book(api)["id"]), "customer_id": str(world.customer_id), "month": "2024-09"}
    assert prices(tried(api, **tried_book))["all"] == ("133.20", "122.10", "-11.10")
    of_one = tried(api, **tried_book, billing_account_owner_id=SUBSCRIPTIONS[1].upper())
    # Only the 1 of the second subscription: 1.20 becomes 1.10.
    assert prices(of_one) == {
        "Storage": ("13.20", "13.10", "-0.10"),
        "Virtual Machines": ("120.00", "120.00", "0.00"),
        "all": ("133.20", "133.10", "-0.10"),
    }
    assert of_one["result"]["billing_account_owner_ids"] == [SUBSCRIPTIONS[1].upper()]


def test_a_book_is_tried_against_an_earlier_text_of_itself(api: ApiClient, world: World) -> None:
    september(api, world)
    gold = book(api)["id"]
    priced(api, assigned(api, world.customer_id, gold)["id"])
    same = {"price_book_id": gold, "client_api_id": world.customer_id, "month": "2024-09"}
    assert prices(tried(api, **same))["all"] == ("122.10", "122.10", "0.00")
    accounts = {"billing_account_owner_ids": f"{SUBSCRIPTIONS[0]},{SUBSCRIPTIONS[1]}"}
    assert prices(tried(api, **same, **accounts))["all"] == ("122.10", "122.10", "0.00")


def test_an_account_that_nobody_knows_is_named(api: ApiClient, world: World) -> None:
    september(api, world)
    asked = {"price_book_id": book(api)["id"], "client_api_id": world.customer_id, "month": "2024-09"}
    unknown = "is known neither from the catalogue nor from imported cost: nobody"
    one = api.put(DRY_RUN, {**asked, "billing_account_owner_id": "nobody"})
    assert (one.status_code, one.json()["fields"]) == (422, {"billing_account_owner_id": unknown})
    several = api.put(DRY_RUN, {**asked, "billing_account_owner_ids": ["nobody", SUBSCRIPTIONS[0]]})
    assert several.json()["fields"] == {"billing_account_owner_ids": unknown}
    # A billing account stands in the lines, a tenant in the catalogue, and a subscription may be written with its path.
    for known in ("Billing-Account-1", CATALOGUE[0], f"/subscriptions/{SUBSCRIPTIONS[2].upper()}"):
        assert api.put(DRY_RUN, {**asked, "billing_account_owner_id": known}).status_code == 200, known


def test_nothing_of_the_month_is_stored(api: ApiClient, world: World) -> None:
    september(api, world)
    lake = world.installation.lake_folder
    entries = api.get("/v1/audit_entries").headers["X-Total"]
    before = _files(lake)
    gold = book(api)["id"]
    tried(api, price_book_id=gold, client_api_id=world.customer_id, month="2024-09")
    assert list(every_statement(world.installation, world.partner, StatementFilter())) == []
    assert {file for file in _files(lake) - before if file.suffix != ".lock"} == set()
    # The book that was made, and no more.
    assert int(api.get("/v1/audit_entries").headers["X-Total"]) == int(entries) + 1


def _files(folder: Path) -> set[Path]:
    return {file for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"price_book_id", "target_client_api_id", "month"}),
        ({"price_book_id": 5, "customer_id": 6, "month": "2024-09"}, {"price_book_id", "customer_id", "month"}),
        ({"price_book_id": "BOOK", "client_api_id": "FOREIGN", "month": "2024-10"}, {"client_api_id", "month"}),
        ({"price_book_id": "BOOK", "client_api_id": "ID", "month": "09/2024"}, {"month"}),
        ({"price_book_id": "BOOK", "client_api_id": "ID", "upload_to_s3": "yes"}, {"month", "upload_to_s3"}),
    ],
)
def test_what_cannot_be_tried_is_refused_at_once(
    api: ApiClient, world: World, body: dict[str, Any], fields: set[str]
) -> None:
    stand_ins = {"BOOK": book(api)["id"], "ID": world.customer_id, "FOREIGN": world.foreign_customer_id}
    answer = api.put(DRY_RUN, {name: stand_ins.get(value, value) for name, value in body.items()})
    assert answer.status_code == 422
    assert answer.json()["fields"].keys() == fields


def test_what_is_not_ready_goes_on_and_can_be_asked_for(api: ApiClient, world: World) -> None:
    september(api, world)
    order = DryRunOrder(book(api)["id"], world.customer_id, BillingMonth(2024, 9))
    begun = dry_run_price_book(world.installation, world.partner, order, patience_seconds=0)
    for thread in threading.enumerate():
        if thread.name == f"dry run {begun.dry_run_id}":
            thread.join()
    told = api.get(f"{DRY_RUN}/{begun.dry_run_id}").json()
    assert told["status"] == "done"
    assert prices(told)["all"] == ("111.00", "122.10", "11.10")
    assert api.get(f"{DRY_RUN}/{begun.dry_run_id}?client_api_id={world.neighbour_id}").status_code == 404


def test_a_dry_run_is_running_while_somebody_works_on_it_and_interrupted_afterwards(
    api: ApiClient, world: World
) -> None:
    september(api, world)
    gold = book(api)["id"]
    place = take_place(world.installation.lake_folder, world.partner.partner_id, Work.DRY_RUN)
    assert place is not None
    noted = noted_dry_run(world, world.customer_id, gold, place.number)
    running = api.get(f"{DRY_RUN}/{noted}").json()
    assert (running["status"], running["result"]) == ("running", None)
    assert f"{DRY_RUN}/{noted}" in running["message"]
    place.leave()
    assert api.get(f"{DRY_RUN}/{noted}").json()["status"] == "interrupted"
    # Whoever works there next notes it in the record.
    tried(api, price_book_id=gold, client_api_id=world.customer_id, month="2024-09")
    found = get_dry_run(world.installation, world.partner, noted)
    assert (found.status, found.finished_at) == (DryRunStatus.INTERRUPTED, world.installation.clock())


def test_a_customer_without_charges_in_the_month_is_told_so(api: ApiClient, world: World) -> None:
    september(api, world)
    found = tried(api, price_book_id=book(api)["id"], client_api_id=world.neighbour_id, month="2024-09")
    assert (found["status"], found["result"]["currencies"]) == ("done", [])
    assert f"customer {world.neighbour_id} has no charge in 2024-09" in found["message"]


def test_a_server_that_is_told_to_stop_interrupts_its_dry_runs(api: ApiClient, world: World) -> None:
    september(api, world)
    order = DryRunOrder(book(api)["id"], world.customer_id, BillingMonth(2024, 9))
    begun = dry_run_price_book(world.installation, world.partner, order, patience_seconds=0)
    interrupt_dry_runs(world.installation)
    found = get_dry_run(world.installation, world.partner, begun.dry_run_id)
    assert found.status in (DryRunStatus.INTERRUPTED, DryRunStatus.DONE)
    assert bool(found.differences) == (found.status is DryRunStatus.DONE)
    place = take_place(world.installation.lake_folder, world.partner.partner_id, Work.DRY_RUN)
    assert place is not None
    place.leave()
    interrupt_dry_runs(world.installation)


def test_a_partner_has_two_places_and_another_one_its_own(api: ApiClient, world: World) -> None:
    september(api, world)
    lake, partner_id = world.installation.lake_folder, world.partner.partner_id
    places = [take_place(lake, partner_id, Work.DRY_RUN) for _ in range(2)]
    assert take_place(lake, partner_id, Work.DRY_RUN) is None
    assert take_place(lake, partner_id + 1, Work.DRY_RUN) is not None
    body = {"price_book_id": book(api)["id"], "client_api_id": world.customer_id, "month": "2024-09"}
    refused = api.put(DRY_RUN, body)
    assert (refused.status_code, refused.json()["code"]) == (429, "dry_runs_running")
    assert int(refused.headers["Retry-After"]) > 0
    order = DryRunOrder(body["price_book_id"], world.customer_id, BillingMonth(2024, 9))
    with pytest.raises(TooMany):
        dry_run_price_book(world.installation, world.partner, order)
    for place in places:
        assert place is not None
        place.leave()
    tried(api, **body)


def test_what_fails_says_why(api: ApiClient, world: World) -> None:
    september(api, world)
    for part in (world.installation.lake_folder / str(world.partner.partner_id) / "costs").rglob("*.parquet"):
        part.unlink()
    body = {"price_book_id": book(api)["id"], "client_api_id": world.customer_id, "month": "2024-09"}
    told = api.put(DRY_RUN, body).json()
    assert (told["status"], told["result"]) == ("failed", None)
    assert told["message"].startswith("Dry run failed: ")
    assert api.get(f"{DRY_RUN}/{told['dry_run_id']}").json() == told


def test_paths_of_dry_runs_are_no_books(api: ApiClient) -> None:
    wrong = api.get(DRY_RUN)
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "PUT")
    assert api.get(f"{DRY_RUN}/123456789").json()["code"] == "dry_run_not_found"
    assert api.get("/v1/price_books/dry_run/specification").status_code == 404
