"""Manual lines join a rated month: on the statement of their customer and currency, and in the balance."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from rebill.model.manual_line import ManualLine
from rebill.model.money import ZERO
from rebill.model.rating import CustomerLines, RatedMonth, RatingInputs
from rebill.model.statement import Balance, LineKind, PricedLine


def with_manual_lines(rated: RatedMonth, inputs: RatingInputs) -> RatedMonth:
    """``rated`` with the month's manual lines; they make a statement where there is none.

    The cost of an entry is imported and billed like a charge's; of a customer without billing it is billed to nobody,
    and the line stands nowhere.
    """
    if not inputs.manual_lines:
        return rated
    balance = _balance(rated.balance, _costs(inputs, inputs.manual_lines), _costs(inputs, _billed(inputs)))
    return replace(rated, customers=with_entries(rated.customers, inputs), balance=balance)


def with_entries(customers: Iterable[CustomerLines], inputs: RatingInputs) -> tuple[CustomerLines, ...]:
    """The lines of every customer with those of the month's entries among them, in order of customers."""
    found = {(one.customer_id, one.currency): one for one in customers}
    for line in _billed(inputs):
        key = line.entered.customer_id, _currency(inputs, line)
        standing = found.get(key) or CustomerLines(*key, lines=())
        lines, cost = (*standing.lines, _priced(line)), standing.statement_cost + line.cost
        found[key] = replace(standing, lines=lines, statement_cost=cost)
    return tuple(found[key] for key in sorted(found))


def costs_of_entries(inputs: RatingInputs) -> list[tuple[int, str, str, Decimal]]:
    """What each entry that is billed costs the partner: customer id, currency, the line's words, cost."""
    return [
        (line.entered.customer_id, _currency(inputs, line), line.entered.reason, line.cost) for line in _billed(inputs)
    ]


def _billed(inputs: RatingInputs) -> list[ManualLine]:
    enabled = {terms.customer_id for terms in inputs.terms if terms.billing_enabled}
    return [line for line in inputs.manual_lines if line.entered.customer_id in enabled]


def _priced(line: ManualLine) -> PricedLine:
    return PricedLine(
        provider=None,
        subscription=None,
        service=None,
        charge_category=None,
        quantity=None,
        pricing_unit=None,
        exact_amount=line.entered.amount,
        charges=0,
        kind=LineKind.MANUAL,
        reference=line.entry_number,
        description=line.entered.reason,
    )


def _balance(
    balance: Iterable[Balance], imported: Mapping[str, Decimal], placed: Mapping[str, Decimal]
) -> tuple[Balance, ...]:
    """``imported``: what the entries of each currency cost; ``placed``: those of billed customers."""
    found = {one.currency: one for one in balance}
    for currency, cost in imported.items():
        standing = found.get(currency) or Balance(currency, ZERO)
        found[currency] = replace(
            standing,
            imported=standing.imported + cost,
            billed=standing.billed + placed.get(currency, ZERO),
            billing_disabled=standing.billing_disabled + cost - placed.get(currency, ZERO),
        )
    return tuple(found[currency] for currency in sorted(found))


def _costs(inputs: RatingInputs, lines: Iterable[ManualLine]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        if line.cost:
            sums[_currency(inputs, line)] += line.cost
    return sums


def _currency(inputs: RatingInputs, line: ManualLine) -> str:
    return line.currency_of(inputs.home_currency_of(line.entered.customer_id))
