"""What docs/production.md promises of a web server in front: TLS ends there, and nothing else changes."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rebill.console.protection import SESSION_COOKIE
from tests.console.browser import running_pages
from tests.console.conftest import Office
from tests.console.web_server import behind_nginx


@pytest.fixture
def client(office: Office, tmp_path: Path) -> Iterator[httpx.Client]:
    folder = tmp_path / "nginx"
    folder.mkdir()
    with running_pages(office.installation) as address, behind_nginx(address, folder) as client:
        yield client


def test_the_cookie_of_who_signs_in_is_secure(office: Office, client: httpx.Client) -> None:
    shown = re.search(r'name="sign_in_token" value="([^"]+)"', client.get("/sign-in").text)
    assert shown is not None
    origin = str(client.base_url).rstrip("/")
    sent = client.post(
        "/sign-in", data={"api_key": office.key(), "sign_in_token": shown[1]}, headers={"Origin": origin}
    )
    assert sent.status_code == 303
    [kept] = [text for text in sent.headers.get_list("set-cookie") if text.startswith(SESSION_COOKIE)]
    assert "Secure" in kept
    assert client.get("/").status_code == 200


def test_calls_arrive_as_they_were_sent(office: Office, client: httpx.Client) -> None:
    key = {"Authorization": office.key()}
    plain = client.get("/v1/customers", headers=key)
    doubled = client.get(f"{client.base_url}//v1//customers", headers=key)
    assert (plain.status_code, doubled.status_code) == (200, 200)
    assert plain.json() == doubled.json()

    longest = "/v1/customers?name=" + "n" * 3_900
    assert client.get(longest, headers=key).status_code == 200
    assert client.get(longest + "n" * 200, headers=key).json()["code"] == "uri_too_long"


def test_a_body_that_is_too_large_is_refused_in_words_that_clients_read(office: Office, client: httpx.Client) -> None:
    body = b'{"azure_customer_ids": ["' + b"a" * 17 * 1024**2 + b'"]}'
    path = f"/v1/azure_partner_customer_accounts/add/{office.own}"
    refused = client.put(path, content=body, headers={"Authorization": office.key()})
    assert refused.status_code == 413
    assert refused.json()["code"] == "body_too_large"


def test_metrics_are_nobodys_outside(client: httpx.Client) -> None:
    answers = [client.get(f"{client.base_url}{path}").status_code for path in ("/metrics", "//metrics", "/metrics/")]
    assert answers == [404, 404, 404]
