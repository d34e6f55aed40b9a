"""Price books over HTTP: kept byte for byte, refused with every fault by line and rule."""

import hashlib
from typing import Any

import pytest

from tests.api.client import ApiClient
from tests.api.price_book_steps import BOOKS, SPECIFICATION, XML, assigned, book, sent_book
from tests.api.world import World

ODD = "\ufeff" + SPECIFICATION.replace("\n", "\r\n").replace("Everything", "Fu\u0308r\talle &amp; \U0001f4b6")

YAML = """\
# Everything costs ten percent more.
date: 2024-10-01
RuleGroup:
  BillingRule:
    name: Everything
    percentIncrease: 10
"""


def test_a_book_is_answered_with_every_documented_key(api: ApiClient) -> None:
    answer = api.post(BOOKS, {**sent_book("Gold tier"), "unknown": "ignored"})
    assert answer.status_code == 201
    gold = answer.json()["price_book"]
    assert answer.json().keys() == {"price_book"}
    assert 10**8 <= gold["id"] < 10**9
    assert gold == {
        "id": gold["id"],
        "book_name": "Gold tier",
        "file_hash": hashlib.sha256(SPECIFICATION.encode()).hexdigest()[:32],
        "created_at": "2024-10-15T12:00:00Z",
        "updated_at": "2024-10-15T12:00:00Z",
    }
    assert api.get(f"{BOOKS}/{gold['id']}").json() == gold
    listed = api.get(BOOKS)
    assert listed.json() == [gold]
    assert listed.headers["X-Total"] == "1"


@pytest.mark.parametrize("text", [SPECIFICATION, ODD, YAML], ids=["xml", "odd", "yaml"])
def test_a_specification_comes_back_byte_for_byte(api: ApiClient, text: str) -> None:
    made = book(api, "Odd", text)
    got = api.get(f"{BOOKS}/{made['id']}/specification")
    assert got.json() == {"specification": text}
    assert made["file_hash"] == hashlib.sha256(text.encode()).hexdigest()[:32]


def test_every_fault_is_told_by_line_and_rule(api: ApiClient) -> None:
    book(api, "Gold tier")
    faulty = XML.format(percent="-1").replace('productName="ANY"', 'productName="ANY" colour="red"')
    answer = api.post(f"{BOOKS}?dryrun=true", sent_book("Gold tier", faulty))
    assert answer.status_code == 422
    fields = answer.json()["fields"]
    assert {"dryrun", "book_name"} <= fields.keys()
    assert {name for name in fields if name.startswith("specification")} == {
        "specification[line 5]",
        "specification[line 6]",
    }
    assert "rule 1 (Everything)" in fields["specification[line 5]"]
    assert len(api.get(BOOKS).json()) == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"book_name", "specification"}),
        ({"book_name": "", "specification": SPECIFICATION}, {"book_name"}),
        ({"book_name": "x" * 256, "specification": None}, {"book_name", "specification"}),
        ({"book_name": 7, "specification": ["<xml>"]}, {"book_name", "specification"}),
        ({"book_name": "A", "specification": ""}, {"specification[line 1]"}),
        ({"book_name": "A", "specification": "<a>\x00</a>"}, {"specification"}),
        ({"book_name": "A", "specification": "<!DOCTYPE a><a/>"}, {"specification[line 1]"}),
    ],
)
def test_a_faulty_book_is_refused(api: ApiClient, body: dict[str, Any], fields: set[str]) -> None:
    answer = api.post(BOOKS, body)
    assert answer.status_code == 422
    assert answer.json()["fields"].keys() == fields
    assert api.get(BOOKS).json() == []


def test_a_change_is_answered_bare_and_touches_what_it_names(api: ApiClient, world: World) -> None:
    gold, silver = book(api, "Gold tier"), book(api, "Silver tier")
    path = f"{BOOKS}/{gold['id']}"
    text = XML.format(percent=20)
    changed = api.put(path, {"specification": text}).json()
    assert changed == {**gold, "file_hash": hashlib.sha256(text.encode()).hexdigest()[:32]}
    assert api.get(f"{path}/specification").json() == {"specification": text}
    renamed = api.put(path, {"book_name": "Platinum", "id": 7, "status": "x"}).json()
    assert renamed == {**changed, "book_name": "Platinum"}
    assert api.put(path, {}).json() == renamed
    assert api.put(path, {"book_name": "Platinum", "specification": text}).json() == renamed
    taken = api.put(path, {"book_name": "Silver tier", "specification": "<a/>"})
    assert taken.json()["fields"].keys() == {"book_name", "specification[line 1]"}
    assert api.get(path).json() == renamed
    assert api.get(f"{BOOKS}?page=2&per_page=1").json()[0]["id"] in (gold["id"], silver["id"])


def test_a_book_in_use_is_not_deleted(api: ApiClient, world: World) -> None:
    gold = book(api, "Gold tier")
    path = f"{BOOKS}/{gold['id']}"
    assignment = assigned(api, world.customer_id, gold["id"])
    refused = api.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (422, "price_book_in_use")
    assert api.delete(f"/v1/price_book_assignments/{assignment['id']}").status_code == 204
    assert api.delete(path, headers={"Accept": "application/json"}).json() == {}
    assert {api.delete(path).status_code, api.get(path).status_code, api.get(f"{path}/specification").status_code} == {
        404
    }
    assert book(api, "Gold tier")["id"] != gold["id"]


def test_bodies_of_books_may_have_32_mebibytes_and_no_other(api: ApiClient, world: World) -> None:
    half = "<!--" + "x" * (17 * 1024**2) + "-->"
    large = SPECIFICATION.replace("<RuleGroup>", f"{half}<RuleGroup>")
    assert api.post(BOOKS, sent_book("Large", large)).status_code == 201
    twice = SPECIFICATION.replace("<RuleGroup>", f"{half}{half}<RuleGroup>")
    too_large = api.post(BOOKS, sent_book("Too large", twice))
    assert (too_large.status_code, too_large.json()["code"]) == (413, "body_too_large")
    assert "32 MiB" in too_large.json()["error"]
    other = api.post("/v1/price_book_assignments", {"comment": half})
    assert other.status_code == 413
    assert "16 MiB" in other.json()["error"]


def test_the_list_can_be_narrowed_to_a_customer(api: ApiClient, world: World) -> None:
    gold, silver = book(api, "Gold tier"), book(api, "Silver tier")
    assigned(api, world.customer_id, gold["id"])
    assigned(api, world.neighbour_id, silver["id"])
    for name in ("target_client_api_id", "client_api_id"):
        assert api.get(f"{BOOKS}?{name}={world.customer_id}").json() == [gold]
    both = f"{BOOKS}?target_client_api_id={world.customer_id}&client_api_id={world.neighbour_id}"
    assert api.get(both).json()["fields"].keys() == {"target_client_api_id"}
    assert api.get(f"{BOOKS}?target_client_api_id=x").json()["fields"].keys() == {"target_client_api_id"}


def test_an_unknown_book_comes_before_what_is_wrong_with_the_body(api: ApiClient) -> None:
    for path in (f"{BOOKS}/123456789", f"{BOOKS}/123456789/specification"):
        assert api.get(path).status_code == 404
    assert api.put(f"{BOOKS}/123456789", {"book_name": ""}).status_code == 404
    assert api.put(f"{BOOKS}/123456789", {"book_name": 5}).status_code == 404
    assert api.delete(f"{BOOKS}/123456789?force=true").status_code == 404
