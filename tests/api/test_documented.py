"""The page about the API names every call, parameter and error code."""

import re
from pathlib import Path

import pytest

from rebill.api.route import Route
from rebill.api.routes import ROUTES

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
CODE = re.compile(r"(?:Invalid|TooMany|NotFound|Forbidden|Conflict|Unavailable|super\(\).__init__)\(\s*\"([a-z_]+)\"")
FILES = (
    *(ROOT / "src/rebill/api").glob("*.py"),
    *(
        ROOT / f"src/rebill/{name}.py"
        for name in (
            "services/acting/acts_once",
            "services/pricing/assign_book_accounts",
            "services/pricing/assign_price_book",
            "services/parties/assignment_act",
            "services/parties/catalogue",
            "services/pricing/change_book_assignment",
            "services/parties/change_customer",
            "services/pricing/change_price_book",
            "services/callers/change_user",
            "services/pricing/create_billing_rule",
            "services/parties/create_customer",
            "services/pricing/create_price_book",
            "services/callers/create_user",
            "services/parties/delete_customer",
            "services/pricing/delete_price_book",
            "services/trials/dry_run_price_book",
            "services/costs/enter_manual_line",
            "services/callers/keys",
            "services/callers/last_admin_key",
            "services/parties/list_assignments",
            "services/parties/partner_guards",
            "services/parties/partner_settings",
            "services/pricing/read_billing_rules",
            "services/pricing/read_book_assignments",
            "services/parties/read_customers",
            "services/proof/read_margins",
            "services/runs/recompute",
            "services/pricing/read_price_books",
            "services/costs/read_manual_lines",
            "services/billing/read_statements",
            "services/reconciling/enter_invoice",
            "services/reconciling/read_invoices",
            "services/callers/read_users",
            "services/acting/readiness",
            "services/pricing/update_billing_rule",
            "store/database",
        )
    ),
)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_call_and_its_parameters_are_described(route: Route) -> None:
    assert route.path in PAGE
    for parameter in route.parameters:
        assert re.search(rf"`{parameter.name}[`=]", PAGE), parameter.name


def test_every_error_code_is_described() -> None:
    codes = {code for file in FILES for code in CODE.findall(file.read_text(encoding="utf-8"))}
    assert len(codes) > 15
    assert not [code for code in sorted(codes) if f"`{code}`" not in PAGE]


def test_every_path_on_the_page_is_a_call() -> None:
    paths = set(re.findall(r"`(?:(?:GET|POST|PUT|DELETE) )?(/v[12]/[a-z_/{}]+)`", PAGE))
    assert len(paths) > 30
    assert paths <= {route.path for route in ROUTES}
