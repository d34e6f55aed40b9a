"""Books assigned to customers, and accounts to books: what published clients send, and at most one book an account."""

from typing import Any

import pytest

from tests.api.client import ApiClient
from tests.api.price_book_steps import ACCOUNTS, ASSIGNMENTS, assigned, book, priced
from tests.api.world import World


def owners(api: ApiClient, query: str = "") -> list[str]:
    """The accounts that are priced by some book, in order of creation or not: sorted."""
    found = api.get(f"{ACCOUNTS}{query}").json()["price_book_account_assignments"]
    return sorted(one["billing_account_owner_id"] for one in found)


def test_an_assignment_is_answered_bare_with_every_documented_key(api: ApiClient, world: World) -> None:
    gold = book(api)["id"]
    for field in ("target_client_api_id", "client_api_id", "customer_id"):
        answer = api.post(ASSIGNMENTS, {"price_book_id": str(gold), field: str(world.customer_id)})
        made = answer.json()
        assert answer.status_code == 201
        assert made == {
            "id": made["id"],
            "price_book_id": gold,
            "target_client_api_id": world.customer_id,
            "created_at": "2024-10-15T12:00:00Z",
            "updated_at": "2024-10-15T12:00:00Z",
            "start_month": None,
            "end_month": None,
        }
        path = f"{ASSIGNMENTS}/{made['id']}"
        assert api.get(path).json() == made
        assert api.get(ASSIGNMENTS).json() == {"price_book_assignments": [made]}
        assert api.delete(path).status_code == 204
        assert {api.delete(path).status_code, api.get(path).status_code} == {404}


def test_paths_without_a_version_are_the_same(api: ApiClient, world: World) -> None:
    made = assigned(api, world.customer_id)
    account = priced(api, made["id"])
    for prefix in ("", "/v1/v1"):
        assert api.get(f"{prefix}/price_book_assignments/?page=1&per_page=50").json() == {
            "price_book_assignments": [made]
        }
        assert api.get(f"{prefix}/price_book_assignments/{made['id']}").json() == made
        assert api.get(f"{prefix}/price_book_account_assignments/{account['id']}").json() == account


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"price_book_id", "target_client_api_id"}),
        ({"price_book_id": 5, "customer_id": 123456789}, {"price_book_id", "customer_id"}),
        ({"price_book_id": "x", "client_api_id": True}, {"price_book_id", "client_api_id"}),
        ({"price_book_id": "BOOK", "target_client_api_id": "FOREIGN"}, {"target_client_api_id"}),
        ({"price_book_id": "BOOK", "target_client_api_id": "ID", "customer_id": 5}, {"customer_id"}),
        (
            {"price_book_id": "BOOK", "client_api_id": "ID", "start_month": "2024-11", "end_month": "2024-10"},
            {"end_month"},
        ),
        ({"price_book_id": "BOOK", "client_api_id": "ID", "start_month": "November"}, {"start_month"}),
    ],
)  # fmt: skip
def test_a_faulty_assignment_is_refused(api: ApiClient, world: World, body: dict[str, Any], fields: set[str]) -> None:
    stand_ins = {"BOOK": book(api)["id"], "ID": world.customer_id, "FOREIGN": world.foreign_customer_id}
    answer = api.post(ASSIGNMENTS, {name: stand_ins.get(value, value) for name, value in body.items()})
    assert answer.status_code == 422
    assert answer.json()["fields"].keys() == fields
    assert api.get(ASSIGNMENTS).json() == {"price_book_assignments": []}


def test_the_list_is_narrowed_by_query_or_by_the_body_of_a_get(api: ApiClient, world: World) -> None:
    one, two = assigned(api, world.customer_id), assigned(api, world.neighbour_id)
    of_one = {"price_book_assignments": [one]}
    for query in ("target_client_api_id", "client_api_id"):
        assert api.get(f"{ASSIGNMENTS}?{query}={world.customer_id}").json() == of_one
    for field in ("target_client_api_id", "client_api_id", "customer_id"):
        for value in (world.customer_id, str(world.customer_id)):
            assert api.get(ASSIGNMENTS, json={field: value}).json() == of_one
    assert api.get(ASSIGNMENTS, json={"unknown": 1}).headers["X-Total"] == "2"
    assert api.get(ASSIGNMENTS, json={"target_client_api_id": 123456789}).json() == {"price_book_assignments": []}
    foreign = {"target_client_api_id": world.foreign_customer_id}
    assert api.get(ASSIGNMENTS, json=foreign).json() == {"price_book_assignments": []}
    both = api.get(f"{ASSIGNMENTS}?target_client_api_id={world.customer_id}", json={"customer_id": world.neighbour_id})
    assert both.json()["fields"].keys() == {"target_client_api_id"}
    assert api.get(ASSIGNMENTS, content=b"{").status_code == 422
    assert api.get(ASSIGNMENTS, json={"target_client_api_id": "x"}).json()["fields"].keys() == {"target_client_api_id"}
    # Elsewhere the body of a GET is ignored, whatever it is.
    assert api.get(f"{ASSIGNMENTS}/{two['id']}", content=b"{").json() == two


def test_a_book_is_assigned_to_a_customer_once_in_a_month(api: ApiClient, world: World) -> None:
    gold = book(api)["id"]
    first = assigned(api, world.customer_id, gold, start_month="2024-10", end_month="2024-12")
    again = api.post(ASSIGNMENTS, {"price_book_id": gold, "client_api_id": world.customer_id})
    assert again.json()["fields"] == {
        "price_book_id": f"is assigned to this customer already, by assignment {first['id']}"
    }
    later = assigned(api, world.customer_id, gold, start_month="2025-01")
    assert (later["start_month"], later["end_month"]) == ("2025-01", None)
    longer = api.put(f"{ASSIGNMENTS}/{first['id']}", {"end_month": ""})
    assert longer.json()["fields"].keys() == {"price_book_id"}
    assigned(api, world.neighbour_id, gold)


def test_a_change_is_partial_and_keeps_the_customer(api: ApiClient, world: World) -> None:
    made = assigned(api, world.customer_id)
    path = f"{ASSIGNMENTS}/{made['id']}"
    silver = book(api)["id"]
    changed = api.put(path, {"price_book_id": silver, "end_month": "2025-03"}).json()
    assert changed == {**made, "price_book_id": silver, "end_month": "2025-03"}
    assert api.put(path, {"end_month": ""}).json() == {**changed, "end_month": None}
    assert api.put(path, {"target_client_api_id": world.customer_id}).status_code == 200
    other = api.put(path, {"customer_id": world.neighbour_id, "price_book_id": 5})
    assert other.json()["fields"].keys() == {"customer_id", "price_book_id"}
    assert api.put(f"{ASSIGNMENTS}/123456789", {"price_book_id": "x"}).status_code == 404
    wrong = f"{path}?client_api_id={world.neighbour_id}"
    assert {api.get(wrong).status_code, api.put(wrong, {}).status_code, api.delete(wrong).status_code} == {404}


def test_all_is_answered_bare_and_named_accounts_in_a_list(api: ApiClient, world: World) -> None:
    made = assigned(api, world.customer_id)
    for sent in ("ALL", ["ALL"], " all "):
        bare = priced(api, made["id"], sent)
        assert bare == {
            "id": bare["id"],
            "target_client_api_id": world.customer_id,
            "price_book_assignment_id": made["id"],
            "billing_account_owner_id": "ALL",
        }
        assert api.get(f"{ACCOUNTS}/{bare['id']}").json() == bare
        assert api.delete(f"{ACCOUNTS}/{bare['id']}").status_code == 204
    (single,) = priced(api, made["id"], 12345)["price_book_account_assignments"]
    assert single["billing_account_owner_id"] == "12345"
    several = api.post(
        ACCOUNTS,
        {
            "price_book_assignment_id": str(made["id"]),
            "billing_account_owner_ids": "343243, 3432423,343243",
            "target_client_api_id": str(world.customer_id),
        },
    )
    assert several.status_code == 201
    told = several.json()["price_book_account_assignments"]
    assert [one["billing_account_owner_id"] for one in told] == ["343243", "3432423"]
    body = {"price_book_assignment_id": made["id"], "billing_account_owner_ids": ["A", 7]}
    assert api.post(ACCOUNTS, body).status_code == 201
    priced(api, made["id"])
    assert owners(api) == ["12345", "3432423", "343243", "7", "A", "ALL"]
    assert owners(api, f"?target_client_api_id={world.neighbour_id}") == []


def test_an_account_does_not_pass_to_another_book_by_a_change(api: ApiClient, world: World) -> None:
    gold, silver = assigned(api, world.customer_id), assigned(api, world.customer_id)
    (account,) = priced(api, gold["id"], "abc")["price_book_account_assignments"]
    path = f"{ACCOUNTS}/{account['id']}"
    refused = api.put(path, {"price_book_assignment_id": silver["id"], "billing_account_owner_id": "xyz"})
    assert (refused.status_code, refused.json()["fields"].keys()) == (422, {"price_book_assignment_id"})
    assert api.get(path).json() == account
    changed = api.put(path, {"price_book_assignment_id": str(gold["id"]), "billing_account_owner_id": "xyz"}).json()
    assert changed == {**account, "billing_account_owner_id": "xyz"}


def test_an_account_of_a_customer_has_one_book(api: ApiClient, world: World) -> None:
    gold, silver = assigned(api, world.customer_id), assigned(api, world.customer_id)
    priced(api, gold["id"])
    named = priced(api, gold["id"], ["/subscriptions/ABC", "org:tenant"])["price_book_account_assignments"]
    body = {"price_book_assignment_id": silver["id"], "billing_account_owner_ids": ["new", "abc", "Tenant", "ALL"]}
    refused = api.post(ACCOUNTS, body)
    assert refused.status_code == 422
    taken = refused.json()["fields"]
    assert taken.keys() == {f"billing_account_owner_ids[{place}]" for place in (1, 2, 3)}
    assert taken["billing_account_owner_ids[1]"] == f"has a price book already, by account assignment {named[0]['id']}"
    assert "new" not in owners(api)
    # Another customer's accounts are its own.
    priced(api, assigned(api, world.neighbour_id)["id"], "abc")
    api.delete(f"{ACCOUNTS}/{named[0]['id']}")
    priced(api, silver["id"], "abc")


def test_an_account_may_have_one_book_after_another(api: ApiClient, world: World) -> None:
    early = assigned(api, world.customer_id, end_month="2024-12")
    late = assigned(api, world.customer_id, start_month="2025-01")
    priced(api, early["id"])
    priced(api, late["id"])
    longer = api.put(f"{ASSIGNMENTS}/{early['id']}", {"end_month": "2025-01"})
    assert longer.json()["fields"].keys() == {"end_month"}
    assert api.put(f"{ASSIGNMENTS}/{early['id']}", {"end_month": "2024-11"}).status_code == 200


def test_ending_a_books_assignment_ends_those_of_its_accounts(api: ApiClient, world: World) -> None:
    gold, silver = assigned(api, world.customer_id), assigned(api, world.customer_id)
    priced(api, gold["id"])
    priced(api, gold["id"], ["a", "b"])
    kept = priced(api, silver["id"], "c")["price_book_account_assignments"]
    assert api.delete(f"{ASSIGNMENTS}/{gold['id']}", headers={"Accept": "application/json"}).json() == {}
    assert api.get(ACCOUNTS).json() == {"price_book_account_assignments": kept}
    assert priced(api, silver["id"])["billing_account_owner_id"] == "ALL"


def test_what_a_deleted_customer_had_is_neither_listed_nor_changed(api: ApiClient, world: World) -> None:
    gold = book(api)["id"]
    gone = assigned(api, world.customer_id, gold)
    account = priced(api, gone["id"])
    stays = assigned(api, world.neighbour_id)
    assert api.delete(f"/v1/customers/{world.customer_id}").status_code == 204
    listed = api.get(ASSIGNMENTS)
    assert (listed.json(), listed.headers["X-Total"]) == ({"price_book_assignments": [stays]}, "1")
    assert api.get(f"{ASSIGNMENTS}?target_client_api_id={world.customer_id}").json() == {"price_book_assignments": []}
    assert api.get(ACCOUNTS).json() == {"price_book_account_assignments": []}
    for path in (f"{ASSIGNMENTS}/{gone['id']}", f"{ACCOUNTS}/{account['id']}"):
        assert api.get(path).status_code == 404
        assert api.put(path, {"end_month": "2024-11", "billing_account_owner_id": "a"}).status_code == 404
        assert api.delete(path).status_code == 404
    body = {"price_book_assignment_id": gone["id"], "billing_account_owner_id": "more"}
    assert api.post(ACCOUNTS, body).json()["fields"].keys() == {"price_book_assignment_id"}
    # Who pages by id goes on behind it.
    assert api.get(f"{ASSIGNMENTS}?after_id={gone['id']}").status_code == 200
    # Its book is nobody's any more.
    assert api.delete(f"/v1/price_books/{gold}").status_code == 204


def test_an_account_assignment_can_be_of_another_account(api: ApiClient, world: World) -> None:
    made = assigned(api, world.customer_id)
    (one, two) = priced(api, made["id"], ["one", "two"])["price_book_account_assignments"]
    path = f"{ACCOUNTS}/{one['id']}"
    assert api.put(path, {"billing_account_owner_id": "ONE"}).json() == {**one, "billing_account_owner_id": "ONE"}
    assert api.put(path, {"billing_account_owner_id": "TWO"}).json()["fields"].keys() == {"billing_account_owner_id"}
    assert api.put(path, {}).json()["billing_account_owner_id"] == "ONE"
    assert api.put(path, {"billing_account_owner_id": ["ALL"]}).json() == {**one, "billing_account_owner_id": "ALL"}
    assert api.put(path, {"billing_account_owner_ids": "a,b"}).status_code == 422
    assert api.put(f"{ACCOUNTS}/123456789", {"billing_account_owner_id": ""}).status_code == 404
    assert two["billing_account_owner_id"] in owners(api)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"price_book_assignment_id", "billing_account_owner_id"}),
        ({"price_book_assignment_id": "ID"}, {"billing_account_owner_id"}),
        ({"price_book_assignment_id": 123456789, "billing_account_owner_id": "ALL"}, {"price_book_assignment_id"}),
        ({"price_book_assignment_id": "ID", "billing_account_owner_id": " "}, {"billing_account_owner_id[0]"}),
        ({"price_book_assignment_id": "ID", "billing_account_owner_id": []}, {"billing_account_owner_id"}),
        (
            {"price_book_assignment_id": "ID", "billing_account_owner_ids": ["a", "b\n\x07", "x" * 256, 1.5]},
            {f"billing_account_owner_ids[{place}]" for place in (1, 2, 3)},
        ),
        (
            {"price_book_assignment_id": "ID", "billing_account_owner_id": "a", "billing_account_owner_ids": ["b"]},
            {"billing_account_owner_ids"},
        ),
        (
            {"price_book_assignment_id": "ID", "billing_account_owner_id": "a", "target_client_api_id": "OTHER"},
            {"target_client_api_id"},
        ),
    ],
)
def test_faulty_accounts_are_refused(api: ApiClient, world: World, body: dict[str, Any], fields: set[str]) -> None:
    stand_ins = {"ID": assigned(api, world.customer_id)["id"], "OTHER": world.neighbour_id}
    sent = {name: stand_ins.get(value, value) if isinstance(value, str) else value for name, value in body.items()}
    answer = api.post(ACCOUNTS, sent)
    assert answer.status_code == 422
    assert answer.json()["fields"].keys() == fields
    assert owners(api) == []


def test_ten_thousand_accounts_at_once(api: ApiClient, world: World) -> None:
    made = assigned(api, world.customer_id)
    ids = [f"subscription-{number}" for number in range(10_000)]
    answer = api.post(ACCOUNTS, {"price_book_assignment_id": made["id"], "billing_account_owner_ids": ids})
    assert answer.status_code == 201
    told = answer.json()["price_book_account_assignments"]
    assert [one["billing_account_owner_id"] for one in told] == ids
    assert api.get(f"{ACCOUNTS}?per_page=1000").json()["price_book_account_assignments"] == told[:1000]
    more = {"price_book_assignment_id": made["id"], "billing_account_owner_ids": [*ids, "one more"]}
    assert api.post(ACCOUNTS, more).json()["fields"].keys() == {"billing_account_owner_ids"}
