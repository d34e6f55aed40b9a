"""Usage that goes on across a change of owner, found among lines of every kind of account."""

from datetime import date
from typing import Any

import duckdb

from rebill.model.identifiers import AccountKind
from rebill.model.rating import AccountBinding
from rebill.rating.accounts import APPLICABLE, CHANGES_OF_OWNER
from rebill.rating.folding import lower_of
from rebill.rating.tables import InputTable, binding_table, changed_day_table
from rebill.rating.transfers import ACCOUNTS_OF_LONG_LINES, CROSSING_LINES, LONG_LINES, first_crossing_lines
from tests.rating.test_price_book_words import on

CHANGED, AGAIN = date(2024, 9, 15), date(2024, 9, 16)
LINE: dict[str, Any] = {
    "part": 0,
    "part_row": 0,
    "SubAccountId": None,
    "x_AzureCustomerId": None,
    "CommitmentDiscountId": None,
    "CommitmentDiscountStatus": None,
    "BillingAccountId": "b-1",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": on(13),
    "ChargePeriodEnd": on(17),
    "BilledCost": 3,
    "BillingCurrency": "USD",
}
LINES: list[dict[str, Any]] = [
    {"SubAccountId": "s-1"},
    {"x_AzureCustomerId": "t-1"},
    {"CommitmentDiscountId": " R-1 "},
    {},
    {"SubAccountId": "s-1", "ChargePeriodStart": on(14, 12), "ChargePeriodEnd": on(15, 13)},
    {"SubAccountId": "s-1", "ChargePeriodStart": on(15)},
    # Of nobody who changes, or of no day that does.
    {"SubAccountId": "s-2"},
    {"CommitmentDiscountId": "r-2"},
    {"SubAccountId": "s-1", "ChargePeriodStart": on(14), "ChargePeriodEnd": on(15)},
    {"SubAccountId": "s-1", "ChargePeriodEnd": on(15)},
    {"SubAccountId": "s-1", "ChargePeriodStart": on(16), "ChargePeriodEnd": on(18)},
    {"SubAccountId": "s-1", "ChargeCategory": "Purchase"},
    {"SubAccountId": "s-1", "ChargePeriodEnd": None},
    {"SubAccountId": "s-1", "ChargePeriodEnd": on(15, 1), "BillingAccountId": "b-2"},
]
BINDINGS = [
    AccountBinding(AccountKind.SUBSCRIPTION, "s-1", 7, None, CHANGED),
    AccountBinding(AccountKind.SUBSCRIPTION, "s-1", 8, CHANGED, AGAIN),
    AccountBinding(AccountKind.SUBSCRIPTION, "s-2", 7, CHANGED, None),
    AccountBinding(AccountKind.AZURE_CUSTOMER, "t-1", 7, CHANGED, None),
    AccountBinding(AccountKind.COMMITMENT, "r-1", 8, None, CHANGED),
    AccountBinding(AccountKind.COMMITMENT, "r-2", 8, None, None),
    AccountBinding(AccountKind.CHARGE_KIND, "usage", 7, None, CHANGED),
    AccountBinding(AccountKind.CHARGE_KIND, "usage", 9, CHANGED, None),
]
ACTS = (
    (AccountKind.SUBSCRIPTION, "s-1"),
    (AccountKind.AZURE_CUSTOMER, "t-1"),
    (AccountKind.COMMITMENT, "r-1"),
    (AccountKind.CHARGE_KIND, "usage"),
)


def create(engine: duckdb.DuckDBPyConnection, table: InputTable) -> None:
    """A table of text, as its types have it."""
    columns = ", ".join(f"{name} {kind}" for name, kind in table.columns)
    engine.execute(f"CREATE TABLE {table.name} ({columns})")
    engine.executemany(f"INSERT INTO {table.name} VALUES ({', '.join('?' * len(table.columns))})", list(table.rows))


KINDS = {"part": "INTEGER", "part_row": "BIGINT", "BilledCost": "DECIMAL(28,12)"}


def test_usage_of_several_days_is_listed_with_the_day_that_its_account_changes_hands() -> None:
    columns = [f"{name} {KINDS.get(name, 'TIMESTAMP' if 'Period' in name else 'VARCHAR')}" for name in LINE]
    marks = ", ".join("?" * len(LINE))
    with duckdb.connect() as engine:
        create(engine, binding_table(BINDINGS))
        # The subscription changes hands on two of these days, and the first that a line crosses is told.
        days = {**dict.fromkeys(ACTS, (CHANGED,)), ACTS[0]: (CHANGED, AGAIN)}
        create(engine, changed_day_table(days))
        engine.execute(f"CREATE TABLE cost_lines ({', '.join(columns)})")
        for row, told in enumerate(LINES):
            engine.execute(f"INSERT INTO cost_lines VALUES ({marks})", list({**LINE, "part_row": row, **told}.values()))
        of_lake = "'costs.csv' AS x_SourceFile, part_row + 1 AS x_SourceRow"
        engine.execute(f"CREATE TABLE lake_lines AS SELECT *, {of_lake} FROM cost_lines")
        engine.execute(f"CREATE TABLE long_lines AS {LONG_LINES}")
        engine.execute(f"CREATE TABLE accounts AS {ACCOUNTS_OF_LONG_LINES}")
        engine.execute(f"CREATE TABLE applicable AS {APPLICABLE}")
        engine.execute(f"CREATE TABLE changes_of_owner AS {CHANGES_OF_OWNER}")
        engine.execute(f"CREATE TABLE crossing_lines AS {CROSSING_LINES}")
        accounts = engine.execute("SELECT * EXCLUDE account_number FROM accounts").fetchall()
        found = engine.execute(first_crossing_lines(100)).fetchall()
        first = engine.execute(first_crossing_lines(2)).fetchall()
    # Subscription, tenant, billing account, commitment, kind of charge, month of the rules.
    assert sorted(accounts, key=str) == sorted(
        [
            ("s-1", None, None, None, None, None),
            (None, "t-1", None, None, None, None),
            (None, None, None, "r-1", "usage", None),
            (None, None, None, "r-2", "usage", None),
            (None, None, None, None, "usage", None),
        ],
        key=str,
    )
    whole, of_line = (on(13), on(17), CHANGED, 3, "USD"), (0, "costs.csv")
    assert found == [
        (*of_line, 1, "s-1", None, None, None, *whole),
        (*of_line, 2, None, "t-1", None, None, *whole),
        (*of_line, 3, None, None, " R-1 ", "usage", *whole),
        (*of_line, 4, None, None, None, "usage", *whole),
        (*of_line, 5, "s-1", None, None, None, on(14, 12), on(15, 13), CHANGED, 3, "USD"),
        (*of_line, 6, "s-1", None, None, None, on(15), on(17), AGAIN, 3, "USD"),
        (*of_line, 14, "s-1", None, None, None, on(13), on(15, 1), CHANGED, 3, "USD"),
    ]
    assert first == found[:2]


def test_letters_of_ascii_alone_are_made_small() -> None:
    with duckdb.connect() as engine:
        text = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-ÀÉİ"
        assert engine.execute(f"SELECT {lower_of('?')}", [text]).fetchall() == [("abcdefghijklmnopqrstuvwxyz-ÀÉİ",)]
