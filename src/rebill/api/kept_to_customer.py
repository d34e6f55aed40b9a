"""``?client_api_id=`` keeps a call to that customer: what a body names, and what is of the whole partner."""

from collections.abc import Mapping

from rebill.api.exchange import CUSTOMER_ID
from rebill.api.route import Route
from rebill.api.shapes import LenientBody

_ANOTHER = "differs from the customer in the query: send one of the two"
_MORE = "is more than the customer in the query: name that one, or send no client_api_id"


def faults_of_filter(route: Route, customer_id: int | None, body: object) -> Mapping[str, str]:
    """Why a call cannot be kept to the customer that its query names (``None``: none), by field."""
    if customer_id is None:
        return {}
    if route.of_whole_partner:
        act = "changes" if route.changes else "tells of"
        return {CUSTOMER_ID: f"is of no use here: this call {act} the whole partner; leave it out"}
    named = body.customers_named if isinstance(body, LenientBody) else {}
    return {field: _MORE if one is None else _ANOTHER for field, one in named.items() if one != customer_id}
