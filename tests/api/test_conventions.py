"""What holds for every call: keys, slashes, request ids, parameters, headers, the pages for people."""

import hashlib
import json
import re
from importlib.resources import files

import pytest

from rebill.api.application import application
from rebill.api.routes import ROUTES
from rebill.services.acting.installation import Installation
from rebill.settings import Settings
from tests.api.client import BASE, ApiClient, api_client
from tests.api.world import ADD, LIST, World


@pytest.mark.parametrize(
    ("header", "query", "status"),
    [
        ("Bearer KEY", "", 200),
        ("bearer KEY", "", 200),
        ("BEARER  KEY ", "", 200),
        ("KEY", "", 200),
        ("", "?api_key=KEY", 200),
        ("", "?api_key=Bearer%20KEY", 200),
        ("", "?api%5Fkey=KEY", 200),
        ("", "?API_KEY=KEY", 401),
        ("Bearer KEY", "?api_key=wrong", 200),
        ("Bearer wrong", "?api_key=KEY", 401),
        ("Bearer", "?api_key=KEY", 401),
        ("Basic KEY", "", 401),
        ("", "", 401),
    ],
)
def test_a_key_is_read_from_header_or_query_and_the_header_decides(
    anyone: ApiClient, world: World, header: str, query: str, status: int
) -> None:
    key = world.keys["admin"]
    headers = {"Authorization": header.replace("KEY", key)} if header else {}
    assert anyone.get(f"{LIST}{query.replace('KEY', key)}", headers=headers).status_code == status


def test_keys_in_the_query_can_be_refused(world: World) -> None:
    made = world.installation
    strict = Settings(made.settings.home, made.settings.database_url, api_key_in_query=False)
    key = world.keys["admin"]
    with api_client(application(Installation(strict, made.database, made.clock))) as client:
        assert client.get(f"{LIST}?api_key={key}").status_code == 401
        assert client.with_key(key).get(f"{LIST}?api_key=other").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1/customers/",
        "//v1//customers",
        "/v1/v1/customers",
        "/v1/v2/customers",
        "/v2/customers/",
        "/v1/customers//",
        "///v1/v1///customers/",
    ],
)
def test_slashes_and_doubled_versions_are_answered_in_place(api: ApiClient, path: str) -> None:
    # Written out with the host: a path that begins with two slashes would else be read as one.
    answer = api.get(f"http://rebill.test{path}")
    assert answer.status_code == 200
    assert len(answer.json()["customers"]) == 2


def test_a_changing_call_works_at_an_alias_too(api: ApiClient, world: World) -> None:
    path = f"/v1/v1//azure_partner_customer_accounts/add/{world.customer_id}/"
    assert api.put(path, {"azure_customer_ids": ["ab123"]}).headers["X-Assigned"] == "1"


@pytest.mark.parametrize(
    "path",
    [
        *("/v1", "/", "/v1/customer", "/v3/customers", "/v1/v1/v1/customers", "/v1/customers/1/x"),
        *("/v1%2Fcustomers", "/v1/customers%2f", "/v1/customers/%2F"),
    ],
)
def test_other_paths_are_unknown(api: ApiClient, path: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_path")


@pytest.mark.parametrize(
    "path",
    [
        "/api", "/api/search.json?name=AwsAccount", "/api/AwsAccount", "/v1/assets",
        "/olap_reports", "/olap_reports/cost/history", "/olap_reports/custom/7/new", "/v1/reports",
        "/metrics/v1?asset=x", "/v1/metrics",
        "/v1/perspective_schemas", "/v1/perspective_schemas/1", "/v1/perspectives",
        "/v1/organizations", "/v2/organizations", "/v2/organizations/1/accounts",
        "/api/v1/govcloud_linkages", "//api/v1/govcloud_linkages/1", "/v1/govcloud_linkages",
        "/v1/gov_cloud_linkages/1",
        "/v1/aws_accounts", "/v1/aws_accounts/1/generate_external_id", "/v1/v1/aws_accounts",
        "/v2/aws_account_assignments",
        "/v1/gcp_billing_accounts", "/v1/gcp_billing_accounts/1",
        "/v1/policies/1/policy_blocks", "/v1/custom_tags", "/v1/sso/configuration",
    ],
)  # fmt: skip
def test_what_is_not_offered_says_so(api: ApiClient, anyone: ApiClient, world: World, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = api.request(method, f"{BASE}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_offered")
    own = anyone.with_key(world.keys["own_customer"])
    assert own.get(f"{BASE}{path}").json()["code"] == "not_offered"
    assert anyone.get(f"{BASE}{path}").status_code == 401


@pytest.mark.parametrize(
    "text", ["0", "01", "-1", "+1", "1.0", "abc", "%D9%A1", "9" * 19, "9" * 20, "1%0A", "1%00", "1e9"]
)
def test_an_id_that_cannot_be_one_is_not_found(api: ApiClient, text: str) -> None:
    assert api.get(f"/v1/customers/{text}").status_code == 404
    assert api.get(f"/v1/azure_partner_customers/{text}").status_code == 404
    assert api.get(f"{LIST}?client_api_id={text}").status_code == 404


def test_the_request_id_of_the_caller_is_kept_when_it_is_one(api: ApiClient, world: World) -> None:
    assert api.get(LIST, headers={"X-Request-Id": "A.b_c-1"}).headers["X-Request-Id"] == "A.b_c-1"
    for odd in ("x" * 65, "a b", "", "ü".encode()):
        kept = api.get(LIST, headers=[(b"X-Request-Id", odd if isinstance(odd, bytes) else odd.encode())])
        assert re.fullmatch(r"[0-9a-f]{32}", kept.headers["X-Request-Id"])
    refused = api.get("/v1/nothing", headers={"X-Request-Id": "find-me"})
    assert refused.json()["request_id"] == refused.headers["X-Request-Id"] == "find-me"


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("dryrun=true", {"dryrun"}),
        ("dry_run=True", {"dry_run"}),
        ("dry_run=1", {"dry_run"}),
        ("dry_run", {"dry_run"}),
        ("dry_run=true&dry_run=true", {"dry_run"}),
        ("client_api_id=ID&client_api_id=ID", {"client_api_id"}),
        ("effective_from=2024-02-30", {"effective_from"}),
        ("effective_from=1899-12-31&page=1", {"effective_from", "page"}),
        ("effective_from=2024-W01-1", {"effective_from"}),
        ("effective_from=", {"effective_from"}),
        ("effective_to=2024-01-01", {"effective_to"}),
        ("API_KEY=x", {"API_KEY"}),
    ],
)
def test_a_changing_call_refuses_parameters_it_does_not_know(
    api: ApiClient, world: World, query: str, fields: set[str]
) -> None:
    path = f"{ADD}/{world.customer_id}?{query.replace('ID', str(world.customer_id))}"
    answer = api.put(path, {"azure_customer_ids": ["ab123"]})
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == fields
    assert api.get(LIST).headers["X-Total"] == "0"


def test_a_reading_call_ignores_them_and_its_body(api: ApiClient) -> None:
    assert api.get(f"{LIST}?unknown=1&unknown=2&per_page=5&per_page=7").headers["X-Per-Page"] == "7"
    for body in (b"null", b"{", b"\xff" * 100):
        assert api.get(LIST, content=body, headers={"Content-Type": "text/xml"}).status_code == 200


@pytest.mark.parametrize("query", ["page=0", "per_page=0", "page=x", "per_page=-1", "page=1.0", "after_id=x", "page="])
def test_a_page_that_cannot_be_is_refused(api: ApiClient, query: str) -> None:
    answer = api.get(f"{LIST}?{query}")
    assert answer.status_code == 422
    assert set(answer.json()["fields"]) == {query.partition("=")[0]}


def test_head_answers_as_get_without_a_body_and_other_methods_are_refused(api: ApiClient) -> None:
    head, get = api.request("HEAD", LIST), api.get(LIST)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    for method in ("OPTIONS", "PATCH", "TRACE", "DELETE", "BREW"):
        answer = api.request(method, "/v1/customers")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert api.request("POST", "/healthz").headers["Allow"] == "GET, HEAD"


def test_an_address_near_the_limit_works_and_a_longer_one_is_refused(api: ApiClient, anyone: ApiClient) -> None:
    path = f"{LIST}?unknown="
    assert api.get(path + "x" * (4000 - len(path))).status_code == 200
    assert api.get(path + "x" * (4001 - len(path))).status_code == 414
    assert api.get("/v1/".ljust(4000, "x")).status_code == 404
    assert api.get("/v1/".ljust(4001, "x")).status_code == 414
    assert anyone.get(path + "x" * 4000).status_code == 401


def test_answers_are_compressed_when_asked(api: ApiClient) -> None:
    for accepted in ("gzip", "GZIP", "br, Gzip;q=0.5"):
        assert api.get("/openapi.json", headers={"Accept-Encoding": accepted}).headers["Content-Encoding"] == "gzip"
    for accepted in ("identity", "GZIP;Q=0"):
        assert "Content-Encoding" not in api.get("/openapi.json", headers={"Accept-Encoding": accepted}).headers


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_head_tells_of_the_compressed_answer_what_get_tells(api: ApiClient, coding: str) -> None:
    accept = {"Accept-Encoding": coding}
    head, get = api.request("HEAD", "/openapi.json", headers=accept), api.get("/openapi.json", headers=accept)
    assert (head.content, get.headers.get("Content-Encoding", "identity")) == (b"", coding)
    for name in ("Content-Length", "Content-Encoding", "Content-Type", "Vary"):
        assert head.headers.get(name) == get.headers.get(name), name


def test_no_cross_origin_header_and_no_cookie_is_ever_sent(api: ApiClient) -> None:
    answer = api.get(LIST, headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control") or name == "set-cookie"]


def test_a_forged_host_does_not_reach_the_links(api: ApiClient, world: World) -> None:
    api.put(f"{ADD}/{world.customer_id}", {"azure_customer_ids": ["ab123"]})
    link = api.get(LIST, headers={"Host": 'evil">\tx'}).headers["Link"]
    assert "evil" not in link


def test_the_openapi_document_has_every_route_and_all_its_references_lead_somewhere(anyone: ApiClient) -> None:
    text = anyone.get("/openapi.json").text
    document = json.loads(text)
    assert document["openapi"] == "3.1.0"
    for route in ROUTES:
        operation = document["paths"][route.path][route.method.lower()]
        shared = document["components"]["parameters"]
        listed = [shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in operation["parameters"]]
        assert {one["name"] for one in listed} >= {parameter.name for parameter in route.parameters}
        assert ("X-Reason" in {one["name"] for one in listed}) == (route.act is not None)
        assert set(operation["responses"]) >= {str(status) for status in route.answers}
        assert ("requestBody" in operation) == (route.body is not None)
    for kind, name in set(re.findall(r'"#/components/([a-z]+)/([^"]+)"', text)):
        assert name in document["components"][kind]
    identifiers = [one["operationId"] for methods in document["paths"].values() for one in methods.values()]
    assert len(identifiers) == len(set(identifiers)) == len(ROUTES)


def test_the_page_for_people_is_made_of_files_of_this_server_alone(anyone: ApiClient) -> None:
    page = anyone.get("/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    wanted = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page.text)
    assert len(wanted) == 4
    for path in wanted:
        assert path.startswith("/") and not path.startswith("//")
        assert anyone.get(path).status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script>" not in page.text


def test_what_the_page_is_made_of_is_unchanged_and_its_licence_is_beside_it() -> None:
    folder = files("rebill.api") / "documentation"
    told = dict(re.findall(r"`([a-z.-]+)` \| `([0-9a-f]{64})`", (folder / "README.md").read_text(encoding="utf-8")))
    assert told.keys() == {"swagger-ui-bundle.js", "swagger-ui.css"}
    for name, digest in told.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert "Apache License" in (folder / "LICENSE.txt").read_text(encoding="utf-8")


def test_the_open_pages_need_no_key(anyone: ApiClient, api: ApiClient) -> None:
    assert anyone.get("/healthz").json() == {"status": "ok"}
    assert anyone.get("/readyz").json() == {"status": "ready"}
    api.get("/v1/customers/123456789")
    counted = anyone.get("/metrics").text
    assert 'rebill_http_requests_total{method="GET",route="/v1/customers/{client_api_id}",status="404"} 1.0' in counted
    assert "123456789" not in counted
