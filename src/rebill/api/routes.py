"""The route table. Dispatch, 405 and ``Allow``, roles, parameters, OpenAPI and the tests' matrix derive from it.

Each resource's module lists its own calls; here they become one table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rebill.api import (
    allocations,
    api_keys,
    attention_lines,
    audit_entries,
    azure_accounts,
    azure_catalogue,
    bill_runs,
    billing_rules,
    closings,
    customer_statements,
    customer_terms,
    customers,
    data_sets,
    document_deliveries,
    document_settings,
    manual_lines,
    margins,
    microsoft_invoices,
    month_checklist,
    month_comparison,
    operations,
    partner_guards,
    partner_settings,
    price_book_account_assignments,
    price_book_assignments,
    price_book_dry_runs,
    price_books,
    proofs,
    reconciliation,
    subscriptions,
    syncs,
    user_sign_in,
    users,
    what_if,
)
from rebill.api.route import Route
from rebill.model.errors import NotFound

ROUTES: tuple[Route, ...] = (
    *azure_accounts.ROUTES,
    *customers.ROUTES,
    *customer_terms.ROUTES,
    *customer_statements.ROUTES,
    *document_settings.ROUTES,
    *proofs.ROUTES,
    *margins.ROUTES,
    *what_if.ROUTES,
    *bill_runs.ROUTES,
    *closings.ROUTES,
    *attention_lines.ROUTES,
    *data_sets.ROUTES,
    *month_comparison.ROUTES,
    *azure_catalogue.ROUTES,
    *subscriptions.ROUTES,
    *allocations.ROUTES,
    *billing_rules.ROUTES,
    *manual_lines.ROUTES,
    *microsoft_invoices.ROUTES,
    *reconciliation.ROUTES,
    *month_checklist.ROUTES,
    *syncs.ROUTES,
    *document_deliveries.ROUTES,
    *price_books.ROUTES,
    *price_book_dry_runs.ROUTES,
    *price_book_assignments.ROUTES,
    *price_book_account_assignments.ROUTES,
    *users.ROUTES,
    *user_sign_in.ROUTES,
    *api_keys.ROUTES,
    *partner_settings.ROUTES,
    *partner_guards.ROUTES,
    *audit_entries.ROUTES,
    *operations.ROUTES,
)
"""Every call there is."""

_NOT_OFFERED = (
    "api", "assets", "olap_reports", "reports", "metrics", "perspective_schemas", "perspectives", "organizations",
    "policies", "custom_tags", "tags", "sso", "govcloud_linkages", "gov_cloud_linkages", "aws_accounts",
    "aws_account_assignments", "aws_external_id", "gcp_accounts", "gcp_billing_accounts", "gcp_projects",
)  # fmt: skip
_UNVERSIONED = ("price_book_assignments", "price_book_account_assignments", "customer_statements")
"""Asked for without a version by a published SDK, or written so in the published description."""
_NAMING = 2
"""How many segments at the beginning of a path are never ids: by them its route is found among many."""
_FIRST_SEGMENTS = frozenset({"v1", "v2", *_NOT_OFFERED, *(route.segments[0] for route in ROUTES)})


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
        paths = sorted(by_path.items(), key=lambda item: sum(part.startswith("{") for part in item[0]))
        self._paths: dict[tuple[int, tuple[str, ...]], list[tuple[tuple[str, ...], dict[str, Route]]]] = {}
        for template, of_path in paths:
            if any(part.startswith("{") for part in template[:_NAMING]):
                raise AssertionError("what a path begins with names the call, and is no id")
            self._paths.setdefault((len(template), template[:_NAMING]), []).append((template, of_path))

    def match(self, path: str) -> Match | None:
        """The routes of ``path``, ``None`` where there are none."""
        segments = canonical_segments(path)
        for template, routes in self._paths.get((len(segments), segments[:_NAMING]), ()):
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


def is_of_api(path: str) -> bool:
    """Whether ``path`` lies where the API answers, be it only that there is no such call."""
    first = canonical_segments(path)[:1]
    return path.startswith("//") or not first or first[0] in _FIRST_SEGMENTS


def unknown_path(path: str) -> NotFound:
    """What to say of a path that has no routes: calls of the published API that rebill leaves out have a code."""
    segments = canonical_segments(path)
    named = segments[1:2] if segments[:1] in (("v1",), ("v2",)) else segments[:1]
    if named and named[0] in _NOT_OFFERED:
        return NotFound("not_offered", "rebill bills partners' customers; it does not offer this call.")
    return NotFound("unknown_path", "There is no such path: /docs shows every call.")
