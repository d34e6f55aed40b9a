"""A database that is away, or not set up: 503 with ``Retry-After``, and the process stays up."""

import socket
from pathlib import Path

import httpx
import pytest

from rebill.api.application import application
from rebill.api.routes import ROUTES
from rebill.services.acting.installation import Installation
from rebill.settings import Settings
from rebill.store.database import Database
from tests.api.client import ApiClient, api_client

KEY = "rebill_0123456789abcdef_" + "0" * 64


def _check(client: ApiClient) -> httpx.Response:
    assert client.get("/healthz").status_code == 200
    for path in ("/readyz", "/v1/customers", "/v1/nothing"):
        answer = client.get(path)
        assert (path, answer.status_code) == (path, 503)
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json().keys() == {"error", "code", "request_id"}
    assert client.with_key("").get("/v1/customers").status_code == 401
    return client.get("/readyz")


def test_a_database_without_a_record_is_not_ready(database_url: str, tmp_path: Path) -> None:
    database = Database(database_url)
    with api_client(application(Installation(Settings(tmp_path, database_url), database)), KEY) as client:
        _check(client)
    database.close()


def test_a_database_that_cannot_be_reached_is_not_ready(store: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = {
        "sqlite": f"sqlite:///{tmp_path}/no/such/folder/rebill.sqlite3",
        "postgresql": f"postgresql://nobody@127.0.0.1:{port}/nothing",
    }[store]
    database = Database(url)
    with api_client(application(Installation(Settings(tmp_path, url), database)), KEY) as client:
        assert _check(client).json()["code"] == "database_unavailable"
    database.close()


@pytest.mark.parametrize(
    ("revision", "code"), [("0090", "database_not_migrated"), ("9999", "database_of_newer_version")]
)
def test_a_record_of_another_schema_is_not_ready(installation: Installation, revision: str, code: str) -> None:
    with installation.database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")
    with api_client(application(installation)) as client:
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, code)


@pytest.mark.parametrize(
    "path", [route.path for route in ROUTES if route.permission is None and route.path != "/readyz"]
)
def test_pages_that_ask_no_database_answer_without_one(path: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/no/such/folder/rebill.sqlite3"
    database = Database(url)
    with api_client(application(Installation(Settings(tmp_path, url), database))) as client:
        assert client.get(path).status_code == 200
    database.close()
