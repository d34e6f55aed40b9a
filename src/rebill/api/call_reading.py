"""From a request that passed the checks before its body to a call: parameters, body, and all their faults at once."""

from collections.abc import Mapping
from dataclasses import replace

from starlette.datastructures import Headers

from rebill.api.authentication import KEY_PARAMETER
from rebill.api.call import Call
from rebill.api.exchange import CUSTOMER_ID, Exchange
from rebill.api.idempotency import idempotency_faults
from rebill.api.kept_to_customer import faults_of_filter
from rebill.api.query import read_parameters
from rebill.api.route import Route
from rebill.api.shapes import LenientBody, ReadShape, read_shape, require_shape
from rebill.api.surroundings import Surroundings
from rebill.api.wire_reading import is_declared_csv, read_csv_text, read_json
from rebill.model.errors import Invalid


def read_call(surroundings: Surroundings, exchange: Exchange, route: Route, body: bytes) -> Call:
    """What ``exchange`` asks for, read. Raises ``Invalid`` with every fault of parameters and body at once."""
    parameters, faults = read_parameters(exchange.pairs, route.parameters, (KEY_PARAMETER, CUSTOMER_ID), route.changes)
    if route.takes_idempotency_key:
        faults |= idempotency_faults(exchange.headers)
    read = _read_body(exchange.headers, route, body)
    faults |= faults_of_filter(route, exchange.filter_customer_id, read.shape)
    call = Call(
        surroundings=surroundings,
        signed_in=exchange.caller,
        ids=exchange.ids,
        parameters=parameters,
        address=exchange.address,
        filter_customer_id=exchange.filter_customer_id,
        body=read.shape,
        reason=exchange.reason,
        accept=",".join(exchange.headers.getlist("accept")),
    )
    if (faults or read.faults) and read.shape is not None and route.value_faults is not None:
        faults |= _of_what_was_read(route.value_faults(call), read)
    require_shape({**faults, **read.faults})
    return call


def _read_body(headers: Headers, route: Route, body: bytes) -> ReadShape[LenientBody]:
    if route.body is None:
        return ReadShape(None, {})
    if route.may_lack_body and not body:
        return ReadShape(read_shape(route.body, {}).shape, {})
    content_type = headers.get("content-type")
    if route.csv_field and is_declared_csv(content_type):
        return _read_csv(headers, route.body, route.csv_field, body)
    try:
        parsed = read_json(body, content_type, headers.get("content-encoding"))
    except Invalid as invalid:
        return ReadShape(None, invalid.fields)
    # `null` is absent: a published SDK sends these four bytes with every GET.
    is_absent = parsed.value is None and route.may_lack_body
    read = read_shape(route.body, {} if is_absent else parsed.value)
    return replace(read, faults={**read.faults, **parsed.faults}, unread=read.unread | parsed.faults.keys())


def _read_csv(headers: Headers, shape: type[LenientBody], field: str, body: bytes) -> ReadShape[LenientBody]:
    try:
        text = read_csv_text(body, headers["content-type"], headers.get("content-encoding"))
    except Invalid as invalid:
        return ReadShape(None, invalid.fields)
    return read_shape(shape, {field: text})


def _of_what_was_read(of_values: Mapping[str, str], read: ReadShape[LenientBody]) -> dict[str, str]:
    """Faults of values that were read: of a place that was not, what its value lacks says nothing."""
    return {
        path: fault
        for path, fault in of_values.items()
        if path not in read.faults and not any(_is_in(path, place) for place in read.unread)
    }


def _is_in(path: str, place: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))
