"""Statements over HTTP: every documented key, filters, pages, forms, and nobody sees another's or a cost."""

import csv
import io
from datetime import timedelta

import pytest

from rebill.model.cloud import Cloud, cloud_of
from rebill.model.document import DocumentForm
from tests.api.client import ApiClient
from tests.api.world import World, drawn_statement
from tests.conftest import SettableClock
from tests.documents.pdf_reading import pages_of

STATEMENTS = "/v1/customer_statements"


def test_a_statement_is_listed_with_every_documented_key(api: ApiClient, world: World) -> None:
    number = drawn_statement(world.installation, world.customer_id, ("Microsoft", "11.005"), ("Microsoft", "2"))
    listed = api.get(STATEMENTS)
    assert '"total_amount":13.01,' in listed.text
    (artifact,) = listed.json()["billing_artifacts"]
    assert artifact == {
        "id": number,
        "customer_id": world.customer_id,
        "cloud": "Azure",
        "billing_period": "2024-09",
        "total_amount": 13.01,
        "status": "Estimated",
        "detailed_billing_records_generation_time": "2024-10-15 12:00:00",
        "statement_generation_time": "2024-10-15 12:00:00",
        "statement_summary_generation_time": "2024-10-15 12:00:00",
        "currency": {"name": "USD", "symbol": "$"},
        "invoice_id": "",
        "invoice_date": "",
        "document_type": "statement",
        "corrects": None,
    }
    line = {"service": "Virtual Machines", "charge_category": "Usage", "quantity": None, "provider": "Microsoft"}
    line |= {"kind": "charges", "reference": None, "description": "", "correction_of": None, "tax_category": None}
    line |= {"tax_percent": None}
    assert api.get(f"{STATEMENTS}/{number}").json() == {
        **artifact,
        "lines": [
            {"n": 1, "subscription": "subscription-0", **line, "amount": "11.01"},
            {"n": 2, "subscription": "subscription-1", **line, "amount": "2.00"},
        ],
        "reason": "",
        "blocks": [],
        "tax": {"net": "13.01", "tax": "0.00", "payable": "13.01", "parts": []},
    }


@pytest.mark.parametrize(
    ("currency", "amount", "written", "symbol", "kind"),
    [
        ("USD", "1234567890123.10", "1234567890123.10", "$", "statement"),
        ("EUR", "0", "0.00", "€", "statement"),
        ("JPY", "300.4", "300", "¥", "statement"),
        ("KWD", "1.5", "1.500", "KWD", "statement"),
        ("CAD", "-0.5", "-0.50", "CA$", "credit_statement"),
    ],
)
def test_a_total_has_exactly_the_currencys_minor_digits(
    api: ApiClient, world: World, currency: str, amount: str, written: str, symbol: str, kind: str
) -> None:
    number = drawn_statement(world.installation, world.customer_id, ("Microsoft", amount), currency=currency)
    for path in (STATEMENTS, f"{STATEMENTS}/{number}"):
        text = api.get(path).text
        assert f'"total_amount":{written},' in text
        assert f'"currency":{{"name":"{currency}","symbol":"{symbol}"}}' in text
        assert f'"document_type":"{kind}"' in text


@pytest.mark.parametrize(
    ("providers", "cloud"),
    [
        (("Microsoft", "microsoft", None), "Azure"),
        (("AWS",), "AWS"),
        (("Amazon Web Services", "AWS"), "AWS"),
        (("Google Cloud",), "GCP"),
        (("Microsoft", "AWS"), "Multi"),
        (("Oracle",), "Multi"),
        ((None,), "Azure"),
    ],
)
def test_the_cloud_is_that_of_the_lines(
    api: ApiClient, world: World, providers: tuple[str | None, ...], cloud: str
) -> None:
    lines = [(provider, "1") for provider in providers]
    number = drawn_statement(world.installation, world.customer_id, *lines)
    assert api.get(STATEMENTS).json()["billing_artifacts"][0]["cloud"] == cloud
    assert api.get(f"{STATEMENTS}/{number}").json()["cloud"] == cloud
    assert cloud_of(()) is Cloud.AZURE


def test_statements_are_filtered(api: ApiClient, world: World, clock: SettableClock) -> None:
    drawn: dict[str, int] = {}
    for name, customer_id, month, final in (
        ("own august", world.customer_id, "2024-08", True),
        ("own september", world.customer_id, "2024-09", False),
        ("neighbour august", world.neighbour_id, "2024-08", False),
    ):
        clock.now += timedelta(seconds=1)
        drawn[name] = drawn_statement(world.installation, customer_id, month=month, final=final)
    drawn_statement(world.installation, world.foreign_customer_id, month="2024-08")
    for query, names in (
        ("", ["own august", "own september", "neighbour august"]),
        (f"client_api_id={world.customer_id}", ["own august", "own september"]),
        ("billing_period=2024-08", ["own august", "neighbour august"]),
        ("billing_period=2024-08-01&status=final", ["own august"]),
        ("status=ESTIMATED", ["own september", "neighbour august"]),
        ("status=Final&documents=all&unknown=1", ["own august"]),
        (f"client_api_id={world.neighbour_id}&status=Final", []),
        ("billing_period=2020-01", []),
    ):
        found = api.get(f"{STATEMENTS}?{query}")
        assert [one["id"] for one in found.json()["billing_artifacts"]] == [drawn[name] for name in names], query
        assert found.headers["X-Total"] == str(len(names))
    assert api.get(f"{STATEMENTS}?client_api_id={world.foreign_customer_id}").status_code == 404
    own = drawn["own august"]
    assert api.get(f"{STATEMENTS}/{own}?client_api_id={world.customer_id}").status_code == 200
    assert api.get(f"{STATEMENTS}/{own}?client_api_id={world.neighbour_id}").json()["code"] == "statement_not_found"


@pytest.mark.parametrize(
    "query",
    ["status=issued", "status=", "billing_period=2024-13", "billing_period=2024-09-02", "billing_period=2024-9",
     "billing_period=%ff", "documents=notes", "page=0", "after_id=5"],
)  # fmt: skip
def test_a_filter_that_cannot_be_is_refused(api: ApiClient, query: str) -> None:
    answer = api.get(f"{STATEMENTS}?{query}")
    assert answer.status_code == 422
    assert list(answer.json()["fields"]) == [query.partition("=")[0]]


def test_pages_by_number_and_by_key_show_every_statement_once(
    api: ApiClient, world: World, clock: SettableClock
) -> None:
    numbers = []
    for month in range(1, 8):
        clock.now += timedelta(seconds=1)
        numbers.append(drawn_statement(world.installation, world.customer_id, month=f"2024-0{month}"))
    pages = [api.get(f"{STATEMENTS}?per_page=3&page={page}") for page in (1, 2, 3, 4)]
    shown = [[one["id"] for one in page.json()["billing_artifacts"]] for page in pages]
    assert shown == [numbers[:3], numbers[3:6], numbers[6:], []]
    assert pages[0].headers["X-Total"] == "7"
    address, seen = f"{STATEMENTS}?per_page=3&after_id=0", []
    while address:
        page = api.get(address)
        seen += [one["id"] for one in page.json()["billing_artifacts"]]
        address = page.headers["Link"].split(">")[0].removeprefix("<") if "Link" in page.headers else ""
        # A month that is billed anew in between keeps its place.
        drawn_statement(world.installation, world.customer_id, month="2024-01")
    assert seen == numbers


def test_a_customers_key_sees_its_own_and_never_a_cost(api: ApiClient, anyone: ApiClient, world: World) -> None:
    own_number = drawn_statement(world.installation, world.customer_id)
    other_number = drawn_statement(world.installation, world.neighbour_id)
    own = anyone.with_key(world.keys["own_customer"])
    assert [one["id"] for one in own.get(STATEMENTS).json()["billing_artifacts"]] == [own_number]
    assert own.get(f"{STATEMENTS}?client_api_id={world.neighbour_id}").status_code == 404
    assert own.get(f"{STATEMENTS}/{other_number}").json()["code"] == "statement_not_found"
    assert own.get(f"{STATEMENTS}?after_id={other_number}").status_code == 422
    for caller in (own, api):
        for path, accept in (
            (STATEMENTS, ""),
            (f"{STATEMENTS}/{own_number}", ""),
            (f"{STATEMENTS}/{own_number}", "text/csv"),
            (f"{STATEMENTS}/{own_number}", "application/pdf"),
        ):
            answer = caller.get(path, headers={"Accept": accept})
            told = " ".join(pages_of(answer.content)) if accept == "application/pdf" else answer.text
            assert not any(word in told for word in ("7.77", "cost", "margin", "2.23"))


def test_the_form_is_what_the_caller_accepts(api: ApiClient, world: World) -> None:
    number = drawn_statement(world.installation, world.customer_id, ("Microsoft", "11.005"), ("=cmd", "2"))
    path = f"{STATEMENTS}/{number}"
    table = api.get(path, headers={"Accept": "application/json;q=0.5, text/csv"})
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert table.headers["Content-Disposition"] == 'attachment; filename="statement-2024-09-estimated-USD.csv"'
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [(row["provider"], row["amount"]) for row in rows] == [("'=cmd", "2.00"), ("Microsoft", "11.01")]
    for accept in ("", "*/*", "application/*", "text/html, */*;q=0.1", "application/json, text/csv"):
        answer = api.get(path, headers={"Accept": accept})
        assert answer.headers["Content-Type"] == "application/json"
        assert {"Authorization", "Accept"} <= set(answer.headers["Vary"].split(", "))
        assert answer.json()["id"] == number


@pytest.mark.parametrize("accept", ["image/png", "text/html", "text/csv;q=0, text/plain", "application/*;q=0"])
def test_a_form_that_is_not_to_be_had_is_said_with_those_that_are(api: ApiClient, world: World, accept: str) -> None:
    number = drawn_statement(world.installation, world.customer_id)
    answer = api.get(f"{STATEMENTS}/{number}", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (406, "application/json")
    told = answer.json()
    assert told["code"] == "not_acceptable"
    assert all(form.media_type in told["error"] for form in DocumentForm)
    assert api.get(f"{STATEMENTS}/123456789", headers={"Accept": accept}).status_code == 404


def test_what_a_deleted_customer_was_billed_for_stays(api: ApiClient, world: World) -> None:
    number = drawn_statement(world.installation, world.customer_id)
    assert api.delete(f"/v1/customers/{world.customer_id}").status_code == 204
    assert [one["id"] for one in api.get(STATEMENTS).json()["billing_artifacts"]] == [number]
    of_it = api.get(f"{STATEMENTS}?client_api_id={world.customer_id}").json()["billing_artifacts"]
    assert [one["id"] for one in of_it] == [number]
    assert api.get(f"{STATEMENTS}/{number}").status_code == 200


def test_a_statement_that_lost_all_its_lines_is_not_shown(api: ApiClient, world: World) -> None:
    number = drawn_statement(world.installation, world.customer_id)
    drawn_statement(world.installation, world.customer_id, currency="EUR")
    (left,) = api.get(STATEMENTS).json()["billing_artifacts"]
    assert left["currency"]["name"] == "EUR"
    assert api.get(f"{STATEMENTS}/{number}").status_code == 404
