"""What billing rules and guards make of the price that a book gave a line, computed by hand."""

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from rebill.model.rating import BaseKind, Guard
from rebill.rating.guards import KEPT_FOR_GUARDS, guarded
from rebill.rating.line_rules import KEPT_PRICE, LIST_PRICE, NO_PRICE
from rebill.rating.ruled_lines import rule_column_names, rule_columns, rule_joins, ruled

AMOUNT = "DECIMAL(28,12)"
LINE: dict[str, tuple[str, Any]] = {
    "part": ("INTEGER", 1),
    "part_row": ("BIGINT", 2),
    "span_number": ("INTEGER", 3),
    "product_number": ("INTEGER", 4),
    "base_kind": ("TINYINT", int(BaseKind.BILLED)),
    "quantity": ("DECIMAL(20,8)", "1.5"),
    "billed_cost": (AMOUNT, "7"),
    "statement_cost": (AMOUNT, "8"),
    "price": (AMOUNT, "10"),
    "spans_transfer": ("BOOLEAN", "TRUE"),
}
RULES: dict[str, tuple[str, Any]] = {
    "spread_over": ("BOOLEAN", "FALSE"),
    "support": ("BOOLEAN", "FALSE"),
    "support_listed": ("BOOLEAN", "FALSE"),
    "support_source": ("INTEGER", KEPT_PRICE),
    "support_factor": ("DECIMAL(9,6)", None),
    "list_price": (AMOUNT, "40"),
    **{f"share_{place}": ("DECIMAL(9,6)", None) for place in (1, 2, 3)},
}
GUARDS: dict[str, tuple[str, Any]] = {
    "guarded": ("BOOLEAN", "TRUE"),
    "cap": (AMOUNT, None),
    "floor_at_cost": ("BOOLEAN", "FALSE"),
    "margin_factor": ("DECIMAL(9,6)", None),
}


def line(columns: dict[str, tuple[str, Any]], told: dict[str, Any]) -> str:
    values = {name: (kind, told.get(name, value)) for name, (kind, value) in columns.items()}
    assert set(told) <= set(columns)
    return "SELECT " + ", ".join(
        f"CAST({'NULL' if value is None else repr(str(value))} AS {kind}) AS {name}"
        for name, (kind, value) in values.items()
    )


def computed(sql: str) -> dict[str, Any]:
    with duckdb.connect() as engine:
        found = engine.execute(sql)
        (row,) = found.fetchall()
        return dict(zip([name for name, *_ in found.description or ()], row, strict=True))


SUPPORT = {"support": "TRUE", "support_listed": "TRUE"}


@pytest.mark.parametrize(
    ("told", "places", "spread", "price", "by_rule"),
    [
        ({}, 3, "0", "10", False),
        ({"spread_over": "TRUE"}, 0, "0", "10", False),
        ({"spread_over": "TRUE", "share_1": "0.1"}, 1, "1", "11", False),
        ({"spread_over": "TRUE", "share_1": "0.1", "share_2": "-0.05"}, 2, "0.5", "10.5", False),
        ({"spread_over": "TRUE", "share_1": "0.1", "share_3": "0.05"}, 3, "1.5", "11.5", False),
        ({"spread_over": "TRUE", "share_1": "1", "share_2": "0.2", "share_3": "0.03"}, 3, "12.3", "22.3", False),
        # Each share is rounded by itself: twice 0.0000000000005 is 0.000000000002.
        (
            {"spread_over": "TRUE", "price": "0.000000000005", "share_1": "0.1", "share_2": "0.1"},
            2,
            "2e-12",
            "7e-12",
            False,
        ),
        ({"share_1": "0.1"}, 1, "0", "10", False),
        ({**SUPPORT}, 0, "0", "10", False),
        ({**SUPPORT, "support_source": NO_PRICE}, 0, "0", "0", True),
        ({"support": "TRUE", "support_source": NO_PRICE}, 0, "0", "0", True),
        ({"support_source": NO_PRICE}, 0, "0", "10", False),
        ({**SUPPORT, "support_source": LIST_PRICE, "support_factor": "0.75"}, 0, "0", "30", True),
        ({**SUPPORT, "support_source": LIST_PRICE, "support_factor": "1", "list_price": None}, 0, "0", "10", False),
        ({"support": "TRUE", "support_source": LIST_PRICE, "support_factor": "1"}, 0, "0", "10", False),
    ],
)
def test_shares_add_up_and_support_is_free_or_at_list(
    told: dict[str, Any], places: int, spread: str, price: str, by_rule: bool
) -> None:
    found = computed(ruled(line({**LINE, **RULES}, told), places))
    assert list(found) == [*list(LINE)[:8], "spread", "price", "spans_transfer"]
    kept = {name: found[name] for name in ("part", "part_row", "span_number", "product_number", "quantity")}
    assert kept == {"part": 1, "part_row": 2, "span_number": 3, "product_number": 4, "quantity": Decimal("1.5")}
    assert (found["billed_cost"], found["statement_cost"], found["spans_transfer"]) == (7, 8, True)
    assert (found["spread"], found["price"]) == (Decimal(spread), Decimal(price))
    assert found["base_kind"] == (BaseKind.SUPPORT_RULE if by_rule else BaseKind.BILLED)


def test_what_rules_need_of_a_line_is_called_as_they_call_it() -> None:
    named = "spread_over, support, support_listed, support_source, support_factor"
    assert rule_column_names(0) == f"{named}, list_price"
    assert rule_column_names(3) == f"{named}, share_1, share_2, share_3, list_price"
    columns = rule_columns(2)
    assert "u.support_source, u.support_factor, u.share_1, u.share_2,\n" in columns
    rows = f"SELECT {columns} FROM lines AS l CROSS JOIN prices AS p CROSS JOIN spans AS s {rule_joins('s')}"
    tables = f"""WITH lines AS ({line({"ListCost": (AMOUNT, "0"), "BilledCost": (AMOUNT, "3")}, {})}),
        prices AS (SELECT 4 AS product_number), spans AS (SELECT 2 AS line_rule_set),
        line_rules AS (SELECT 2 AS line_rule_set, 1 AS support_source, 0.5 AS support_factor,
                       0.1 AS share_1, 0.2 AS share_2),
        product_rules AS (SELECT 4 AS product_number, TRUE AS spread_over, FALSE AS support, FALSE AS support_listed)"""
    assert list(computed(f"{tables} {rows}").values()) == [
        *(True, False, False, 1, Decimal("0.5"), Decimal("0.1"), Decimal("0.2")),
        None,
    ]


def test_further_columns_are_handed_on() -> None:
    kept = computed(ruled(line({**LINE, **RULES, **GUARDS}, {"cap": "5"}), 1, KEPT_FOR_GUARDS))
    assert list(kept)[-4:] == list(GUARDS)
    assert list(kept.values())[-4:] == [True, 5, False, None]
    both = computed(guarded(ruled(line({**LINE, **RULES, **GUARDS}, {"cap": "5"}), 1, KEPT_FOR_GUARDS), True))
    assert list(both) == [*list(LINE)[:8], "spread", "price", "spans_transfer", "guard"]
    assert both["price"] == 5


@pytest.mark.parametrize(
    ("told", "price", "guard"),
    [
        ({}, "10", Guard.NONE),
        ({"cap": "12"}, "10", Guard.NONE),
        ({"cap": "9"}, "9", Guard.CAP_AT_LIST),
        ({"cap": "9", "guarded": "FALSE"}, "10", Guard.NONE),
        ({"cap": "9", "base_kind": int(BaseKind.SUPPORT_RULE)}, "10", Guard.NONE),
        ({"floor_at_cost": "TRUE"}, "10", Guard.NONE),
        ({"floor_at_cost": "TRUE", "statement_cost": "11"}, "11", Guard.FLOOR_AT_COST),
        ({"floor_at_cost": "TRUE", "statement_cost": "11", "cap": "9"}, "11", Guard.FLOOR_AT_COST),
        ({"floor_at_cost": "TRUE", "statement_cost": "11", "guarded": "FALSE"}, "10", Guard.NONE),
        ({"cap": "9", "margin_factor": "1.176471"}, "9.411768", Guard.MARGIN_FLOOR),
        ({"cap": "9", "margin_factor": "1.111112"}, "9", Guard.CAP_AT_LIST),
        ({"margin_factor": "2", "guarded": "FALSE"}, "10", Guard.NONE),
        ({"margin_factor": "2", "base_kind": int(BaseKind.SUPPORT_RULE)}, "10", Guard.NONE),
        ({"margin_factor": "1.4", "floor_at_cost": "TRUE", "statement_cost": "11"}, "15.4", Guard.MARGIN_FLOOR),
    ],
)
def test_a_price_is_held_within_its_bounds_and_the_last_that_moved_it_is_named(
    told: dict[str, Any], price: str, guard: Guard
) -> None:
    found = computed(guarded(line({**LINE, **GUARDS}, told), has_spread=False))
    assert list(found) == [*list(LINE)[:8], "price", "spans_transfer", "guard"]
    assert (found["price"], found["guard"], found["spans_transfer"]) == (Decimal(price), guard, True)
