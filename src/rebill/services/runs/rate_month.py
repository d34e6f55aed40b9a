"""Rate one month on an engine, and check the outcome before anyone sees it (``docs/rating.md``)."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from rebill.engines.engine import Engine
from rebill.model.billing_rule import RuleCloud, rule_cloud_of
from rebill.model.errors import ProgramError
from rebill.model.money import ZERO
from rebill.model.rating import Attention, CustomerLines, RatedMonth, RatingInputs
from rebill.model.run_progress import RunProgress, RunStep
from rebill.model.statement import Balance, Binding, PricedLine
from rebill.rating import plan as rating_plan
from rebill.rating.customer_rules import names_agreements
from rebill.rating.manual_lines import with_manual_lines
from rebill.rating.statement_rules import AgreementSpend, with_rule_lines
from rebill.services.runs.rates_passed_over import rates_passed_over
from rebill.services.runs.resolve_rules import resolve_rules


@dataclass(frozen=True)
class ImportedCost:
    """What the manifests of the month's data sets say came in.

    ``parts``: the Parquet files, in order. ``line_count``: their rows. ``sums``: currency → Σ ``BilledCost``.
    ``line_keys``: the files of their line keys, if all data sets have one.
    """

    parts: tuple[Path, ...]
    line_count: int
    sums: dict[str, Decimal]
    line_keys: tuple[Path, ...] = ()


def rate_month(
    engine: Engine,
    inputs: RatingInputs,
    imported: ImportedCost,
    folder: Path,
    when_rated: Callable[[Sequence[tuple[Attention, int]]], None] | None = None,
    tell: Callable[[RunProgress], None] = lambda _: None,
) -> RatedMonth:
    """Rate the imported cost of a month and leave every rated line in ``folder`` as Parquet.

    Beside ``rated_lines.parquet`` lie the small tables its numbers refer to. ``when_rated`` is called when all of them
    lie there, with what needs attention and how many lines do, before statement lines are made. ``tell``: is told how
    far it is. Raises ``ProgramError`` when a check of ``docs/rating.md`` fails: then nothing of the outcome may be
    used.
    """
    if not imported.parts:
        nothing = tuple(Balance(currency, total) for currency, total in sorted(imported.sums.items()))
        return with_manual_lines(RatedMonth(with_rule_lines(inputs, (), {}), nothing, line_count=0), inputs)
    engine.read_cost_lines(imported.parts, imported.line_keys)
    features = resolve_rules(engine, inputs)
    steps = rating_plan.lines(features)
    for number, step in enumerate(steps):
        tell(RunProgress(RunStep.PRICE, number, len(steps)))
        if step.large:
            file = folder / f"{step.name}.parquet"
            engine.write_lines(step.sql, file, _narrowed(engine, features, imported))
            engine.view_parquet(step.name, file)
        else:
            engine.create_table_as(step.name, step.sql)
    engine.create_sums("rated_sums", rating_plan.rated_sums, "rated_lines", rating_plan.SUMMED_BY)
    for name in rating_plan.kept_tables(features):
        engine.write_table(name, folder / f"{name}.parquet")
    outcome = engine.rows(rating_plan.BALANCE)
    attention = _attention(outcome)
    if when_rated is not None:
        when_rated(attention)
    customers = _customers(engine)
    rated = RatedMonth(
        customers=customers,
        balance=_balance(outcome, imported.sums),
        line_count=sum(int(row[3]) for row in outcome),
        attention=attention,
        passed_over=rates_passed_over(engine, inputs) if features.passes_over else (),
    )
    _check(engine, rated, imported, billed_price=sum((row[4] for row in outcome if row[1] == Binding.BILLED), ZERO))
    ruled = with_rule_lines(inputs, customers, _agreement_spend(engine, inputs))
    return with_manual_lines(replace(rated, customers=ruled), inputs)


def _narrowed(engine: Engine, features: rating_plan.PlanFeatures, imported: ImportedCost) -> dict[str, str]:
    amount = engine.greatest_number(imported.parts, rating_plan.AMOUNT_COLUMNS)
    quantity = engine.greatest_number(imported.parts, rating_plan.QUANTITY_COLUMNS)
    if amount is None:
        return rating_plan.narrowed(features, amount, quantity, ZERO)
    ((factor,),) = engine.rows(rating_plan.GREATEST_FACTOR)
    return rating_plan.narrowed(features, amount, quantity, factor)


def _customers(engine: Engine) -> tuple[CustomerLines, ...]:
    costs = {(customer, currency): cost for customer, currency, cost in engine.rows(rating_plan.STATEMENT_COSTS)}
    rows = engine.rows(rating_plan.STATEMENT_LINES)
    return tuple(
        CustomerLines(customer_id, currency, tuple(PricedLine(*row[2:]) for row in lines), costs[customer_id, currency])
        for (customer_id, currency), lines in groupby(rows, key=itemgetter(0, 1))
    )


def _agreement_spend(engine: Engine, inputs: RatingInputs) -> AgreementSpend:
    """What rules for some agreements take their shares of."""
    found: dict[tuple[int, str, str], Decimal] = defaultdict(Decimal)
    if names_agreements(inputs):
        for customer_id, currency, provider, agreement, price in engine.rows(rating_plan.AGREEMENT_SPEND):
            if rule_cloud_of(provider) is RuleCloud.AZURE:
                found[customer_id, currency, agreement] += price
    return dict(found)


def _balance(outcome: Sequence[tuple[Any, ...]], imported: dict[str, Decimal]) -> tuple[Balance, ...]:
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    unassigned_gross: dict[str, Decimal] = {}
    for currency, binding, billed_cost, *_, gross_cost in outcome:
        found[currency][binding] = billed_cost
        if binding == Binding.UNASSIGNED:
            unassigned_gross[currency] = gross_cost
    return tuple(
        Balance(
            currency,
            imported.get(currency, ZERO),
            billed=found[currency].get(Binding.BILLED, ZERO),
            billing_disabled=found[currency].get(Binding.BILLING_DISABLED, ZERO),
            unassigned=found[currency].get(Binding.UNASSIGNED, ZERO),
            unassigned_gross=unassigned_gross.get(currency, ZERO),
        )
        for currency in sorted({*imported, *found})
    )


def _attention(outcome: Sequence[tuple[Any, ...]]) -> tuple[tuple[Attention, int], ...]:
    kinds = (Attention.NO_RETAIL, Attention.NO_EFFECTIVE, Attention.SPANS_TRANSFER)
    counted = [(kind, sum(int(row[column]) for row in outcome)) for column, kind in enumerate(kinds, 5)]
    return tuple((kind, count) for kind, count in counted if count)


def _check(engine: Engine, rated: RatedMonth, imported: ImportedCost, billed_price: Decimal) -> None:
    """The checks that every run makes, exactly; the first that fails refuses the run."""
    if engine.rows(rating_plan.OVERLAPPING_SPANS)[0][0] != 0:
        _refuse("a day of an account has two owners")
    if rated.line_count != imported.line_count:
        _refuse(f"lines imported: {imported.line_count:,}, lines rated: {rated.line_count:,}")
    for balance in rated.balance:
        if balance.difference != 0:
            _refuse(f"{balance.difference} {balance.currency} of imported cost has no place in the balance")
    stated = sum((line.exact_amount for customer in rated.customers for line in customer.lines), ZERO)
    if stated != billed_price:
        _refuse(f"the prices of billed lines add up to {billed_price}, those of statement lines to {stated}")


def _refuse(what: str) -> None:
    raise ProgramError(
        "run_does_not_balance",
        f"The run was refused and nothing was stored: {what}. Please report this with the run's log.",
    )
