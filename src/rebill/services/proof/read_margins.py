"""Margins of the partner's documents: by customer, service, month or rule of price books."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from rebill.model.currencies import minor_digits
from rebill.model.errors import Invalid
from rebill.model.margin import Margin, MarginsBy
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.statement import LineKind
from rebill.rating.explained import COST_BY_SERVICE, PRICED_BY_ACCOUNT
from rebill.rating.manual_lines import costs_of_entries
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.proof.charge_steps import Account, ChargeSteps
from rebill.services.runs.recompute import place_of_proof
from rebill.services.runs.recorded_run import run_inputs
from rebill.services.runs.run_files import opened_run
from rebill.store.closing import RecordedRun
from rebill.store.customers import customer_names
from rebill.store.margin_figures import DocumentFigures, document_figures, exact_of_added_lines, shown_by_service
from rebill.store.scope import Scope
from rebill.store.stored_documents import runs_by_id

_NO_BOOK = "no price book"
_NO_RULE = "no rule"
_ROUNDING = "minor units"


@dataclass(frozen=True)
class MarginsOrder:
    """Which margins are asked for: of one month and customer, or of all (``None``)."""

    by: MarginsBy
    month: BillingMonth | None = None
    customer_id: int | None = None


def read_margins(installation: Installation, caller: Caller, order: MarginsOrder) -> list[Margin]:
    """The report, its rows in order of what they are told by. Documents count before carry lines.

    Raises ``Forbidden``; ``Invalid`` where services or rules are asked for without a month; ``TooMany`` while too many
    months are worked on; ``ProgramError`` where a run's files are damaged.
    """
    require(caller, Permission.READ)
    by_run = order.by.of_one_month
    if by_run and order.month is None:
        raise Invalid(
            "month_required", f"Margins by {order.by} are of one month: name it.", {"billing_period": "is required"}
        )
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        documents = document_figures(scope, order.month, order.customer_id)
        names = customer_names(scope)
        recorded = _read(scope, order.by, documents) if by_run else None
    if recorded is None:
        return _of_documents(order.by, documents, names)
    told = _by_service if order.by is MarginsBy.SERVICE else _by_rule
    with place_of_proof(installation, caller) as folder:
        return told(installation, documents, recorded, folder)


def _of_documents(by: MarginsBy, documents: Sequence[DocumentFigures], names: Mapping[int, str]) -> list[Margin]:
    prices: dict[tuple[int, BillingMonth | None, str], int] = defaultdict(int)
    costs: dict[tuple[int, BillingMonth | None, str], Decimal] = defaultdict(lambda: ZERO)
    by_customer = by is MarginsBy.CUSTOMER
    for one in documents:
        key = (one.customer_id if by_customer else 0, None if by_customer else one.month, one.currency)
        prices[key] += one.price_minor_units
        costs[key] += one.cost
    found = [
        Margin(
            currency,
            Decimal(units).scaleb(-minor_digits(currency)),
            costs[customer_id, month, currency],
            customer_id=customer_id if by_customer else None,
            customer_name=names.get(customer_id, "") if by_customer else None,
            month=month,
        )
        for (customer_id, month, currency), units in prices.items()
    ]
    return sorted(found, key=lambda one: (one.customer_name or str(one.month), one.customer_id or 0, one.currency))


@dataclass(frozen=True)
class _Recorded:
    """What the record says of documents: what they show by service or by added lines, and the runs they came from."""

    shown: Mapping[tuple[str, str | None], int]
    added: Mapping[tuple[str, str, str], Decimal]
    runs: Mapping[int, RecordedRun]


def _read(scope: Scope, by: MarginsBy, documents: Sequence[DocumentFigures]) -> _Recorded:
    ids = [one.statement_id for one in documents]
    runs = runs_by_id(scope, sorted({one.run_id for one in documents}))
    if by is MarginsBy.SERVICE:
        return _Recorded(shown_by_service(scope, ids), {}, runs)
    return _Recorded({}, exact_of_added_lines(scope, ids), runs)


def _last_runs(documents: Sequence[DocumentFigures]) -> dict[int, set[tuple[int, str]]]:
    """The run that the newest document of each customer and currency came from: what all of them come to together."""
    last = {(one.customer_id, one.currency): one.run_id for one in documents}
    found: dict[int, set[tuple[int, str]]] = defaultdict(set)
    for key, run_id in last.items():
        found[run_id].add(key)
    return found


def _by_service(
    installation: Installation, documents: Sequence[DocumentFigures], recorded: _Recorded, folder: Path
) -> list[Margin]:
    costs: dict[tuple[str, str | None], Decimal] = defaultdict(lambda: ZERO)
    for run_id, keys in _last_runs(documents).items():
        run = run_inputs(installation, recorded.runs[run_id])
        with opened_run(installation, run, folder) as engine:
            for customer_id, currency, service, cost in [] if engine is None else engine.rows(COST_BY_SERVICE):
                if (customer_id, currency) in keys:
                    costs[currency, service] += cost
        for customer_id, currency, reason, cost in costs_of_entries(run.inputs):
            if (customer_id, currency) in keys:
                costs[currency, reason] += cost
    for currency, left in _left(_costs(documents), ((key[0], cost) for key, cost in costs.items())).items():
        # No cost is dropped: what neither charge nor entry explains would stand in a row of its own.
        costs[currency, None] += left
    keys_of_rows = sorted({*recorded.shown, *costs}, key=lambda key: (key[0], key[1] is None, key[1] or ""))
    rows = [
        Margin(
            currency,
            Decimal(recorded.shown.get((currency, service), 0)).scaleb(-minor_digits(currency)),
            costs.get((currency, service), ZERO),
            service=service,
        )
        for currency, service in keys_of_rows
    ]
    return [row for row in rows if row.service is not None or row.price or row.cost]


_Amounts = Iterable[tuple[str, Decimal]]
"""Amounts, each behind its currency."""


def _left(whole: _Amounts, told: _Amounts) -> dict[str, Decimal]:
    """What of ``whole`` is not ``told``, by currency."""
    left: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for currency, amount in whole:
        left[currency] += amount
    for currency, amount in told:
        left[currency] -= amount
    return dict(left)


def _costs(documents: Sequence[DocumentFigures]) -> _Amounts:
    return ((one.currency, one.cost) for one in documents)


def _prices(documents: Sequence[DocumentFigures]) -> _Amounts:
    return ((one.currency, Decimal(one.price_minor_units).scaleb(-minor_digits(one.currency))) for one in documents)


_RuleKey = tuple[str, str | None, str]
"""(currency, price book, rule)."""


def _by_rule(
    installation: Installation, documents: Sequence[DocumentFigures], recorded: _Recorded, folder: Path
) -> list[Margin]:
    found: dict[_RuleKey, tuple[Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO))
    for run_id, keys in _last_runs(documents).items():
        for key, price, cost in _priced_by_rules(installation, recorded.runs[run_id], keys, folder):
            found[key] = (found[key][0] + price, found[key][1] + cost)
    for (currency, kind, name), price in recorded.added.items():
        key = (currency, None, _row_of_added(kind, name))
        found[key] = (found[key][0] + price, found[key][1])
    prices = _left(_prices(documents), ((key[0], price) for key, (price, _) in found.items()))
    costs = _left(_costs(documents), ((key[0], cost) for key, (_, cost) in found.items()))
    for currency, cost in costs.items():
        found[currency, None, _ROUNDING] = (prices[currency], cost)
    return [
        Margin(key[0], price, cost, price_book=key[1], rule=key[2])
        for key, (price, cost) in sorted(found.items(), key=lambda item: (item[0][0], item[0][1] is None, item[0]))
        if key[2] != _ROUNDING or price or cost
    ]


def _row_of_added(kind: str, name: str) -> str:
    return f"{kind.replace('_', ' ')}: {name}"


def _priced_by_rules(
    installation: Installation, recorded: RecordedRun, keys: set[tuple[int, str]], folder: Path
) -> Iterable[tuple[_RuleKey, Decimal, Decimal]]:
    run = run_inputs(installation, recorded)
    steps: dict[int, ChargeSteps] = {}
    with opened_run(installation, run, folder) as engine:
        for customer_id, currency, *account, position, price, cost in (
            [] if engine is None else engine.rows(PRICED_BY_ACCOUNT)
        ):
            if (customer_id, currency) in keys:
                known = steps.setdefault(customer_id, ChargeSteps(run.inputs, customer_id, ""))
                priced_by = known.priced_by(Account(*account), position)
                book = _NO_BOOK if priced_by.book is None else priced_by.book.name
                rule = (
                    _NO_RULE if priced_by.rule is None else f"{priced_by.rule.position} {priced_by.rule.name}".strip()
                )
                yield (currency, book, rule), price, cost
    for customer_id, currency, reason, cost in costs_of_entries(run.inputs):
        if (customer_id, currency) in keys:
            yield (currency, None, _row_of_added(LineKind.MANUAL.value, reason)), ZERO, cost
