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
            "services/acts_once",
            "services/assign_book_accounts",
            "services/assign_price_book",
            "services/assignment_act",
            "services/catalogue",
            "services/change_book_assignment",
            "services/change_customer",
            "services/change_price_book",
            "services/change_user",
            "services/create_billing_rule",
            "services/create_customer",
            "services/create_price_book",
            "services/create_user",
            "services/delete_customer",
            "services/delete_price_book",
            "services/dry_run_price_book",
            "services/enter_manual_line",
            "services/keys",
            "services/last_admin_key",
            "services/list_assignments",
            "services/partner_settings",
            "services/read_billing_rules",
            "services/read_book_assignments",
            "services/read_customers",
            "services/read_margins",
            "services/recompute",
            "services/read_price_books",
            "services/read_manual_lines",
            "services/read_statements",
            "services/read_users",
            "services/readiness",
            "services/update_billing_rule",
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
