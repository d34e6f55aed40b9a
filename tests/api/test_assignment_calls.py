"""The reference call and its siblings over HTTP, as clients see them."""

import re

import pytest
from pydantic import BaseModel

from rebill.api.answer_shapes import AddAnswer, AssignmentList, RemoveAnswer
from rebill.lake.account_days import KEYS
from tests.api.client import ApiClient
from tests.api.world import ADD, ADDRESS, LIST, MOVE, REMOVE, SUBSCRIPTIONS, World
from tests.conftest import SettableClock
from tests.services.accountant import Accountant, cost, issued_under_tenant
from tests.services.months import SEPTEMBER

MOMENT = "2024-10-15T12:00:00Z"


def account(identifier: str, moment: str = MOMENT) -> dict[str, str]:
    return {
        "name": f"Name of {identifier}",
        "domain": f"{identifier}.example",
        "azure_customer_id": identifier,
        "created_at": moment,
        "updated_at": moment,
    }


def test_sound_ids_are_assigned_and_shown_under_both_keys(api: ApiClient, world: World) -> None:
    answer = api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["AB123", "fgh345", " ab123\t"]})
    assert answer.status_code == 207
    assert answer.headers["X-Assigned"] == "2"
    assert answer.json() == {
        "azure_partner_customer_accounts": [
            {
                "customer_tenant_name": "Indigo",
                "partner_customer_account": account(identifier),
                "azure_partner_customer_account": account(identifier),
                "assigned": True,
                "effective_from": None,
                "effective_to": None,
            }
            for identifier in ("ab123", "fgh345")
        ]
    }


def test_one_unknown_id_and_nothing_is_stored_but_every_entry_is_shown(api: ApiClient, world: World) -> None:
    answer = api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["ab123", " Nobody "]})
    sound, faulty = answer.json()["azure_partner_customer_accounts"]
    assert answer.status_code == 207
    assert answer.headers["X-Assigned"] == "0"
    assert sound["assigned"] is False
    assert sound["partner_customer_account"]["azure_customer_id"] == "ab123"
    assert faulty == {"http_status": 422, "error": "azure_customer_id not found", "azure_customer_id": "Nobody"}
    assert api.get(LIST).json() == {"azure_partner_customer_accounts": []}


@pytest.mark.parametrize("identifier", ["\N{NO-BREAK SPACE}", "\N{LINE SEPARATOR}", "\N{IDEOGRAPHIC SPACE}a"])
def test_only_common_space_is_trimmed_of_an_id(api: ApiClient, world: World, identifier: str) -> None:
    answer = api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["ab123", f" {identifier}\r\n"]})
    _, faulty = answer.json()["azure_partner_customer_accounts"]
    assert answer.status_code == 207
    assert faulty == {"http_status": 422, "error": "azure_customer_id not found", "azure_customer_id": identifier}


def test_a_repeat_is_a_success_that_changes_nothing(api: ApiClient, world: World, clock: SettableClock) -> None:
    first = api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["ab123"]})
    clock.now = clock.now.replace(hour=18)
    again = api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["ab123"]})
    assert again.json() == first.json()
    assert again.headers["X-Assigned"] == "1"


def test_what_a_neighbour_has_is_a_fault_and_what_another_partner_has_is_not(
    api: ApiClient, anyone: ApiClient, world: World
) -> None:
    stranger = anyone.with_key(world.keys["other_partner"])
    assert stranger.put(f"{ADD}/{world.foreign_customer_id}", {"azure_customer_ids": ["four"]}).status_code == 207
    api.put(f"{ADD}/{world.neighbour_id}", {"azure_customer_ids": ["ab123"]})
    answer = api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["ab123"]})
    assert answer.json()["azure_partner_customer_accounts"] == [
        {
            "http_status": 422,
            "error": "azure_customer_id is already assigned to another customer",
            "azure_customer_id": "ab123",
        }
    ]
    assert api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["four"]}).headers["X-Assigned"] == "1"


def test_a_dry_run_tells_what_would_be_and_stores_nothing(api: ApiClient, world: World) -> None:
    path = f"{ADD}/{world.customer_id}?dry_run=true&effective_from=2024-09-01"
    (entry,) = api.put(path, {"azure_customer_ids": ["ab123"]}).json()["azure_partner_customer_accounts"]
    assert (entry["assigned"], entry["would_assign"], entry["effective_from"]) == (False, True, "2024-09-01")
    assert api.get(LIST).headers["X-Total"] == "0"
    mixed = api.put(path, {"azure_customer_ids": ["ab123", "nobody"]}).json()["azure_partner_customer_accounts"]
    assert mixed[0]["would_assign"] is False


def test_removing_ends_today_and_a_repeat_is_a_fault(api: ApiClient, world: World) -> None:
    body = {"azure_customer_ids": ["ab123"]}
    api.put(f"{ADD}/{world.customer_id}", body)
    trial = api.put(f"{REMOVE}/{world.customer_id}?dry_run=true", body).json()["azure_partner_customer_accounts"]
    assert (trial[0]["removed"], trial[0]["would_remove"]) == (False, True)
    answer = api.put(f"{REMOVE}/{world.customer_id}", body)
    assert answer.status_code == 207
    assert answer.json()["azure_partner_customer_accounts"] == [
        {
            "partner_customer_account": account("ab123"),
            "azure_partner_customer_account": account("ab123"),
            "removed": True,
        }
    ]
    again = api.put(f"{REMOVE}/{world.customer_id}", body).json()["azure_partner_customer_accounts"]
    assert again[0]["error"] == "azure_customer_id is not assigned to this customer"
    history = api.get(f"{LIST}?history=true").json()["azure_partner_customer_accounts"]
    assert [(one["effective_from"], one["effective_to"]) for one in history] == [(None, "2024-10-15")]


def test_a_move_leaves_no_day_between(api: ApiClient, world: World) -> None:
    body = {"azure_customer_ids": ["ab123"]}
    api.put(f"{ADD}/{world.neighbour_id}", body)
    answer = api.put(f"{MOVE}/{world.customer_id}?effective_from=2024-11-01", body)
    assert answer.headers["X-Assigned"] == "1"
    history = api.get(f"{LIST}?history=true").json()["azure_partner_customer_accounts"]
    days = {one["customer_tenant_name"]: (one["effective_from"], one["effective_to"]) for one in history}
    assert days == {"Neighbour Ltd": (None, "2024-11-01"), "Indigo": ("2024-11-01", None)}
    as_of = api.get(f"{LIST}/{world.customer_id}?as_of=2024-11-01").json()["azure_partner_customer_accounts"]
    assert [one["azure_partner_customer_account"]["azure_customer_id"] for one in as_of] == ["ab123"]


def test_an_element_of_the_list_has_every_key(api: ApiClient, world: World) -> None:
    api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["ab123"]})
    assert api.get(f"{LIST}/{world.customer_id}").json() == {
        "azure_partner_customer_accounts": [
            {
                "customer_tenant_name": "Indigo",
                "azure_partner_customer_account": account("ab123"),
                "effective_from": None,
                "effective_to": None,
            }
        ]
    }


def test_every_answer_is_of_its_documented_shape(api: ApiClient, world: World) -> None:
    def answered(path: str, wanted: list[str], shape: type[BaseModel]) -> None:
        answer = api.put(path, {"azure_customer_ids": wanted}) if wanted else api.get(path)
        assert shape.model_validate_json(answer.content).model_dump_json().encode() == answer.content

    own = world.customer_id
    answered(f"{ADD}/{own}?dry_run=true&effective_from=2024-09-01", ["ab123", "nobody"], AddAnswer)
    answered(f"{ADD}/{own}", ["ab123", "nobody"], AddAnswer)
    answered(f"{ADD}/{own}", ["ab123"], AddAnswer)
    answered(f"{MOVE}/{own}?effective_from=2024-11-01", ["fgh345"], AddAnswer)
    answered(f"{LIST}?history=true", [], AssignmentList)
    answered(f"{REMOVE}/{own}?dry_run=true", ["ab123", "nobody"], RemoveAnswer)
    answered(f"{REMOVE}/{own}", ["ab123"], RemoveAnswer)
    answered(f"{LIST}/{own}?history=true", [], AssignmentList)


def test_correcting_issued_months_needs_a_reason(api: ApiClient, world: World) -> None:
    body = {"azure_customer_ids": ["ab123"]}
    path = f"{ADD}/{world.customer_id}?correct_issued=true"
    assert api.put(path, body).json()["fields"] == {
        "X-Reason": "is required with correct_issued=true: send the reason in this header"
    }
    assert api.put(path, body, headers={"X-Reason": "wrong tenant"}).status_code == 207


def test_pages_link_to_each_other_and_never_show_the_key(api: ApiClient, world: World) -> None:
    api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["ab123", "fgh345", "four", "five"]})
    key = world.keys["admin"]
    page = api.get(f"{LIST}?per_page=2&page=1&api_key={key}&API_KEY={key}&history=false&{key}=1")
    assert (page.headers["X-Total"], page.headers["X-Page"], page.headers["X-Per-Page"]) == ("4", "1", "2")
    base = f"http://rebill.test{LIST}?history=false&page="
    assert page.headers["Link"] == (
        f'<{base}1&per_page=2>; rel="first", <{base}2&per_page=2>; rel="next", <{base}2&per_page=2>; rel="last"'
    )
    past_the_end = api.get(f"{LIST}?page=99999999999999999999999999&per_page=5000")
    assert past_the_end.json() == {"azure_partner_customer_accounts": []}
    assert past_the_end.headers["X-Per-Page"] == "1000"


@pytest.mark.parametrize("query", ["q=KEY", "q=an%20KEY%21", "q=key%20KEY&q=KEY", "q=UPPER", "q=TWICE"])
def test_a_link_leaves_out_what_looks_like_a_key(api: ApiClient, world: World, query: str) -> None:
    key = world.keys["admin"]
    twice = key.replace("_", "%255F")
    sent = query.replace("KEY", key).replace("UPPER", key.upper()).replace("TWICE", twice)
    link = api.get(f"/v1/azure_partner_customers?{sent}&assigned=false").headers["Link"]
    assert key[-16:] not in link.lower()
    assert "?assigned=false&page=1&per_page=30" in link
    refused = api.put(f"{ADD}/{world.customer_id}?{key}=1", {"azure_customer_ids": ["ab123"]})
    assert list(refused.json()["fields"]) == ["(an API key)"]
    assert "q=rebill_demo" in api.get("/v1/azure_partner_customers?q=rebill_demo").headers["Link"]


@pytest.mark.parametrize("path", [LIST, "/v1/azure_partner_customers", "/v1/customers"])
def test_paging_by_key_meets_every_element_once(api: ApiClient, world: World, path: str) -> None:
    api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["ab123", "fgh345", "four", "five"]})
    (name,) = api.get(path).json()
    whole = api.get(path).json()[name]
    met = []
    address: str | None = f"{path}?per_page=1&after_id=0"
    while address is not None:
        page = api.get(address)
        assert "X-Total" not in page.headers
        met += page.json()[name]
        link = re.fullmatch(r'<([^>]+)>; rel="next"', page.headers.get("Link", ""))
        address = link[1] if link else None
    assert met == whole
    assert len(whole) >= 2


def test_subscriptions_are_assigned_listed_and_removed(api: ApiClient, world: World) -> None:
    first, second, third = (
        "11111111-1111-1111-1111-111111111111",
        "22222222-2222-2222-2222-222222222222",
        "aws-account-3",
    )
    base, me = "/v1/azure_subscriptions", world.customer_id
    added = api.put(f"{base}/add/{me}", {"azure_ids": [f"/subscriptions/{first}", first, second]})
    assert (added.status_code, added.json()) == (
        200,
        {"code": 200, "azure_subscriptions": [first, second], "msp_client_id": me},
    )
    also = api.put(f"{base}/add/{me}?detail=true", {"azure_subscription_ids": [third]}).json()
    assert also["azure_subscriptions"] == [first, second, third]
    assert [(one["azure_subscription_id"], one["assigned"]) for one in also["details"]] == [(third, True)]
    removed = api.put(f"{base}/remove/{me}", {"azure_ids": [first.upper()]}).json()
    assert removed == {
        "code": 200,
        "azure_subscriptions": [second, third],
        "msp_client_id": me,
        "removed_azure_subscriptions": [first],
    }
    page = api.get(f"{base}/list/{me}?per_page=1&page=2")
    assert page.json() == {"code": 200, "azure_subscriptions": [third], "msp_client_id": me}
    assert page.headers["X-Total"] == "2"
    for query in ("dry_run=true&detail=true", "dry_run=true", "dry_run=true&detail=false"):
        trial = api.put(f"{base}/remove/{me}?{query}", {"azure_ids": [second]}).json()
        assert trial["removed_azure_subscriptions"] == []
        assert [(one["azure_subscription_id"], one["would_remove"]) for one in trial["details"]] == [(second, True)]
        trial = api.put(f"{base}/add/{me}?{query}", {"azure_ids": [first]}).json()
        assert (trial["azure_subscriptions"], trial["details"][0]["would_assign"]) == ([second, third], True)


def test_subscriptions_have_days_as_tenants_do(api: ApiClient, world: World) -> None:
    """Assigned from January, ended in June; another one taken back; today is 2024-10-15."""
    base, me, (first, second, _) = "/v1/azure_subscriptions", world.customer_id, SUBSCRIPTIONS
    api.put(f"{base}/add/{me}?effective_from=2024-01-01", {"azure_ids": [first, second]})
    ended = api.put(f"{base}/remove/{me}?effective_to=2024-06-01&detail=true", {"azure_ids": [first]}).json()
    assert ended["azure_subscriptions"] == [second]
    assert ended["details"] == [
        {
            "azure_subscription_id": first,
            "name": f"Name of {first}",
            "created_at": "2024-10-15T12:00:00Z",
            "updated_at": "2024-10-15T12:00:00Z",
            "effective_from": "2024-01-01",
            "effective_to": "2024-06-01",
            "removed": True,
        }
    ]
    in_may = api.get(f"{base}/list/{me}?as_of=2024-05-31&detail=true").json()
    assert in_may["azure_subscriptions"] == [first, second]
    assert [one["effective_to"] for one in in_may["details"]] == ["2024-06-01", None]
    api.put(f"{base}/remove/{me}?withdraw=true", {"azure_ids": [second]})
    assert api.get(f"{base}/list/{me}").json()["azure_subscriptions"] == []
    assert api.get(f"{base}/list/{me}?history=true").json()["azure_subscriptions"] == [first]
    assert list(api.get(f"{base}/list/{me}?history=true&as_of=2024-05-31").json()["fields"]) == ["as_of"]
    nothing: tuple[dict[str, object], ...] = ({"azure_ids": []}, {"azure_subscription_ids": None}, {})
    assert [api.put(f"{base}/remove/{me}", body).status_code for body in nothing] == [422, 422, 422]


def test_a_faulty_subscription_is_named_where_it_stands_and_nothing_is_stored(api: ApiClient, world: World) -> None:
    base = "/v1/azure_subscriptions"
    api.put(f"{base}/add/{world.neighbour_id}", {"azure_ids": ["aws-account-3"]})
    ids = ["11111111-1111-1111-1111-111111111111", "nobody", "AWS-account-3"]
    answer = api.put(f"{base}/add/{world.customer_id}", {"azure_subscription_ids": ids})
    assert answer.status_code == 422
    assert answer.json()["fields"] == {
        "azure_subscription_ids[1]": "azure_subscription not found",
        "azure_subscription_ids[2]": "azure_subscription is already assigned to another customer",
    }
    assert api.get(f"{base}/list/{world.customer_id}").json()["azure_subscriptions"] == []
    gone = api.put(f"{base}/remove/{world.customer_id}", {"azure_ids": ["aws-account-3"]})
    assert gone.json()["fields"] == {"azure_ids[0]": "azure_subscription is not assigned to this customer"}


def test_a_subscription_leaves_what_is_issued_to_the_owner_of_its_tenant(api: ApiClient, world: World) -> None:
    base, (subscription, *_) = "/v1/azure_subscriptions", SUBSCRIPTIONS
    accountant = Accountant(world.installation, world.partner, world.installation.settings.home)
    issued_under_tenant(accountant, "ab123", subscription)
    body = {"azure_ids": [subscription]}
    sentence = "azure_subscription would change issued statements of First (2024-09): allow it with correct_issued"
    for act in ("add", "move"):
        for query in ("effective_from=2024-09-01", "effective_from=2024-09-01&dry_run=true"):
            answer = api.put(f"{base}/{act}/{world.customer_id}?{query}", body)
            assert (answer.status_code, list(answer.json()["fields"])) == (422, ["azure_ids[0]"])
            assert answer.json()["fields"]["azure_ids[0]"].startswith(sentence)
    added = api.put(f"{base}/add/{world.customer_id}?detail=true", body).json()["details"]
    assert [(one["effective_from"], one["assigned"]) for one in added] == [("2024-10-01", True)]
    corrected = "effective_from=2024-09-01&correct_issued=true"
    moved = api.put(f"{base}/move/{world.customer_id}?{corrected}", body, headers={"X-Reason": "Sold in August"})
    assert moved.status_code == 200
    removed = api.put(f"{base}/remove/{world.customer_id}?withdraw=true", body)
    assert removed.json()["fields"]["azure_ids[0]"].startswith(sentence)


def test_late_usage_of_an_issued_month_keeps_a_tenant_where_it_is(api: ApiClient, world: World) -> None:
    accountant = Accountant(world.installation, world.partner, world.installation.settings.home)
    late = {"ChargePeriodStart": "2024-08-28T00:00:00Z", "ChargePeriodEnd": "2024-08-29T00:00:00Z"}
    issued_under_tenant(accountant, "ab123", SUBSCRIPTIONS[0], **late)
    first = accountant.customers["First"].customer_id
    body, base = {"azure_customer_ids": ["ab123"]}, "/v1/azure_partner_customer_accounts"
    corrected = "correct_issued=true&effective_to=2024-09-01"
    ended = api.put(f"{base}/remove/{first}?{corrected}", body, headers={"X-Reason": "Left in August"})
    assert ended.headers["X-Removed"] == "1"
    sentence = "azure_customer_id would change issued statements of First (2024-09): allow it with correct_issued"
    for query in ("", "&dry_run=true"):
        answer = api.put(f"{base}/move/{world.customer_id}?effective_from=2024-08-20{query}", body)
        assert (answer.status_code, answer.headers["X-Assigned"]) == (207, "0")
        (entry,) = answer.json()["azure_partner_customer_accounts"]
        assert (entry["http_status"], entry["azure_customer_id"]) == (422, "ab123")
        assert entry["error"].startswith(sentence)
    answer = api.put(f"{base}/move/{world.customer_id}?effective_from=2024-08-29", body)
    assert answer.headers["X-Assigned"] == "1"


def test_a_customer_whose_charges_would_fall_to_an_issued_month_is_not_deleted(api: ApiClient, world: World) -> None:
    accountant = Accountant(world.installation, world.partner, world.installation.settings.home)
    others, subscription, *_ = SUBSCRIPTIONS
    issued_under_tenant(accountant, "ab123", others)
    ahead = {
        "x_CustomerId": "ab123",
        "ChargePeriodStart": "2099-01-02T00:00:00Z",
        "ChargePeriodEnd": "2099-01-03T00:00:00Z",
    }
    added = api.put(f"/v1/azure_subscriptions/add/{world.customer_id}", {"azure_ids": [subscription]})
    assert added.status_code == 200
    accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "10", subscription, **ahead), scope="ahead")
    answer = api.delete(f"/v1/customers/{world.customer_id}")
    assert (answer.status_code, answer.json()["code"]) == (422, "deletion_changes_issued")
    assert answer.json()["fields"][subscription].startswith(
        "azure_subscription would change issued statements of First (2024-09)"
    )
    assert api.get(f"/v1/customers/{world.customer_id}").status_code == 200


def test_cost_that_is_gone_is_said_before_an_issued_statement_is_changed(api: ApiClient, world: World) -> None:
    accountant = Accountant(world.installation, world.partner, world.installation.settings.home)
    issued_under_tenant(accountant, "ab123", SUBSCRIPTIONS[0])
    for file in world.installation.lake_folder.rglob(KEYS):
        file.unlink()
    path = f"/v1/azure_subscriptions/add/{world.customer_id}"
    answer = api.put(path, {"azure_ids": [SUBSCRIPTIONS[0]]})
    assert (answer.status_code, answer.json()["code"]) == (503, "cost_not_readable")
    assert "Restore the lake folder" in answer.json()["error"]
    assert api.put(path.replace(str(world.customer_id), "123456789"), {"azure_ids": ["nobody"]}).status_code == 404


def test_a_customer_comes_with_its_azure_customer_or_not_at_all(api: ApiClient, world: World) -> None:
    made = api.post("/v2/customers", {"name": "With Azure", "azure_customer_id": "AB-THREE"})
    assert made.status_code == 201
    assert made.json()["azure_customer_id"] == "AB-three"
    assert api.get(f"{LIST}/{made.json()['id']}").headers["X-Total"] == "1"
    taken = api.post("/v2/customers", {"name": "Too Late", "azure_customer_id": "ab-three"})
    assert taken.status_code == 422
    assert list(taken.json()["fields"]) == ["azure_customer_id"]
    assert "Too Late" not in api.get("/v1/customers?per_page=1000").text
    without = api.post("/v1/customers", {"name": "Without", "azure_customer_id": "four", "address": ADDRESS})
    assert (without.status_code, without.json()["azure_customer_id"]) == (201, "")
