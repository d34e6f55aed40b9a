"""The OpenAPI 3.1 document of the route table."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import rebill
from rebill.api.answer_shapes import ErrorAnswer
from rebill.services.audit_trail import GREATEST_REASON_LENGTH

if TYPE_CHECKING:
    from rebill.api.route import Route

_REFERENCE = "#/components/schemas/{model}"
_ERRORS = {
    401: "No key, or one that nobody holds.",
    403: "The key's role may not do this.",
    404: "No such path, or nothing with this id.",
    406: "The answer is not to be had in any form that `Accept` names.",
    409: "It collides with what is stored or running now.",
    413: "The body is over {mebibytes} MiB.",
    414: "The path and query are over 4,000 characters.",
    422: "Something is wrong with body or parameters; every fault is in `fields`.",
    429: "More than may be asked for now; `Retry-After` tells when to try again.",
    500: "rebill itself is at fault; the log has `request_id`.",
    503: "The database cannot be reached now; `Retry-After` tells when to try again.",
}
_CLIENT_API_ID = {
    "name": "client_api_id",
    "in": "query",
    "description": "Only what concerns this customer; it must be the path's where that names one.",
    "schema": {"type": "integer"},
}
_REASON = {
    "name": "X-Reason",
    "in": "header",
    "description": "Why the call is made, for its entry in the audit trail.",
    "schema": {"type": "string", "maxLength": GREATEST_REASON_LENGTH},
}

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Repeated with the same key, the call is done once and answered alike, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

_OPEN_TAG = "operation"


def openapi_document(routes: "Sequence[Route]") -> dict[str, Any]:
    """The document, as plain data ready for JSON."""
    references, definitions = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rebill partner API",
            "version": rebill.__version__,
            "description": "Assign Azure accounts and subscriptions to a partner's customers, and bill each of them.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"bare": []}, {"query": []}],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "bare": {"type": "apiKey", "in": "header", "name": "Authorization"},
                "query": {"type": "apiKey", "in": "query", "name": "api_key"},
            },
        },
    }


def _schemas(routes: "Sequence[Route]") -> tuple[dict[Any, Any], dict[str, Any]]:
    """References by (shape, mode), and the definitions that they point to."""
    wanted: dict[tuple[type[BaseModel], Any], None] = {(ErrorAnswer, "serialization"): None}
    for route in routes:
        if route.body is not None:
            wanted[(route.body, "validation")] = None
        for shape in route.answers.values():
            if shape is not None and not isinstance(shape, str):
                wanted[(shape, "serialization")] = None
    references, schema = models_json_schema(list(wanted), ref_template=_REFERENCE)
    return dict(references), dict(schema["$defs"])


def _operation(route: "Route", references: Mapping[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [_OPEN_TAG if route.permission is None else route.segments[1]],
        "parameters": _parameters(route),
        "responses": _responses(route, references),
    }
    if route.permission is None:
        operation["security"] = []
    else:
        operation["description"] = f"Permission: `{route.permission}`."
    if route.body is not None:
        schema = references[(route.body, "validation")]
        operation["requestBody"] = {
            "required": not route.may_lack_body,
            "content": {"application/json": {"schema": schema}},
        }
    return operation


def _operation_id(route: "Route") -> str:
    return "_".join([route.method.lower(), *(segment.strip("{}").replace(".", "_") for segment in route.segments)])


def _parameters(route: "Route") -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
        for name in route.id_names
    ]
    in_query = [
        {"name": one.name, "in": "query", "description": one.description, "schema": dict(one.schema)}
        for one in route.parameters
    ]
    of_all = [] if route.permission is None else [_CLIENT_API_ID]
    in_headers = [_IDEMPOTENCY_KEY] if route.takes_idempotency_key else []
    return [*in_path, *in_query, *of_all, *([] if route.act is None else [_REASON]), *in_headers]


def _responses(route: "Route", references: Mapping[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, shape in route.answers.items():
        if shape is None:
            responses[str(status)] = {"description": route.summary}
            continue
        media_type = shape if isinstance(shape, str) else "application/json"
        schema = {} if isinstance(shape, str) else {"schema": references[(shape, "serialization")]}
        forms = {form: {"schema": {"type": "string"}} for form in route.other_forms}
        responses[str(status)] = {"description": route.summary, "content": {media_type: schema, **forms}}
    error = {"application/json": {"schema": references[(ErrorAnswer, "serialization")]}}
    for status in _error_statuses(route):
        described = _ERRORS[status].replace("{mebibytes}", str(route.greatest_body_bytes // 1024**2))
        responses[str(status)] = {"description": described, "content": error}
    return responses


def _error_statuses(route: "Route") -> list[int]:
    if route.permission is None:
        return [500, 503]
    statuses = [401, 403, 404, 414, 422, 429, 500, 503]
    if route.body is not None:
        statuses.append(413)
    if route.changes:
        statuses.append(409)
    if route.other_forms:
        statuses.append(406)
    return sorted(statuses)
