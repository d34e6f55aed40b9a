"""From a request that passed the checks before its body to a call: parameters, body, and all their faults at once."""

import re
from collections.abc import Mapping

from pydantic import BaseModel
from starlette.datastructures import Headers

from rebill.api.authentication import KEY_PARAMETER
from rebill.api.call import Call
from rebill.api.exchange import CUSTOMER_ID, Exchange
from rebill.api.idempotency import idempotency_faults
from rebill.api.kept_to_customer import faults_of_filter
from rebill.api.query import read_parameters
from rebill.api.route import Route
from rebill.api.shapes import read_shape, require_shape
from rebill.api.surroundings import Surroundings
from rebill.api.wire_reading import is_declared_csv, read_csv_text, read_json
from rebill.model.errors import Invalid


def read_call(surroundings: Surroundings, exchange: Exchange, route: Route, body: bytes) -> Call:
    """What ``exchange`` asks for, read. Raises ``Invalid`` with every fault of parameters and body at once."""
    parameters, faults = read_parameters(exchange.pairs, route.parameters, (KEY_PARAMETER, CUSTOMER_ID), route.changes)
    if route.takes_idempotency_key:
        faults |= idempotency_faults(exchange.headers)
    shape, body_faults = _read_body(exchange.headers, route, body)
    faults |= faults_of_filter(route, exchange.filter_customer_id, shape)
    call = Call(
        surroundings=surroundings,
        signed_in=exchange.caller,
        ids=exchange.ids,
        parameters=parameters,
        address=exchange.address,
        filter_customer_id=exchange.filter_customer_id,
        body=shape,
        reason=exchange.reason,
        accept=",".join(exchange.headers.getlist("accept")),
    )
    if (faults or body_faults) and shape is not None and route.value_faults is not None:
        body_faults = _joined(route.value_faults(call), body_faults)
    require_shape({**faults, **body_faults})
    return call


def _read_body(headers: Headers, route: Route, body: bytes) -> tuple[object, dict[str, str]]:
    if route.body is None:
        return None, {}
    if route.may_lack_body and not body:
        return read_shape(route.body, {}).shape, {}
    content_type = headers.get("content-type")
    if route.csv_field and is_declared_csv(content_type):
        return _read_csv(headers, route.body, route.csv_field, body)
    try:
        parsed = read_json(body, content_type, headers.get("content-encoding"))
    except Invalid as invalid:
        return None, invalid.fields
    # `null` is absent: a published SDK sends these four bytes with every GET.
    is_absent = parsed.value is None and route.may_lack_body
    read = read_shape(route.body, {} if is_absent else parsed.value)
    return read.shape, {**read.faults, **parsed.faults}


def _read_csv(headers: Headers, shape: type[BaseModel], field: str, body: bytes) -> tuple[object, dict[str, str]]:
    try:
        text = read_csv_text(body, headers["content-type"], headers.get("content-encoding"))
    except Invalid as invalid:
        return None, invalid.fields
    read = read_shape(shape, {field: text})
    return read.shape, dict(read.faults)


def _joined(of_values: Mapping[str, str], of_shape: Mapping[str, str]) -> dict[str, str]:
    """Both kinds of faults; a field whose shape is faulty was left out, so what its value lacks says nothing."""
    unread = {_root(path) for path in of_shape}
    return {**{path: fault for path, fault in of_values.items() if _root(path) not in unread}, **of_shape}


def _root(path: str) -> str:
    return re.split(r"[.\[]", path, maxsplit=1)[0]
