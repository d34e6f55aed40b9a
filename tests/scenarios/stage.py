"""A scenario's folder put on the stage: its customers, cost, accounts, books and rules, through the real services."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from rebill.api.billing_rule_shapes import BillingRuleBody
from rebill.cli.request_files import read_request
from rebill.model.assignment import AssignmentOrder
from rebill.model.identifiers import AccountKind
from rebill.model.manual_line import NewManualLine
from rebill.model.price_book_record import BookAssignmentOrder, PriceBookOrder
from rebill.model.statement import LineKind, ShownLine, Statement
from rebill.model.terms import Basis, CommitmentsPolicy, GuardsChange, LateCostTerm
from rebill.services.billing.read_statements import get_statement
from rebill.services.billing.run_bill import BillRun, run_bill
from rebill.services.costs.enter_manual_line import enter_manual_line
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.services.parties.partner_guards import change_partner_guards
from rebill.services.pricing.assign_book_with_accounts import assign_book_with_accounts
from rebill.services.pricing.create_billing_rule import create_billing_rule
from rebill.services.pricing.create_price_book import create_price_book
from tests.services.months import SEPTEMBER, Month, charge
from tests.services.steps import listed

_COST_COLUMNS = {
    "subscription": "SubAccountId",
    "tenant": "x_CustomerId",
    "billing_account": "BillingAccountId",
    "provider": "ProviderName",
    "service": "ServiceName",
    "category": "ChargeCategory",
    "class": "ChargeClass",
    "currency": "BillingCurrency",
    "quantity": "PricingQuantity",
    "unit": "PricingUnit",
    "effective": "effective",
    "commitment": "CommitmentDiscountId",
    "status": "CommitmentDiscountStatus",
    "commitment_category": "CommitmentDiscountCategory",
    "publisher": "PublisherName",
    "invoice": "InvoiceId",
    "previous_invoice": "x_PreviousInvoiceId",
}
"""Columns of ``cost.csv`` beside ``day``, ``billed`` and ``list``, and the FOCUS columns that they are."""
Row = dict[str, str]
_YES_OR_NO = {"yes": True, "no": False}


def rows_of(folder: Path, name: str) -> list[Row]:
    """The rows of one of a scenario's small tables; none where it has no such table."""
    file = folder / name
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))) if file.exists() else []


@dataclass
class Stage:
    """One scenario of one partner. ``rules``: id of each billing rule by the name of its file."""

    folder: Path
    month: Month
    rules: dict[str, int] = field(default_factory=dict)

    def run(self) -> BillRun:
        """Put everything in place and bill the month."""
        self.add_customers()
        for row in rows_of(self.folder, "guards.csv"):
            self._guards_of_partner(row)
        self.month.cost(*map(charge_of, rows_of(self.folder, "cost.csv")))
        self.add_accounts()
        for row in rows_of(self.folder, "books.csv"):
            self._book(row)
        for file in sorted((self.folder / "rules").glob("*.json")):
            self._rule(file)
        for row in rows_of(self.folder, "manual.csv"):
            self._manual_line(row)
        return run_bill(self.month.installation, self.month.caller, SEPTEMBER)

    def add_customers(self) -> None:
        """The customers with their terms."""
        for row in rows_of(self.folder, "customers.csv"):
            self._customer(row)

    def add_accounts(self) -> None:
        """Who has which account; cost must name subscriptions by then."""
        accounts = rows_of(self.folder, "accounts.csv")
        tenants = sorted({row["account"] for row in accounts if row["kind"] == "azure_customer"})
        if tenants:
            listed(self.month.installation, self.month.caller, *tenants)
        seen: set[str] = set()
        for row in accounts:
            self._account(row, is_moved=row["account"] in seen)
            seen.add(row["account"])

    def _customer(self, row: Row) -> None:
        terms: dict[str, object] = {
            "basis": Basis(row.get("basis") or "list"),
            "commitments": CommitmentsPolicy(row.get("commitments") or "as_bought"),
            "fallback_markup_percent": Decimal(row.get("fallback_markup_percent") or 0),
            "markup_percent": Decimal(row["markup_percent"]) if row.get("markup_percent") else None,
            "carry_forward": row.get("carry_forward") == "yes",
            "late_cost": LateCostTerm(row.get("late_cost") or "partner"),
            "cap_at_list": _YES_OR_NO.get(row.get("cap_at_list", "")),
            "floor_at_cost": _YES_OR_NO.get(row.get("floor_at_cost", "")),
            "home_currency": row.get("home_currency") or None,
            "margin_floor_percent": Decimal(row["margin_floor_percent"]) if row.get("margin_floor_percent") else None,
        }
        self.month.customer(row["customer"], row.get("billed") != "no", **terms)

    def _guards_of_partner(self, row: Row) -> None:
        floors = _YES_OR_NO.get(row["cap_at_list"]), _YES_OR_NO.get(row["floor_at_cost"])
        change = GuardsChange(*floors, Decimal(row["margin_floor_percent"]))
        change_partner_guards(self.month.installation, self.month.caller, change)

    def _account(self, row: Row, is_moved: bool) -> None:
        first = date.fromisoformat(row["from"]) if row.get("from") else None
        kind = AccountKind(row["kind"])
        order = AssignmentOrder(kind, self._id_of(row["customer"]), (row["account"],), effective_from=first)
        act = move_accounts if is_moved else assign_accounts
        assert not act(self.month.installation, self.month.caller, order).faults

    def _book(self, row: Row) -> None:
        text = (self.folder / row["book"]).read_text(encoding="utf-8")
        name = f"{row['book']} for {row['customer']}"
        book = create_price_book(self.month.installation, self.month.caller, PriceBookOrder(name, text))
        order = BookAssignmentOrder(book.price_book_id, self._id_of(row["customer"]))
        accounts = row.get("accounts", "").split() or ["ALL"]
        assign_book_with_accounts(self.month.installation, self.month.caller, order, accounts)

    def _manual_line(self, row: Row) -> None:
        cost = Decimal(row["cost"]) if row.get("cost") else None
        entered = (self._id_of(row["customer"]), SEPTEMBER, Decimal(row["amount"]), row["reason"])
        enter_manual_line(self.month.installation, self.month.caller, NewManualLine(*entered, cost=cost))

    def _rule(self, file: Path) -> None:
        written = json.loads(file.read_text(encoding="utf-8"))
        for key in ("add_csp_customers", "add_target_customers"):
            if isinstance(written.get(key), list):
                written[key] = [self._id_of(name) for name in written[key]]
        agreements: dict[str, Any] = written.get("add_enterprise_agreements", {})
        if agreements:
            by_id = {str(self._id_of(name)): ids for name, ids in agreements.items()}
            written["add_enterprise_agreements"] = by_id
        body = read_request(io.BytesIO(json.dumps(written).encode()), BillingRuleBody)
        kept = create_billing_rule(self.month.installation, self.month.caller, body.order())
        self.rules[file.stem] = kept.billing_rule_id

    def _id_of(self, name: str) -> int:
        return self.month.customers[name].customer_id

    def lines(self, run: BillRun) -> Iterator[Row]:
        """Every line of every statement, in order, in the columns of ``statements.csv``."""
        names = {rule_id: name for name, rule_id in self.rules.items()}
        for record in sorted(run.statements, key=lambda one: (one.customer_name, one.statement.currency)):
            statement = get_statement(self.month.installation, self.month.caller, record.statement_id).statement
            for shown in statement.shown_lines:
                yield _told(record.customer_name, statement, shown, names)

    def sorted_as_stated(self, expected: list[Row]) -> list[Row]:
        """``expected`` in the order of statements: ids of rules are drawn, so that their order is not foreseen."""
        kinds = [kind.value for kind in LineKind]

        def place(numbered: tuple[int, Row]) -> tuple[str, str, int, int, int]:
            number, row = numbered
            rule_id = self.rules[row["rule"]] if row["rule"] else 0
            return row["customer"], row["currency"], kinds.index(row["kind"]), rule_id, number

        return [row for _, row in sorted(enumerate(expected), key=place)]


def plain(amount: Decimal) -> str:
    """An amount without the zeros that say nothing."""
    return f"{amount.normalize() + 0:f}"


def charge_of(row: Row) -> Row:
    """The charge that a row of a scenario's cost describes."""
    given = {name: row.get(name, "") for name in _COST_COLUMNS}
    # What a file leaves empty has the value that a month of Azure usage in dollars would have.
    columns = {_COST_COLUMNS[name]: text for name, text in given.items() if text}
    absent = ("CommitmentDiscountCategory",)
    return charge(row["day"], row["billed"], row["list"], **{**dict.fromkeys(absent, ""), **columns})


def _told(customer: str, statement: Statement, shown: ShownLine, names: dict[int, str]) -> Row:
    priced = shown.line.priced
    return {
        "customer": customer,
        "currency": statement.currency,
        "kind": priced.kind.value,
        "rule": names.get(priced.reference or 0, ""),
        "account": priced.subscription or "",
        "service": priced.service or "",
        "category": priced.charge_category or "",
        "exact": f"{priced.exact_amount.normalize():f}",
        "shown": f"{Decimal(shown.line.amount_minor_units).scaleb(-statement.minor_digits):f}",
    }
