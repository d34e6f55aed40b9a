"""Runs of a month over the API: started, looked at, refused while one works; what is told of one that was cut off."""

import threading
from dataclasses import replace
from datetime import datetime

import pytest

from rebill.api.application import application
from rebill.lake.runs import only_run
from rebill.model.bill_run import RunOrder
from rebill.services.billing.start_run import start_run
from rebill.store.scope import Scope
from rebill.store.started_runs import begin_run
from tests.api.client import ApiClient, api_client
from tests.api.proof_steps import proven_month
from tests.api.world import World
from tests.services.months import SEPTEMBER

RUNS = "/v1/runs"
MONTH = {"billing_period": "2024-09"}
OF_SEPTEMBER = f"{RUNS}?billing_period=2024-09"


def _ended(run_id: int) -> None:
    """Wait until a run that goes on by itself has ended."""
    for thread in threading.enumerate():
        if thread.name == f"run {run_id}":
            thread.join()


def _noted(world: World) -> int:
    """A run of September that is noted as running, at which nobody works."""
    with world.installation.database.writing() as connection:
        scope = Scope.of(connection, world.partner)
        return begin_run(scope, RunOrder(SEPTEMBER), "duckdb", world.installation.clock())


def test_a_month_is_run_and_its_statements_stand(api: ApiClient, world: World) -> None:
    proven = proven_month(world)
    started = api.post(RUNS, MONTH)
    assert started.status_code == 201
    run_id = started.json()["run_id"]
    _ended(run_id)
    told = api.get(f"{RUNS}/{run_id}").json()
    assert (told["status"], told["fault"], told["customer_id"], told["engine"]) == ("done", "", None, "duckdb")
    (balance,) = told["result"]["balance"]
    assert (balance["imported"], balance["difference"]) == ("13.000000000000", "0.000000000000")
    assert told["result"]["attention"] == {"spans_transfer": 1}
    listed = api.get(f"/v1/customer_statements?billing_period=2024-09&client_api_id={proven.customer_id}").json()
    assert len(listed["billing_artifacts"]) == 1
    assert api.get(f"/v1/customer_statements/{proven.statement_id}/explanation").json()["run_id"] == run_id
    # The one before was made by a command: nobody noted when it began.
    first, second = api.get(OF_SEPTEMBER).json()["runs"]
    assert {first["run_id"], second["run_id"]} > {run_id}
    assert {one["started_at"] is None for one in (first, second)} == {True, False}
    assert [one["run_id"] for one in api.get(f"{OF_SEPTEMBER}&limit=1").json()["runs"]] == [first["run_id"]]


def test_one_customers_statements_are_made_anew(api: ApiClient, world: World) -> None:
    proven = proven_month(world)
    run_id = api.post(RUNS, {**MONTH, "client_api_id": proven.customer_id}).json()["run_id"]
    _ended(run_id)
    assert api.get(f"{RUNS}/{run_id}").json()["result"]["statement_count"] == 1
    assert api.get(f"{RUNS}/{run_id}?client_api_id={proven.customer_id}").status_code == 200
    assert api.get(f"{RUNS}/{run_id}?client_api_id={proven.other_id}").json()["code"] == "run_not_found"
    shown = api.get(f"{OF_SEPTEMBER}&client_api_id={proven.other_id}").json()["runs"]
    assert run_id not in {one["run_id"] for one in shown}
    foreign = api.post(RUNS, {**MONTH, "client_api_id": world.foreign_customer_id})
    assert (foreign.status_code, foreign.json()["fields"].keys()) == (422, {"client_api_id"})


def test_while_one_works_another_is_refused_and_is_told_how_far_it_is(api: ApiClient, world: World) -> None:
    with only_run(world.installation.lake_folder, world.partner.partner_id, SEPTEMBER):
        refused = api.post(RUNS, MONTH)
        assert (refused.status_code, refused.json()["code"]) == (409, "run_running")
        noted = _noted(world)
        assert api.get(f"{RUNS}/{noted}").json()["status"] == "running"
        # Another month, and another partner's, are their own.
        assert api.post(RUNS, {"billing_period": "2024-08"}).status_code == 201
        assert api.with_key(world.keys["other_partner"]).post(RUNS, MONTH).status_code == 201
    told = api.get(f"{RUNS}/{noted}").json()
    assert (told["status"], told["ended_at"], told["result"]) == ("interrupted", None, None)
    # Whoever runs the month next notes it in the record, and does not say it of a run that works.
    next_run = api.post(RUNS, MONTH).json()["run_id"]
    _ended(next_run)
    with only_run(world.installation.lake_folder, world.partner.partner_id, SEPTEMBER):
        statuses = {one["run_id"]: one["status"] for one in api.get(OF_SEPTEMBER).json()["runs"]}
    assert statuses == {noted: "interrupted", next_run: "done"}


def test_what_a_run_is_refused_for_stands_in_its_record_and_in_the_audit_trail(api: ApiClient, world: World) -> None:
    proven_month(world)
    for part in (world.installation.lake_folder / str(world.partner.partner_id) / "costs").rglob("*.parquet"):
        part.unlink()
    run_id = api.post(RUNS, MONTH).json()["run_id"]
    _ended(run_id)
    told = api.get(f"{RUNS}/{run_id}").json()
    assert (told["status"], told["result"]) == ("failed", None)
    assert told["fault_code"] != ""
    assert told["fault"] != ""
    assert api.get(f"{OF_SEPTEMBER}&limit=1").json()["runs"][0]["status"] == "failed"
    # The month is free again.
    assert api.post(RUNS, MONTH).status_code == 201


def test_repeated_with_its_key_a_month_is_run_once(api: ApiClient, world: World) -> None:
    proven_month(world)
    key = {"Idempotency-Key": "september"}
    first = api.post(RUNS, MONTH, headers=key)
    assert (first.status_code, first.json()["status"]) == (201, "running")
    again = api.post(RUNS, MONTH, headers=key)
    assert (again.headers["Idempotent-Replayed"], again.json()) == ("true", first.json())
    run_id = first.json()["run_id"]
    _ended(run_id)
    assert api.get(f"{RUNS}/{run_id}").json()["status"] == "done"
    assert [one["run_id"] for one in api.get(OF_SEPTEMBER).json()["runs"]].count(run_id) == 1


def test_a_run_whose_note_is_not_stored_never_begins_and_leaves_its_month_free(world: World) -> None:
    database = world.installation.database
    with pytest.raises(ZeroDivisionError), database.as_one():
        started = start_run(world.installation, world.partner, RunOrder(SEPTEMBER))
        raise ZeroDivisionError
    with only_run(world.installation.lake_folder, world.partner.partner_id, SEPTEMBER):
        pass
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM started_runs").scalar_one() == 0
    assert f"run {started.run_id}" not in {thread.name for thread in threading.enumerate()}


def test_a_server_answers_others_while_a_month_is_run(world: World) -> None:
    """The run is held back in its work: whoever else calls is answered meanwhile, also about it."""
    held, seen = threading.Event(), threading.Event()

    def slow_clock() -> datetime:
        if threading.current_thread().name.startswith("run "):
            seen.set()
            assert held.wait(60)
        return world.installation.clock()

    slowed = replace(world.installation, clock=slow_clock)
    with api_client(application(slowed), world.keys["admin"]) as api:
        answers: list[int] = []
        caller = threading.Thread(target=lambda: answers.append(api.post(RUNS, MONTH).status_code))
        caller.start()
        assert seen.wait(60)
        running = api.get(OF_SEPTEMBER).json()["runs"][0]
        assert running["status"] == "running"
        assert api.post(RUNS, MONTH).status_code == 409
        held.set()
        caller.join()
        _ended(running["run_id"])
        assert answers == [201]
        assert api.get(f"{RUNS}/{running['run_id']}").json()["status"] == "done"
