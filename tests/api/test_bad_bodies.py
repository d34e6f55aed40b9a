"""Bodies that cannot be accepted: each is refused, says where, and changes nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.api.client import ApiClient
from tests.api.world import ADD, ADDRESS, LIST, World, seen_subscriptions

NUMBER_OF_41_DIGITS = "1" * 41


@dataclass(frozen=True)
class Bad:
    """A body as bytes, and the places of its faults."""

    name: str
    body: bytes
    fields: Sequence[str] = ("body",)
    content_type: str | None = None


def _ids(*ids: object) -> bytes:
    return json.dumps({"azure_customer_ids": ids}).encode()


_FIRST = ("azure_customer_ids[0]",)
_LIST = ("azure_customer_ids",)
_BODIES = (
    Bad("nothing", b""),
    Bad("spaces", b" \n"),
    Bad("broken", b'{"azure_customer_ids": ["ab123"'),
    Bad("two values", b'{"azure_customer_ids": ["ab123"]} {}'),
    Bad("single quotes", b"{'azure_customer_ids': ['ab123']}"),
    Bad("trailing comma", b'{"azure_customer_ids": ["ab123",]}'),
    Bad("null", b"null"),
    Bad("list", b'["ab123"]'),
    Bad("text", b'"ab123"'),
    Bad("form", b"azure_customer_ids=ab123"),
    Bad("bad UTF-8", b'{"azure_customer_ids": ["\xff"]}'),
    Bad("UTF-16", '{"azure_customer_ids": ["ab123"]}'.encode("utf-16")),
    Bad("UTF-16 without mark", '{"azure_customer_ids": ["ab123"]}'.encode("utf-16-le")),
    Bad("raw control character", b'{"azure_customer_ids": ["a\x01b"]}'),
    Bad("nested thousands deep", b"[" * 100_000),
    Bad("form type", _ids("ab123"), content_type="application/x-www-form-urlencoded"),
    Bad("text type", _ids("ab123"), content_type="text/plain; charset=utf-8"),
    Bad("javascript type", _ids("ab123"), content_type="application/javascript"),
    Bad("other charset", _ids("ab123"), content_type="application/json; charset=iso-8859-1"),
    Bad("no field", b"{}", _LIST),
    Bad("null field", b'{"azure_customer_ids": null}', _LIST),
    Bad("other case", b'{"Azure_Customer_Ids": ["ab123"]}', _LIST),
    Bad("text for a list", b'{"azure_customer_ids": "ab123"}', _LIST),
    Bad("object for a list", b'{"azure_customer_ids": {"0": "ab123"}}', _LIST),
    Bad("empty list", _ids(), _LIST),
    Bad("10,001 elements", _ids(*[f"id{place}" for place in range(10_001)]), _LIST),
    Bad("field twice", b'{"azure_customer_ids": ["ab123"], "azure_customer_ids": ["four"]}', _LIST),
    Bad("empty id", _ids(""), _FIRST),
    Bad("id of spaces", _ids(" \t\r\n"), _FIRST),
    Bad("null id", _ids(None), _FIRST),
    Bad("true", _ids(True), _FIRST),
    Bad("whole number", _ids(12345), _FIRST),
    Bad("fraction", _ids(1.5), _FIRST),
    Bad("object", _ids({}), _FIRST),
    Bad("list in list", _ids(["ab123"]), _FIRST),
    Bad("129 characters", _ids("x" * 129), _FIRST),
    Bad("10 kB of emoji", _ids("\N{PILE OF POO}" * 2500), _FIRST),
    Bad("NUL", _ids("ab123\0"), _FIRST),
    Bad("tab inside", _ids("ab\t123"), _FIRST),
    Bad("delete", _ids("ab\x7f"), _FIRST),
    Bad("lone surrogate", b'{"azure_customer_ids": ["\\ud800"]}', _FIRST),
    Bad("NaN", b'{"azure_customer_ids": [NaN]}', _FIRST),
    Bad("infinity", b'{"azure_customer_ids": [-Infinity]}', _FIRST),
    Bad("41 digits", f'{{"azure_customer_ids": [{NUMBER_OF_41_DIGITS}]}}'.encode(), _FIRST),
    Bad("huge exponent", b'{"azure_customer_ids": [1e999999999]}', _FIRST),
    Bad("surrogate elsewhere", b'{"azure_customer_ids": ["ab123"], "note": {"x": ["\\udfff"]}}', ("note.x[0]",)),
    Bad("odd name", b'{"azure_customer_ids": ["ab123"], "a\\u0000b": 1}', ("a\N{REPLACEMENT CHARACTER}b",)),
    Bad("65 deep", b'{"azure_customer_ids": ["ab123"], "x": ' + b"[" * 64 + b"]" * 64 + b"}", ("x[0][0]",)),
    Bad(
        "several",
        b'{"azure_customer_ids": ["ab123", true, "", "\\u0000", "four", NaN]}',
        ("azure_customer_ids[1]", "azure_customer_ids[2]", "azure_customer_ids[3]", "azure_customer_ids[5]"),
    ),
)


@pytest.mark.parametrize("call", ["add", "remove", "move"])
def test_a_bad_body_is_refused_and_changes_nothing(api: ApiClient, world: World, call: str) -> None:
    api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["fgh345"]})
    before = api.get(f"{LIST}?history=true").text
    for bad in _BODIES:
        headers = {"Content-Type": bad.content_type} if bad.content_type else {}
        path = f"/v1/azure_partner_customer_accounts/{call}/{world.customer_id}"
        answer = api.request("PUT", path, content=bad.body, headers=headers)
        assert answer.status_code == 422, (bad.name, answer.text)
        named = answer.json()["fields"]
        if call == "move" and "note" in bad.body.decode("latin-1"):
            named.pop("note", None)
        expected = {*bad.fields} | ({name for name in named if name in ("x", "a\ufffdb", "Azure_Customer_Ids")})
        assert set(named) == expected, (bad.name, named)
        assert all(named.values())
    assert api.get(f"{LIST}?history=true").text == before


def test_what_clients_really_send_is_accepted(api: ApiClient, world: World) -> None:
    path = f"{ADD}/{world.customer_id}?dry_run=true"
    sound = b'{"azure_customer_ids": ["ab123"], "unknown": null, "depth": ' + b"[" * 63 + b"]" * 63 + b"}"
    for content_type in (
        None, "", "application/json", "Application/JSON;charset=UTF-8", "application/vnd.api+json"
    ):  # fmt: skip
        headers = {} if content_type is None else {"Content-Type": content_type}
        for body in (sound, b"\xef\xbb\xbf" + sound):
            assert api.request("PUT", path, content=body, headers=headers).status_code == 207
    entries = api.put(path, {"azure_customer_ids": ["345", " AB123\r\n", "\N{PILE OF POO}" * 128]}).json()
    told = [entry.get("azure_customer_id") for entry in entries["azure_partner_customer_accounts"]]
    assert told == ["345", None, "\N{PILE OF POO}" * 128]
    unpacked = api.put(path, {"azure_customer_ids": ["ab123"]}, headers={"Content-Encoding": "gzip"})
    assert unpacked.json()["fields"] == {"body": "must be sent without Content-Encoding"}


def test_a_call_of_our_own_refuses_unknown_fields(api: ApiClient, world: World) -> None:
    path = f"/v1/azure_partner_customer_accounts/move/{world.customer_id}"
    answer = api.put(path, {"azure_customer_ids": ["ab123"], "effective_from": "2024-01-01"})
    assert (answer.status_code, answer.json()["fields"]) == (422, {"effective_from": "is not a field of this call"})
    assert api.get(LIST).headers["X-Total"] == "0"


def test_at_most_a_hundred_faults_are_listed(api: ApiClient, world: World) -> None:
    answer = api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": [""] * 5000})
    assert len(answer.json()["fields"]) == 100


def test_a_subscription_may_be_a_whole_number(api: ApiClient, world: World) -> None:
    seen_subscriptions(world.installation, world.partner, "123456789012")
    answer = api.put(f"/v1/azure_subscriptions/add/{world.customer_id}", {"azure_ids": [123456789012]})
    assert answer.json()["azure_subscriptions"] == ["123456789012"]


@pytest.mark.parametrize("name", ["azure_ids", "azure_subscription_ids"])
def test_subscriptions_without_ids_never_mean_all_of_them(api: ApiClient, world: World, name: str) -> None:
    base = "/v1/azure_subscriptions"
    api.put(f"{base}/add/{world.customer_id}", {"azure_ids": ["aws-account-3"]})
    bodies: list[dict[str, object]] = [
        {},
        {name: []},
        {name: None},
        {name: [""]},
        {name: ["/subscriptions/"]},
        {name: "all"},
    ]
    for body in bodies:
        answer = api.put(f"{base}/remove/{world.customer_id}", body)
        assert answer.status_code == 422, body
        assert answer.json()["fields"]
    both = api.put(f"{base}/remove/{world.customer_id}", {"azure_ids": ["a"], "azure_subscription_ids": ["b"]})
    assert both.json()["fields"].keys() == {"azure_subscription_ids"}
    assert api.get(f"{base}/list/{world.customer_id}").json()["azure_subscriptions"] == ["aws-account-3"]


def test_ten_thousand_ids_are_one_request(api: ApiClient, world: World) -> None:
    ids = ["ab123", *(f"unknown-{place}" for place in range(9_999))]
    answer = api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ids})
    entries = answer.json()["azure_partner_customer_accounts"]
    assert (answer.status_code, len(entries), entries[0]["assigned"]) == (207, 10_000, False)


def test_a_body_over_sixteen_mebibytes_is_refused_declared_or_streamed(api: ApiClient, world: World) -> None:
    path = f"{ADD}/{world.customer_id}"
    huge = b'{"azure_customer_ids": ["' + b"x" * (16 * 1024**2) + b'"]}'
    assert api.request("PUT", path, content=huge).status_code == 413
    just_fits = b'{"azure_customer_ids": ["ab123"]}'.ljust(16 * 1024**2)
    assert api.request("PUT", path, content=just_fits).status_code == 207


@pytest.mark.parametrize("text", ["\ud800", "a\0b"])
def test_odd_text_in_a_customer_is_named_by_its_place(api: ApiClient, text: str) -> None:
    body = json.dumps({"name": "A", "address": {**ADDRESS, "city": text}, "tags": [{"key": text}]}).encode()
    answer = api.request("POST", "/v1/customers", content=body)
    assert answer.status_code == 422
    assert answer.json()["fields"].keys() == {"address.city", "tags[0].key"}
