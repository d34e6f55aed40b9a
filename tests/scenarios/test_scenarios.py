"""Months small enough to be checked by hand: what a customer gets is what the scenario's README computes."""

from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import BillRun
from tests.scenarios.stage import Row, Stage, plain, rows_of
from tests.services.months import Month

FOLDER = Path(__file__).parent
SCENARIOS = sorted(file.parent for file in FOLDER.glob("*/cost.csv"))
_BALANCE = ("imported", "billed", "billing_disabled", "unassigned")


def told_totals(run: BillRun) -> list[Row]:
    found = sorted(run.statements, key=lambda one: (one.customer_name, one.statement.currency))
    return [
        {
            "customer": record.customer_name,
            "currency": record.statement.currency,
            "total": record.statement.price_text,
            "partner_cost": plain(record.statement.statement_cost),
            "margin": plain(record.statement.margin),
        }
        for record in found
    ]


def told_balance(run: BillRun) -> list[Row]:
    return [
        {"currency": found.currency, **{name: plain(getattr(found, name)) for name in _BALANCE}}
        for found in run.balance
    ]


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda folder: folder.name)
def test_what_is_billed_is_what_is_computed_by_hand(
    folder: Path, installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    stage = Stage(folder, Month(installation, partner, tmp_path))
    run = stage.run()
    expected = stage.sorted_as_stated(rows_of(folder, "statements.csv"))
    assert list(stage.lines(run)) == expected
    assert told_totals(run) == rows_of(folder, "totals.csv")
    assert told_balance(run) == rows_of(folder, "balance.csv")
    attention = [{"attention": kind.value, "lines": str(count)} for kind, count in run.attention]
    assert attention == rows_of(folder, "attention.csv")


@pytest.mark.parametrize("folder", SCENARIOS, ids=lambda folder: folder.name)
def test_every_scenario_says_its_arithmetic_in_words_and_adds_up(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    totals = rows_of(folder, "totals.csv")
    assert all(row["total"] in text for row in totals)
    lines = rows_of(folder, "statements.csv")
    for total in totals:
        own = [line for line in lines if all(line[key] == total[key] for key in ("customer", "currency"))]
        assert sum(Decimal(line["shown"]) for line in own) == Decimal(total["total"])
    assert {(line["customer"], line["currency"]) for line in lines} == {
        (total["customer"], total["currency"]) for total in totals
    }


def test_the_list_of_scenarios_is_whole() -> None:
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    lives = [file.parent for file in FOLDER.glob("*/acts.csv")]
    assert [folder.name for folder in (*SCENARIOS, *lives) if f"]({folder.name}/README.md)" not in listed] == []
