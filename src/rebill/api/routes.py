"""The route table. Dispatch, 405 and ``Allow``, roles, parameters, OpenAPI and the tests' matrix derive from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from rebill.api import answer_shapes, azure_accounts, azure_catalogue, customers, operations, shapes, subscriptions
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.paging import PAGING
from rebill.api.query import Parameter
from rebill.model.errors import NotFound
from rebill.services.installation import Installation
from rebill.services.permission import Permission

Handler = Callable[[Call], Answer]
ValueFaults = Callable[[Installation, Any], Mapping[str, str]]
CHANGING_METHODS = ("POST", "PUT", "DELETE")


@dataclass(frozen=True)
class Route:
    """One call. ``{name}`` in ``path`` stands for an id; ``permission`` ``None``: open, no key is asked for.

    ``answers``: documented success answers by status; text stands for a media type. ``value_faults`` finds
    what else is wrong with a body whose shape is faulty, so that a caller hears everything at once.
    """

    method: str
    path: str
    permission: Permission | None
    handler: Handler
    summary: str
    answers: Mapping[int, type[BaseModel] | str]
    parameters: tuple[Parameter, ...] = ()
    body: type[BaseModel] | None = None
    value_faults: ValueFaults | None = None

    @property
    def changes(self) -> bool:
        """Whether the call changes something, so that it refuses parameters it does not know."""
        return self.method in CHANGING_METHODS

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(self.path.strip("/").split("/"))

    @property
    def id_names(self) -> tuple[str, ...]:
        """The names of the ids in the path."""
        return tuple(segment[1:-1] for segment in self.segments if segment.startswith("{"))


def _azure_account_routes() -> Sequence[Route]:
    base = "/v1/azure_partner_customer_accounts"
    lists = {200: answer_shapes.AssignmentList}
    list_parameters = (*PAGING, *azure_accounts.LIST_PARAMETERS)
    return (
        Route(
            "PUT",
            f"{base}/add/{{client_api_id}}",
            Permission.CHANGE,
            azure_accounts.add,
            "Assign Azure accounts to a customer",
            {207: answer_shapes.AddAnswer},
            azure_accounts.BEGIN_PARAMETERS,
            shapes.AzureCustomersBody,
        ),
        Route(
            "PUT",
            f"{base}/remove/{{client_api_id}}",
            Permission.CHANGE,
            azure_accounts.remove,
            "Take Azure accounts away from a customer",
            {207: answer_shapes.RemoveAnswer},
            azure_accounts.END_PARAMETERS,
            shapes.AzureCustomersBody,
        ),
        Route(
            "PUT",
            f"{base}/move/{{client_api_id}}",
            Permission.CHANGE,
            azure_accounts.move,
            "Move Azure accounts to a customer",
            {207: answer_shapes.AddAnswer},
            azure_accounts.BEGIN_PARAMETERS,
            shapes.MoveBody,
        ),
        Route(
            "GET",
            f"{base}/list",
            Permission.READ_OWN,
            azure_accounts.list_accounts,
            "List Azure account assignments",
            lists,
            list_parameters,
        ),
        Route(
            "GET",
            f"{base}/list/{{client_api_id}}",
            Permission.READ_OWN,
            azure_accounts.list_accounts,
            "List a customer's Azure account assignments",
            lists,
            list_parameters,
        ),
    )


def _customer_routes(version: str, body: type[BaseModel]) -> Sequence[Route]:
    base = f"/{version}/customers"
    return (
        Route(
            "POST",
            base,
            Permission.CHANGE,
            customers.create,
            "Create a customer",
            {201: answer_shapes.CustomerAnswer},
            body=body,
            value_faults=customers.value_faults,
        ),
        Route(
            "GET",
            base,
            Permission.READ,
            customers.list_all,
            "List customers",
            {200: answer_shapes.CustomerList},
            PAGING,
        ),
        Route(
            "GET",
            f"{base}/{{client_api_id}}",
            Permission.READ_OWN,
            customers.get,
            "Show a customer",
            {200: answer_shapes.CustomerAnswer},
        ),
        # PUT and DELETE of a customer belong here.
    )


def _catalogue_routes() -> Sequence[Route]:
    base = "/v1/azure_partner_customers"
    return (
        Route(
            "GET",
            base,
            Permission.READ,
            azure_catalogue.list_azure_customers,
            "List the catalogue of Azure customers",
            {200: answer_shapes.CatalogueList},
            (*PAGING, *azure_catalogue.LIST_PARAMETERS),
        ),
        Route(
            "GET",
            f"{base}/{{db_partner_customer_id}}",
            Permission.READ,
            azure_catalogue.get_azure_customer,
            "Show an Azure customer of the catalogue",
            {200: answer_shapes.CatalogueElement},
        ),
    )


def _subscription_routes() -> Sequence[Route]:
    base = "/v1/azure_subscriptions"
    return (
        Route(
            "PUT",
            f"{base}/add/{{client_api_id}}",
            Permission.CHANGE,
            subscriptions.add,
            "Assign subscriptions to a customer",
            {200: answer_shapes.SubscriptionList},
            (*azure_accounts.BEGIN_PARAMETERS, subscriptions.DETAIL),
            shapes.SubscriptionsBody,
        ),
        Route(
            "PUT",
            f"{base}/remove/{{client_api_id}}",
            Permission.CHANGE,
            subscriptions.remove,
            "Take subscriptions away from a customer",
            {200: answer_shapes.SubscriptionRemoval},
            (*azure_accounts.END_PARAMETERS, subscriptions.DETAIL),
            shapes.SubscriptionsBody,
        ),
        Route(
            "GET",
            f"{base}/list/{{client_api_id}}",
            Permission.READ_OWN,
            subscriptions.list_subscriptions,
            "List a customer's subscriptions",
            {200: answer_shapes.SubscriptionList},
            (*PAGING, *azure_accounts.LIST_PARAMETERS, subscriptions.DETAIL),
        ),
    )


def _open_routes() -> Sequence[Route]:
    status = {200: answer_shapes.Status}
    return (
        Route("GET", "/healthz", None, operations.healthz, "Whether the server is up", status),
        Route("GET", "/readyz", None, operations.readyz, "Whether the server is ready", status),
        Route("GET", "/metrics", None, operations.metrics, "Counts and durations", {200: "text/plain"}),
        Route("GET", "/openapi.json", None, operations.openapi, "The OpenAPI document", {200: "application/json"}),
        Route("GET", "/docs", None, operations.docs, "This API as a page", {200: "text/html"}),
    )


ROUTES: tuple[Route, ...] = (
    *_azure_account_routes(),
    *_customer_routes("v1", shapes.NewCustomerBody),
    *_customer_routes("v2", shapes.NewAzureCustomerBody),
    *_catalogue_routes(),
    *_subscription_routes(),
    # Statements, billing rules, and price books with their assignments belong here.
    *_open_routes(),
)
"""Every call there is."""

_NOT_OFFERED = (
    "api", "assets", "olap_reports", "reports", "metrics", "perspective_schemas", "perspectives", "organizations",
    "govcloud_linkages", "aws_accounts", "aws_account_assignments", "aws_external_id", "gcp_accounts", "gcp_projects",
)  # fmt: skip
_UNVERSIONED = ("price_book_assignments", "price_book_account_assignments")


@dataclass(frozen=True)
class Match:
    """A path that exists: its template, its routes by method, and the texts where ids stand."""

    path: str
    routes: Mapping[str, Route]
    id_texts: Mapping[str, str]

    @property
    def is_open(self) -> bool:
        """Whether no key is asked for, whatever the method."""
        return any(route.permission is None for route in self.routes.values())

    @property
    def allowed(self) -> list[str]:
        """The methods that this path answers."""
        return sorted({*self.routes, *(["HEAD"] if "GET" in self.routes else [])})

    def route(self, method: str) -> Route | None:
        """The route of ``method``; HEAD is GET without its body."""
        return self.routes.get("GET" if method == "HEAD" else method)


class RouteTable:
    """Finds the routes of a path, however its slashes are written."""

    def __init__(self, routes: Sequence[Route]) -> None:
        by_path: dict[tuple[str, ...], dict[str, Route]] = {}
        for route in routes:
            by_path.setdefault(route.segments, {})[route.method] = route
        # A path without ids comes before one that would read the same place as an id.
        self._paths = sorted(by_path.items(), key=lambda item: sum(part.startswith("{") for part in item[0]))

    def match(self, path: str) -> Match | None:
        """The routes of ``path``, ``None`` where there are none."""
        segments = canonical_segments(path)
        for template, routes in self._paths:
            if len(template) == len(segments):
                pairs = list(zip(template, segments, strict=True))
                if all(part == segment or part.startswith("{") for part, segment in pairs):
                    id_texts = {part[1:-1]: segment for part, segment in pairs if part.startswith("{")}
                    return Match("/" + "/".join(template), routes, id_texts)
        return None


def canonical_segments(path: str) -> tuple[str, ...]:
    """The segments that ``path`` names: doubled and trailing slashes, /v1/v1, /v1/v2 and a missing /v1 put right."""
    segments = [segment for segment in path.split("/") if segment]
    if segments[:1] == ["v1"] and segments[1:2] in (["v1"], ["v2"]):
        segments = segments[1:]
    if segments and segments[0] in _UNVERSIONED:
        segments = ["v1", *segments]
    return tuple(segments)


def unknown_path(path: str) -> NotFound:
    """What to say of a path that has no routes: calls of the published API that rebill leaves out have a code."""
    segments = canonical_segments(path)
    named = segments[1:2] if segments[:1] in (("v1",), ("v2",)) else segments[:1]
    if named and named[0] in _NOT_OFFERED:
        return NotFound("not_offered", "rebill bills partners' customers; it does not offer this call.")
    return NotFound("unknown_path", "There is no such path: /docs shows every call.")
