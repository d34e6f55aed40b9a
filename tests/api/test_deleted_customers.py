"""A deleted customer in the path: a call knows it or does not, whatever else stands in the request.

The rows come from the route table, which says which calls know it.
"""

import pytest

from rebill.api.route import Route
from rebill.api.routes import ROUTES
from tests.api.client import ApiClient
from tests.api.test_callers import ROWS, path_of
from tests.api.world import World

_OF_A_CUSTOMER = [route for route in ROUTES if "client_api_id" in route.id_names]


def _named(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.mark.parametrize("route", _OF_A_CUSTOMER, ids=_named)
def test_a_deleted_customer_is_there_or_not_whatever_else_is_asked(route: Route, api: ApiClient, world: World) -> None:
    sound = ROWS[route.method, route.path].sent(api, world)
    path = path_of(route, api, world, world.customer_id)
    assert api.delete(f"/v1/customers/{world.customer_id}").is_success
    answers = [
        api.request(route.method, f"{path}{query}", **body)
        for query in ("", f"?client_api_id={world.customer_id}", "?page=0&as_of=x&effective_from=x")
        for body in ({"json": sound}, {"json": {"surprise": 1}}, {"content": b"{"})
    ]
    assert {one.status_code for one in answers} <= ({200, 422} if route.knows_deleted else {404})


@pytest.mark.parametrize("route", [one for one in _OF_A_CUSTOMER if one.method == "GET"], ids=_named)
def test_who_asks_for_deleted_ones_where_that_says_nothing_is_told_of_those_that_live(
    route: Route, api: ApiClient, world: World
) -> None:
    path = f"{path_of(route, api, world, world.customer_id)}?deleted=true"
    says_something = any(parameter.name == "deleted" for parameter in route.parameters)
    for query in ("", f"&client_api_id={world.customer_id}"):
        assert api.get(f"{path}{query}").status_code == (404 if says_something else 200)
