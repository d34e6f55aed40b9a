"""Allocations over the API: one list at a time, all or nothing, listed by kind, dry runs, and nothing for customers."""

from tests.api.client import ApiClient
from tests.api.world import World

ADD = "/v1/cost_allocations/add"
LIST = "/v1/cost_allocations/list"


def test_a_commitment_is_allocated_and_listed(api: ApiClient, world: World) -> None:
    answer = api.put(f"{ADD}/{world.customer_id}", {"commitment_discount_ids": [" Reservation-1"]})
    days = {"effective_from": None, "effective_to": None}
    entry = {"kind": "commitment", "id": "reservation-1", **days, "done": True, "would": True}
    assert answer.status_code == 200
    assert answer.json() == {"client_api_id": world.customer_id, "allocations": [entry]}
    listed = {"client_api_id": world.customer_id, "customer": "Indigo", "kind": "commitment", "id": "reservation-1"}
    assert api.get(LIST).json() == {"allocations": [{**listed, **days}]}
    assert api.get(f"{LIST}/{world.neighbour_id}").json() == {"allocations": []}
    assert api.get(LIST, params={"kind": "charge_kind"}).json() == {"allocations": []}


def test_a_dry_run_stores_nothing_and_an_end_has_its_day(api: ApiClient, world: World) -> None:
    kinds = {"charge_kinds": ["purchase"]}
    (tried,) = api.put(f"{ADD}/{world.customer_id}?dry_run=true", kinds).json()["allocations"]
    assert (tried["done"], tried["would"]) == (False, True)
    api.put(f"{ADD}/{world.customer_id}?effective_from=2024-09-01", kinds)
    ended = api.put(f"/v1/cost_allocations/remove/{world.customer_id}?effective_to=2024-10-01", kinds).json()
    assert [(one["effective_from"], one["effective_to"]) for one in ended["allocations"]] == [
        ("2024-09-01", "2024-10-01")
    ]
    moved = api.put(f"/v1/cost_allocations/move/{world.neighbour_id}?effective_from=2024-10-01", kinds).json()
    assert [one["effective_from"] for one in moved["allocations"]] == ["2024-10-01"]


def test_one_fault_and_nothing_is_stored(api: ApiClient, world: World) -> None:
    answer = api.put(f"{ADD}/{world.customer_id}", {"charge_kinds": ["purchase", "rent"]})
    assert answer.status_code == 422
    assert answer.json()["code"] == "allocations_refused"
    assert answer.json()["fields"] == {"charge_kinds[1]": "charge_kind not found"}
    assert api.get(LIST, params={"kind": "charge_kind"}).json() == {"allocations": []}


def test_a_body_names_one_of_the_two_lists(api: ApiClient, world: World) -> None:
    both = {"charge_kinds": ["purchase"], "commitment_discount_ids": ["reservation-1"]}
    bodies: list[dict[str, object]] = [{}, {"charge_kinds": []}, {"charge_kinds": ["purchase"], "book": 1}, {**both}]
    for body in bodies:
        assert api.put(f"{ADD}/{world.customer_id}", body).status_code == 422
