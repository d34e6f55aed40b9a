"""Whether the hand-written statement and the last run agree, line by line, to the last decimal."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks import hand_written
from benchmarks.prepared import opened
from benchmarks.workplace import MONTH, Workplace
from rebill.model.statement import StatementFilter
from rebill.services.billing.read_statements import every_statement, get_statement

Line = tuple[Any, ...]
"""Customer, provider, subscription, service, charge category, currency."""


def compare(place: Workplace, with_books: bool = False) -> dict[str, Any]:
    """Compare quantity and price of every statement line, and the cost of every statement.

    ``with_books``: of the month under many price books.

    Answers ``lines``, ``statements`` and ``differences``: up to five sentences, none if all agree.
    """
    ours, our_cost = _recorded(place.rich_home if with_books else place.home)
    theirs: dict[Line, tuple[Decimal | None, Decimal]] = {}
    their_cost: dict[Line, Decimal] = defaultdict(Decimal)
    for *line, quantity, price, cost in hand_written.statement_lines(place, with_books)():
        theirs[tuple(line)] = quantity, price
        their_cost[line[0], line[5]] += cost
    differences = [
        f"{key}: the run has {mine.get(key)}, the hand-written statement {other.get(key)}"
        for mine, other in ((ours, theirs), (our_cost, dict(their_cost)))
        for key in sorted(mine.keys() | other.keys(), key=str)
        if mine.get(key) != other.get(key)
    ]
    return {"lines": len(ours), "statements": len(our_cost), "differences": differences[:5]}


def _recorded(home: Path) -> tuple[dict[Line, Any], dict[Line, Any]]:
    installation, caller = opened(home)
    lines: dict[Line, tuple[Decimal | None, Decimal]] = {}
    costs: dict[Line, Decimal] = {}
    for listed in every_statement(installation, caller, StatementFilter(month=MONTH)):
        statement = get_statement(installation, caller, listed.statement_id).statement
        costs[statement.customer_id, statement.currency] = statement.statement_cost
        for line in statement.lines:
            priced = line.priced
            key = (priced.provider, priced.subscription, priced.service, priced.charge_category)
            lines[statement.customer_id, *key, statement.currency] = priced.quantity, priced.exact_amount
    installation.database.close()
    return lines, costs
