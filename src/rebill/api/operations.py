"""What the operator asks a server: is it up, is it ready, what did it do, which calls has it. No key is needed."""

from contextlib import suppress

from prometheus_client import CONTENT_TYPE_LATEST

from rebill.api.answer_shapes import Status
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.documentation_page import page_routes
from rebill.api.route import Route
from rebill.model.errors import Unavailable
from rebill.services.acting.readiness import require_ready
from rebill.services.syncing.sync_standing import sync_standing


def healthz(_call: Call) -> Answer:
    """Whether the process answers at all; asks nothing of anything else."""
    return Answer.json(200, Status(status="ok"))


def readyz(call: Call) -> Answer:
    """Whether the database can be reached and is migrated."""
    require_ready(call.installation)
    return Answer.json(200, Status(status="ready"))


def metrics(call: Call) -> Answer:
    """Counts and durations of this server process, for Prometheus."""
    # What this process has counted is told even where the database cannot be reached.
    with suppress(Unavailable):
        require_ready(call.installation)
        call.surroundings.telemetry.syncs_stand(sync_standing(call.installation))
    return Answer(200, call.surroundings.telemetry.metrics(), media_type=CONTENT_TYPE_LATEST)


def openapi(call: Call) -> Answer:
    """The OpenAPI 3.1 document of this API."""
    return Answer.json(200, call.surroundings.openapi())


def _open_routes() -> tuple[Route, ...]:
    status = {200: Status}
    return (
        Route("GET", "/healthz", None, healthz, "Whether the server is up", status),
        Route("GET", "/readyz", None, readyz, "Whether the server is ready", status),
        Route("GET", "/metrics", None, metrics, "Counts and durations", {200: "text/plain"}),
        Route("GET", "/openapi.json", None, openapi, "The OpenAPI document", {200: "application/json"}),
        *page_routes(),
    )


ROUTES = _open_routes()
