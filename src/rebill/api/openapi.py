"""The OpenAPI 3.1 document of the route table."""

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import rebill
from rebill.api.answer_shapes import ErrorAnswer
from rebill.api.documented_examples import OF_ANY_CALL, Example, documented_examples
from rebill.api.openapi_answers import error_components, has_entity_tag, header_components, responses
from rebill.api.openapi_words import ABOUT, OPERATION_TAG, TAGS
from rebill.api.route import Route
from rebill.api.texts import GREATEST_ID
from rebill.api.wire_reading import CSV_MEDIA_TYPE
from rebill.model.party import Role
from rebill.services.acting.audit_trail import GREATEST_REASON_LENGTH
from rebill.services.acting.permission import allows

_REFERENCE = "#/components/schemas/{model}"
_PARAMETERS = {
    "client_api_id": {
        "name": "client_api_id",
        "in": "query",
        "description": "Only what concerns this customer; it must be the path's where that names one.",
        "schema": {"type": "integer", "minimum": 1, "maximum": GREATEST_ID},
    },
    "reason": {
        "name": "X-Reason",
        "in": "header",
        "description": f"Why the call is made, for its entry in the audit trail: the first {GREATEST_REASON_LENGTH:,} "
        "characters, in UTF-8.",
        "schema": {"type": "string"},
    },
    "if_none_match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of an answer that the caller has: while it holds, the answer is 304 without a body.",
        "schema": {"type": "string"},
    },
    "idempotency_key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Repeated with the same key, the call is done once and answered alike, for 24 hours.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
    },
}
_SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer <key>`."},
    "bare": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "The key alone as the header's value.",
    },
    "query": {
        "type": "apiKey",
        "in": "query",
        "name": "api_key",
        "description": "`?api_key=<key>`. The header decides where both are sent; an installation may turn this off.",
    },
}


def openapi_document(routes: Sequence[Route]) -> dict[str, Any]:
    """The document, as plain data ready for JSON."""
    references, definitions = _schemas(routes)
    examples = documented_examples()
    of_any_call = examples.get(OF_ANY_CALL, ())
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        found = examples.get((route.method, route.path), ())
        operation = _operation(route, references, found, of_any_call)
        _add_links(operation, route, routes)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rebill partner API",
            "version": rebill.__version__,
            "summary": "Partner billing for Microsoft cloud partners.",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The server that answers this document."}],
        "security": [{name: []} for name in _SECURITY_SCHEMES],
        "tags": [{"name": name, "description": text} for name, text in dict.fromkeys(_tag(route) for route in routes)],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "parameters": _PARAMETERS,
            "headers": header_components(),
            "responses": error_components(references[(ErrorAnswer, "serialization")], of_any_call),
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def _schemas(routes: Sequence[Route]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """References by (shape, mode), and the definitions that they point to."""
    wanted: dict[tuple[type[BaseModel], Any], None] = {(ErrorAnswer, "serialization"): None}
    for route in routes:
        if route.body is not None:
            wanted[(route.body, "validation")] = None
        for answer in route.answers.values():
            for shape in answer if isinstance(answer, tuple) else (answer,):
                if shape is not None and not isinstance(shape, str):
                    wanted[(shape, "serialization")] = None
    references, schema = models_json_schema(list(wanted), ref_template=_REFERENCE)
    return dict(references), dict(schema["$defs"])


def _operation(
    route: Route, references: Mapping[Any, Any], examples: Sequence[Example], of_any_call: Sequence[Example]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": operation_id(route),
        "summary": route.summary,
        "description": _description(route),
        "tags": [_tag(route)[0]],
        "parameters": _parameters(route, examples),
        "responses": responses(route, references, examples, of_any_call),
    }
    if route.permission is None:
        operation["security"] = []
    if route.body is not None:
        content: dict[str, Any] = {"schema": references[(route.body, "validation")]}
        asked = {one.title: {"value": one.body} for one in examples if one.status < 300 and one.body is not None}
        if asked:
            content["examples"] = asked
        if route.may_lack_body:
            # What may be left out may be `null` as well.
            content["schema"] = {"anyOf": [content["schema"], {"type": "null"}]}
        forms = {"application/json": content}
        if route.csv_field:
            texts = {title: {"value": example["value"][route.csv_field]} for title, example in asked.items()}
            forms[CSV_MEDIA_TYPE] = {"schema": {"type": "string"}, "examples": texts}
        operation["requestBody"] = {"required": not route.may_lack_body, "content": forms}
    return operation


def operation_id(route: Route) -> str:
    """The name of the call in the document."""
    return "_".join([route.method.lower(), *(segment.strip("{}").replace(".", "_") for segment in route.segments)])


def _tag(route: Route) -> tuple[str, str]:
    if route.permission is None:
        return OPERATION_TAG
    segment = route.segments[1]
    return TAGS.get(segment) or (segment.replace("_", " ").capitalize(), "")


def _description(route: Route) -> str:
    # Docstrings are folded at the width of a line of code; a paragraph is one line here.
    paragraphs = re.split(r"\n\s*\n", inspect.getdoc(route.handler) or "")
    told = [re.sub(r"\n(?! *[-*|])\s*", " ", paragraph).replace("``", "`") for paragraph in paragraphs]
    if route.permission is None:
        told.append("No key is asked for.")
    else:
        roles = [f"`{role.value}`" for role in Role if allows(role, route.permission)]
        told.append(f"Roles that may: {', '.join(roles)}.")
    return "\n\n".join(told)


def _parameters(route: Route, examples: Sequence[Example]) -> list[dict[str, Any]]:
    sound = [example for example in examples if example.status < 300]
    in_path: list[dict[str, Any]] = []
    for name in route.id_names:
        schema = {"type": "integer", "minimum": 1, "maximum": GREATEST_ID}
        parameter = {"name": name, "in": "path", "required": True, "description": _id_words(name), "schema": schema}
        ids = [example.ids[name] for example in sound if name in example.ids]
        in_path.append({**parameter, **({"example": ids[0]} if ids else {})})
    in_query: list[dict[str, Any]] = [
        {"name": one.name, "in": "query", "description": one.description, "schema": dict(one.schema)}
        for one in route.parameters
    ]
    of_all = [] if route.permission is None or route.of_whole_partner else ["client_api_id"]
    if route.act is not None:
        of_all.append("reason")
    if has_entity_tag(route):
        of_all.append("if_none_match")
    if route.takes_idempotency_key:
        of_all.append("idempotency_key")
    return [*in_path, *in_query, *({"$ref": f"#/components/parameters/{name}"} for name in of_all)]


def _needed_in_body(route: Route) -> set[str]:
    """The fields that the body of a call cannot do without."""
    body = route.body
    if body is None:
        return set()
    return {*body.documented_as_required, *(name for name, field in body.model_fields.items() if field.is_required())}


def _link(other: Route, shown: Mapping[str, str], in_body: Sequence[str]) -> dict[str, Any]:
    link: dict[str, Any] = {"operationId": operation_id(other)}
    if other.id_names:
        link["parameters"] = {name: f"$response.body#{shown[name]}" for name in other.id_names}
    if in_body:
        link["requestBody"] = {name: f"$response.body#{shown[name]}" for name in in_body}
    return link


def _id_words(name: str) -> str:
    if name == "client_api_id":
        return "The customer's `id`."
    words = name.removeprefix("db_").removesuffix("_id").replace("_", " ")
    return f"The {words}." if name.endswith("number") else f"The id of the {words}."


def _add_links(operation: dict[str, Any], route: Route, routes: Sequence[Route]) -> None:
    """From the ids that the call shows to the calls that take them, in their paths or as fields of their bodies.

    What only reads leads to what only reads.
    """
    if not route.shows:
        return
    links = {}
    for other in routes:
        if other.changes and not route.changes:
            continue
        in_body = _needed_in_body(other) & route.shows.keys()
        if (other.id_names or in_body) and set(other.id_names) <= route.shows.keys():
            links[operation_id(other)] = _link(other, route.shows, sorted(in_body))
    success = str(next(iter(route.answers)))
    operation["responses"][success]["links"] = links
