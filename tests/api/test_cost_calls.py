"""Imported cost over the API: what came in, what of it could not be read, and a month beside the former tool's."""

import csv
import io

from rebill.services.billing.run_bill import run_bill
from tests.api.client import ApiClient
from tests.api.cost_steps import imported
from tests.api.proof_steps import proven_month
from tests.api.world import World
from tests.services.accountant import cost
from tests.services.months import SEPTEMBER

CSV = {"Content-Type": "text/csv; charset=utf-8"}


def _ids(api: ApiClient, query: str = "") -> list[int]:
    return [one["id"] for one in api.get(f"/v1/data_sets{query}").json()["data_sets"]]


def test_imports_are_listed_by_month_and_replaced_ones_where_they_are_asked_for(api: ApiClient, world: World) -> None:
    first = imported(world, world.customer_id, "export")
    other = imported(world, world.customer_id)
    # Both came at one moment.
    assert sorted(_ids(api, "?billing_period=2024-09")) == sorted(_ids(api)) == sorted([first, other])
    assert _ids(api, "?billing_period=2024-08") == []
    proven = proven_month(world)
    proven.accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "11", proven.subscription), scope=proven.scope)
    in_force, ever = set(_ids(api)), set(_ids(api, "?history=true"))
    (replaced,) = ever - in_force
    shown = api.get(f"/v1/data_sets/{replaced}").json()
    assert (shown["scope"], shown["replaced_at"] is None) == (proven.scope, False)
    assert api.get(f"/v1/data_sets/{first}").json()["sums"] == [
        {"currency": "USD", "partner_cost": "2.500000000000", "tie_out_rows": 0, "tie_out_cost": "0"}
    ]


def test_rows_that_could_not_be_read_are_answered_and_to_be_had_as_a_file(api: ApiClient, world: World) -> None:
    data_set_id = imported(world, world.customer_id)
    path = f"/v1/data_sets/{data_set_id}/rejects"
    told = api.get(path).json()
    assert (told["data_set_id"], told["reject_count"]) == (data_set_id, 1)
    (reject,) = told["rejects"]
    assert (reject["row"], reject["code"]) == (2, "not_a_number")
    file = api.get(path, headers={"Accept": "text/csv"})
    assert file.headers["Content-Disposition"] == f'attachment; filename="rejects {data_set_id}.csv"'
    (row,) = csv.DictReader(io.StringIO(file.text))
    assert (row["row"], row["code"], row["column"]) == ("2", "not_a_number", reject["column"])
    # A spreadsheet would compute what begins with a sign of equality.
    assert not any(value.startswith("=") for value in row.values())


def test_a_parallel_run_takes_the_former_totals_as_csv_or_in_json(api: ApiClient, world: World) -> None:
    proven = proven_month(world)
    name = f"Proven {proven.scope}"
    path = "/v1/month_comparison?billing_period=2024-09"
    totals = f"customer,currency,total\r\n{proven.customer_id},USD,10.00\r\nGone Ltd,USD,7\r\n"
    as_csv = api.request("PUT", path, content=f"\N{ZERO WIDTH NO-BREAK SPACE}{totals}".encode(), headers=CSV)
    assert as_csv.status_code == 200, as_csv.text
    assert as_csv.json() == api.put(path, {"totals": totals}).json()
    by_customer = {one["customer"]: one for one in as_csv.json()["totals"]}
    assert (by_customer[name]["former"], by_customer[name]["missing"]) == ("10.00", None)
    assert (by_customer["Gone Ltd"]["customer_id"], by_customer["Gone Ltd"]["missing"]) == (None, "rebill")
    narrowed = api.put(f"{path}&client_api_id={proven.customer_id}", {"totals": totals}).json()["totals"]
    assert [one["customer"] for one in narrowed] == [name]


def test_former_totals_that_cannot_be_read_are_refused_by_their_places(api: ApiClient) -> None:
    path = "/v1/month_comparison?billing_period=2024-09"

    def fields(content: bytes, **headers: str) -> set[str]:
        answer = api.request("PUT", path, content=content, headers={**CSV, **headers})
        assert answer.status_code == 422, answer.text
        return set(answer.json()["fields"])

    faulty = b"customer,currency,total\nA,USD,1\n,USD,1\nB,XYZ,1\nC,USD,much\n"
    assert fields(faulty) == {"totals[row 2]", "totals[row 3]", "totals[row 4]"}
    assert fields(b"name;sum\n") == fields(b'customer,currency,total\n"A') == {"totals"}
    assert fields(b"\xff\xfe") == fields(b"a", **{"Content-Encoding": "gzip"}) == {"body"}
    assert fields(b"customer", **{"Content-Type": "text/csv; charset=latin1"}) == {"body"}
    assert fields(b"customer,currency,total\n", **{"Content-Type": "text/plain"}) == {"body"}
    # Where nothing says that CSV may come, it may not.
    assert api.request("POST", "/v1/users", content=faulty, headers=CSV).json()["fields"].keys() == {"body"}


def test_a_month_is_verified_whole_and_by_customer(api: ApiClient, world: World) -> None:
    not_run = api.get("/v1/month_verification?billing_period=2024-09")
    assert (not_run.status_code, not_run.json()["code"]) == (409, "month_not_run")
    proven = proven_month(world)
    run_bill(world.installation, world.partner, SEPTEMBER)
    whole = api.get("/v1/month_verification?billing_period=2024-09").json()
    assert (whole["equal"], whole["missing"]) == (True, [])
    assert proven.customer_id in {one["customer_id"] for one in whole["statements"]}
    path = f"/v1/month_verification?billing_period=2024-09&client_api_id={proven.customer_id}"
    assert {one["customer_id"] for one in api.get(path).json()["statements"]} == {proven.customer_id}
