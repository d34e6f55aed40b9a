"""The partner API and two calls more, which exist only here: the least that any call can do.

Both are asked for as a call that assigns is: key, path, role, body and JSON go the same way.
"""

from typing import Final

from sqlalchemy import Column, Connection, MetaData, Table, Text, insert
from starlette.types import ASGIApp

from rebill.api.answer_shapes import Status
from rebill.api.answers import Answer
from rebill.api.application import application
from rebill.api.call import Call
from rebill.api.route import Route
from rebill.api.routes import ROUTES
from rebill.api.shapes import AzureCustomersBody
from rebill.services.acting.permission import Permission
from rebill.store.columns import RowId
from rebill.wiring import at_rest, open_installation

NOTHING: Final = "/v1/benchmark/nothing"
TRANSACTION: Final = "/v1/benchmark/transaction"
FACTORY: Final = "benchmarks.api.application:api_application"

own_tables = MetaData()
notes = Table("benchmark_notes", own_tables, Column("note_id", RowId, primary_key=True), Column("note", Text))


def do_nothing(call: Call) -> Answer:
    """Answer a call whose key and body are sound."""
    return Answer.json(200, {"ids": len(call.body_as(AzureCustomersBody).azure_customer_ids)})


def write_a_note(call: Call) -> Answer:
    """The same, and one small INSERT in a writing transaction."""
    note = call.body_as(AzureCustomersBody).azure_customer_ids[0]

    def act(connection: Connection) -> None:
        connection.execute(insert(notes).values(note=note))

    call.installation.database.write(act)
    return Answer.json(200, {"ids": 1})


def api_application() -> ASGIApp:
    """The factory that every server process of the benchmark calls."""
    least = (
        Route("PUT", NOTHING, Permission.CHANGE, do_nothing, "Do nothing", {200: Status}, (), AzureCustomersBody),
        Route("PUT", TRANSACTION, Permission.CHANGE, write_a_note, "Write", {200: Status}, (), AzureCustomersBody),
    )
    return at_rest(application(open_installation(), (*ROUTES, *least)))
