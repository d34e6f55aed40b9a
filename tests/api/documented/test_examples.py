"""The documented examples are what a server answers, in every letter, and every call has its own."""

import json
from typing import Any

import pytest
from jsonschema.protocols import Validator
from jsonschema.validators import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from rebill.api.documented_examples import OF_ANY_CALL, documented_examples
from rebill.api.openapi_answers import SHARED_ERRORS, error_statuses, has_entity_tag
from rebill.api.route import Route
from rebill.api.routes import ROUTES
from tests.api.documented.document import FILE, document_text
from tests.api.documented.recording import FOLDER, Recorder, written

ANEW = "record the examples and the document anew: make openapi"
KEYED = [route for route in ROUTES if route.permission is not None]
DOCUMENT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


def _name(route: Route) -> str:
    return f"{route.method} {route.path}"


def _validator(pointer: str) -> Validator:
    registry: Registry[Any] = Registry().with_resource("urn:api", DRAFT202012.create_resource(DOCUMENT))
    return Draft202012Validator({"$ref": f"urn:api#{pointer}"}, registry=registry)


def _pointer(*parts: str) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


@pytest.mark.long
def test_the_kept_examples_are_what_a_server_answers(told: Recorder) -> None:
    answered = written(told.examples)
    kept = {file.name: file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.json"))}
    assert kept.keys() == answered.keys(), ANEW
    for name, text in answered.items():
        assert json.loads(kept[name]) == json.loads(text), f"{name}: {ANEW}"


def test_the_document_in_the_repository_is_that_of_the_routes() -> None:
    assert json.loads(document_text()) == DOCUMENT, ANEW


def test_the_document_is_sound_openapi() -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


@pytest.mark.parametrize("route", KEYED, ids=_name)
def test_every_call_has_an_example_of_each_answer(route: Route) -> None:
    examples = documented_examples().get((route.method, route.path), ())
    shown = {example.status for example in examples}
    # A POST is 409 while the same is under way, which all of them say alike.
    apart = {status for status in error_statuses(route) if status in SHARED_ERRORS}
    apart |= {409} if not route.may_conflict and not route.shows_key else set()
    # Where DELETE answers 204 there is nothing to show.
    apart.add(204)
    assert {*route.answers, *error_statuses(route)} - shown - apart == set()


def test_every_error_of_any_call_was_brought_about_on_a_server() -> None:
    examples = documented_examples()[OF_ANY_CALL]
    # And what a POST is answered that is sent again, with its Idempotency-Key, while the first one works.
    assert [example.status for example in examples] == [*SHARED_ERRORS, 409]
    for example in examples:
        assert not list(_validator(_pointer("components", "schemas", "ErrorAnswer")).iter_errors(example.answer))


@pytest.mark.parametrize("route", KEYED, ids=_name)
def test_what_has_an_entity_tag_says_how_to_ask_whether_it_still_holds(route: Route) -> None:
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    parameters = [parameter.get("$ref", "").rpartition("/")[2] for parameter in operation["parameters"]]
    tagged = {status for status, answer in operation["responses"].items() if "ETag" in answer.get("headers", {})}
    assert ("if_none_match" in parameters) == has_entity_tag(route)
    assert tagged == ({"200", "304"} if has_entity_tag(route) else set())


@pytest.mark.parametrize("route", KEYED, ids=_name)
def test_every_example_is_of_the_documented_shape(route: Route) -> None:
    operation = ("paths", route.path, route.method.lower())
    for example in documented_examples().get((route.method, route.path), ()):
        if not isinstance(example.answer, str):
            place = _pointer(*operation, "responses", str(example.status), "content", "application/json", "schema")
            assert not list(_validator(place).iter_errors(example.answer)), example.title
        if example.body is not None and example.status < 300:
            place = _pointer(*operation, "requestBody", "content", "application/json", "schema")
            assert not list(_validator(place).iter_errors(example.body)), example.title


@pytest.mark.parametrize("route", ROUTES, ids=_name)
def test_every_call_is_described(route: Route) -> None:
    operation = DOCUMENT["paths"][route.path][route.method.lower()]
    assert len(operation["description"]) > 40
    described = {tag["name"]: tag["description"] for tag in DOCUMENT["tags"]}
    assert described[operation["tags"][0]]
    for parameter in operation["parameters"]:
        assert "$ref" in parameter or parameter["description"]
