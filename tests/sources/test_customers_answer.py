"""Partner Center's customers answer, in every form that it comes in, and what is wrong with one."""

import json
from pathlib import Path
from typing import Any

import pytest

from rebill.model.errors import Invalid, NotFound
from rebill.sources.partner_center import customers_answer
from rebill.sources.partner_center.customers_answer import read_customer_pages, read_customers_answer

CONTOSO: dict[str, Any] = {
    "id": "B44BB1FB-C595-45B0-9E09-D657365580BF",
    "companyProfile": {
        "tenantId": "b44bb1fb-c595-45b0-9e09-d657365580bf",
        "domain": "contoso.onmicrosoft.com",
        "companyName": "Contoso",
        "attributes": {"objectType": "CustomerCompanyProfile"},
    },
    "relationshipToPartner": "reseller",
    "attributes": {"objectType": "Customer"},
}
FABRIKAM = {"id": "f1", "companyProfile": {"companyName": "Fabrikam"}}
NEXT = {"self": {"uri": "/customers"}, "next": {"uri": "/customers?size=40", "headers": []}}


def _read(tmp_path: Path, content: str | bytes) -> customers_answer.CustomersAnswer:
    file = tmp_path / "answer"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_customers_answer(file)


@pytest.mark.parametrize(
    "document",
    [
        {"totalCount": 2, "items": [CONTOSO, FABRIKAM], "links": {"self": {"uri": "/customers"}}},
        [{"items": [CONTOSO], "totalCount": 2, "links": NEXT}, {"items": [FABRIKAM], "totalCount": 2}],
        [CONTOSO, FABRIKAM],
        {"items": [CONTOSO, FABRIKAM, CONTOSO]},
    ],
    ids=["page", "pages", "bare array", "a repeat that agrees"],
)
@pytest.mark.parametrize("mark", ["", "\ufeff", " \n"])
def test_a_page_pages_and_a_bare_array_are_read_alike(tmp_path: Path, document: Any, mark: str) -> None:
    answer = _read(tmp_path, mark + json.dumps(document))
    assert answer.is_complete
    assert [(one.identifier, one.name, one.domain, one.relationship) for one in answer.customers] == [
        ("b44bb1fb-c595-45b0-9e09-d657365580bf", "Contoso", "contoso.onmicrosoft.com", "reseller"),
        ("f1", "Fabrikam", "", ""),
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"items": [CONTOSO], "links": NEXT},
        {"items": [CONTOSO], "totalCount": 2},
        [{"items": [CONTOSO], "links": NEXT}, {"items": [FABRIKAM], "links": NEXT}],
    ],
    ids=["a next page", "more counted than listed", "pages with a next one"],
)
def test_a_listing_may_say_that_there_is_more(tmp_path: Path, document: Any) -> None:
    assert not _read(tmp_path, json.dumps(document)).is_complete


def test_csv_in_any_order_of_columns(tmp_path: Path) -> None:
    answer = _read(tmp_path, '\ufeffName,Azure_Customer_Id , domain\r\n"Acme, Inc",a1,acme.example\r\n\r\nBeta,b2,\r\n')
    assert answer.is_complete
    assert [(one.identifier, one.name, one.domain) for one in answer.customers] == [
        ("a1", "Acme, Inc", "acme.example"),
        ("b2", "Beta", ""),
    ]


def test_every_bad_row_is_told_with_its_field(tmp_path: Path) -> None:
    items = [
        CONTOSO,
        {"companyProfile": {"companyName": "Nobody"}},
        {"id": 7, "companyProfile": {"domain": ["x"]}},
        "text",
        {"id": "x" * 129},
        {"id": "a\x00b"},
        {"id": "ok", "companyProfile": {"companyName": "\ud800"}},
    ]
    with pytest.raises(Invalid) as refused:
        _read(tmp_path, json.dumps({"items": items}))
    assert refused.value.fields == {
        "items[1].id": "is required",
        "items[2].id": "must be text",
        "items[2].companyProfile.domain": "must be text",
        "items[3].id": "is required",
        "items[4].id": "may have at most 128 characters",
        "items[5].id": "may not hold control characters",
        "items[6].companyProfile.companyName": "may not hold control characters",
    }


@pytest.mark.parametrize(
    ("listed", "read"),
    [
        ("Con\ttoso", "Con toso"),
        ("\tContoso\x00\n", "Contoso"),
        ("Con\ud800toso", "Con toso"),
        ("C" * 2000, "C" * 1024),
        (f"{'C' * 1023} {'C' * 10}", "C" * 1023),
        (None, ""),
    ],
)
def test_a_name_that_nobody_here_can_correct_is_read_as_far_as_it_is_text(listed: Any, read: str) -> None:
    profile = {**CONTOSO["companyProfile"], "companyName": listed}
    answer = read_customer_pages([{"totalCount": 1, "items": [{**CONTOSO, "companyProfile": profile}]}])
    assert [one.name for one in answer.customers] == [read]
    assert answer.is_complete


def test_a_fault_of_partner_centers_own_listing_names_the_customer_and_the_field() -> None:
    items = [CONTOSO, *({"id": f"a{number}", "companyProfile": {"companyName": 42}} for number in range(5))]
    with pytest.raises(Invalid) as refused:
        read_customer_pages([{"items": items}, {"items": [{"id": 7}]}])
    place = "[0].items[1] (customer a0).companyProfile.companyName"
    assert refused.value.message.startswith(
        f"Partner Center's listing: 6 faults, nothing was changed. {place}: must be text; "
    )
    assert refused.value.message.count("must be text") == 3
    assert len(refused.value.fields) == 6
    assert (refused.value.fields[place], refused.value.fields["[1].items[0].id"]) == ("must be text", "must be text")


def test_a_repeat_that_disagrees_is_refused_whatever_the_case(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        _read(tmp_path, "azure_customer_id,name,domain\nA1,Acme,\na1,Other,\n")
    assert refused.value.fields == {"row 3": "lists a1 otherwise than row 2 does"}


def test_only_the_first_hundred_faults_are_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="150 fault") as refused:
        _read(tmp_path, json.dumps([{}] * 150))
    assert len(refused.value.fields) == 100


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b'{"items": [', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"totalCount": 1}', "no list of items"),
        (b'[{"items": []}, 7]', "no list of items"),
        ("azure_customer_id,name,domain".encode("utf-16"), "not UTF-8"),
        (b"id;name;domain\n", "azure_customer_id, name, domain is missing"),
        (b'azure_customer_id,name,domain\n"a"b,c,d\n', "row 2 is not CSV"),
        (b"\x89PNG\r\n", "not UTF-8"),
    ],
)
def test_what_is_no_answer_says_why(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        _read(tmp_path, content)


def test_a_row_of_another_length_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        _read(tmp_path, "azure_customer_id,name,domain\na,b\n")
    assert list(refused.value.fields) == ["row 2.azure_customer_id"]


def test_a_missing_file_a_folder_and_a_huge_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound):
        read_customers_answer(tmp_path / "nowhere")
    with pytest.raises(Invalid, match="cannot be opened"):
        read_customers_answer(tmp_path)
    monkeypatch.setattr(customers_answer, "GREATEST_FILE_BYTES", 10)
    with pytest.raises(Invalid, match="larger"):
        _read(tmp_path, b"[" + b" " * 10)
