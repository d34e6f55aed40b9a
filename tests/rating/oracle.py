"""The slow oracle: `docs/rating.md` read line by line in plain ``Decimal``, sharing no arithmetic with rebill.

It knows nothing of rule sets, spans, products or SQL. Where it and an engine differ, one of them
misreads the page.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, getcontext
from typing import Any

from rebill.model.identifiers import AccountKind
from rebill.model.rating import AccountBinding, RatingInputs
from rebill.model.terms import Basis, CommitmentsPolicy, CustomerTerms
from tests.rating.lines import Line
from tests.rating.oracle_billing_rules import AddedLine, spread_over, support_price
from tests.rating.oracle_rules import by_rate, first_rule

getcontext().prec = 80


@dataclass(frozen=True)
class Rated:
    """What the oracle says of one line."""

    binding: str
    customer_id: int | None
    base_kind: str
    statement_cost: Decimal
    price: Decimal
    spans_transfer: bool
    rule: int | None = None
    spread: Decimal = Decimal(0)
    guard: str = "NONE"
    bound_by: str | None = None


def twelve(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.000000000001"), rounding=ROUND_HALF_UP)


def owner(line: Line, bindings: tuple[AccountBinding, ...], day: date) -> int | None:
    """The customer that has the line on ``day``."""
    found = binding_of(line, bindings, day)
    return None if found is None else found.customer_id


def binding_of(line: Line, bindings: tuple[AccountBinding, ...], day: date) -> AccountBinding | None:
    """The subscription's on ``day``, else the tenant's; of a line without both, its commitment's or its kind's."""
    named = [(AccountKind.SUBSCRIPTION, line.subscription), (AccountKind.AZURE_CUSTOMER, line.tenant)]
    if line.subscription is None and line.tenant is None:
        commitment = None if line.commitment is None else line.commitment.lower()
        named = [(AccountKind.COMMITMENT, commitment), (AccountKind.CHARGE_KIND, allocated_kind(line))]
    for kind, key in named:
        for binding in bindings:
            begun = binding.effective_from is None or binding.effective_from <= day
            ended = binding.effective_to is not None and binding.effective_to <= day
            if binding.kind is kind and binding.account_key == key and begun and not ended:
                return binding
    return None


def allocated_kind(line: Line) -> str:
    if line.category != "Usage":
        return line.category.lower()
    return "unused_commitment" if line.commitment is not None and line.commitment_status == "Unused" else "usage"


def base_of(line: Line, terms: CustomerTerms, bill_input_tax: bool) -> tuple[str, Decimal, bool]:
    """(base kind, base, whether the base is a cost rather than retail)."""
    if line.category == "Tax":
        return ("BILLED", line.billed, True) if bill_input_tax else ("INPUT_TAX", Decimal(0), True)
    if line.category in ("Credit", "Adjustment"):
        return "BILLED", line.billed, True
    if line.commitment is not None:
        return commitment_base(line, terms.commitments)
    if terms.basis is Basis.BILLED:
        return "BILLED", line.billed, True
    if line.listed is None or (line.listed == 0 and line.billed != 0):
        return "BASE_FALLBACK", line.billed, True
    return "LIST", line.listed, False


def commitment_base(line: Line, policy: CommitmentsPolicy) -> tuple[str, Decimal, bool]:
    if policy is CommitmentsPolicy.AS_BOUGHT:
        return "BILLED", line.billed, True
    if line.category == "Purchase":
        return "NOT_CHARGED", Decimal(0), False
    if policy is CommitmentsPolicy.AMORTIZED:
        if line.effective is None:
            return "NO_EFFECTIVE", Decimal(0), True
        return "EFFECTIVE", line.effective, True
    if line.commitment_status == "Unused":
        return "NOT_CHARGED", Decimal(0), False
    if line.listed is None or line.listed == 0:
        return "NO_RETAIL", Decimal(0), False
    return "RETAIL", line.listed, False


def statement_cost(line: Line, terms: CustomerTerms, bill_input_tax: bool) -> Decimal:
    if line.category == "Tax" and not bill_input_tax:
        return Decimal(0)
    is_commitment = line.commitment is not None and line.category in ("Usage", "Purchase")
    if is_commitment and terms.commitments is CommitmentsPolicy.AMORTIZED:
        return line.effective or Decimal(0)
    return line.billed


def spans_transfer(line: Line, bindings: tuple[AccountBinding, ...]) -> bool:
    """Usage of more than a day, on some moment of which the account is not the first day's owner's."""
    if line.category != "Usage" or line.end - line.start <= timedelta(days=1):
        return False
    last_day = (line.end - timedelta(microseconds=1)).date()
    days = [line.start.date() + timedelta(days=count) for count in range((last_day - line.start.date()).days + 1)]
    return len({owner(line, bindings, day) for day in days}) > 1


def rate_line(line: Line, inputs: RatingInputs) -> Rated:
    binding = binding_of(line, inputs.bindings, line.start.date())
    return replace(_rated(line, inputs), bound_by=None if binding is None else binding.kind.value)


def _rated(line: Line, inputs: RatingInputs) -> Rated:
    customer_id = owner(line, inputs.bindings, line.start.date())
    crosses = spans_transfer(line, inputs.bindings)
    if customer_id is None:
        return Rated("unassigned", None, "NOT_BILLED", Decimal(0), Decimal(0), crosses)
    terms = next((terms for terms in inputs.terms if terms.customer_id == customer_id), None)
    if terms is None or not terms.billing_enabled:
        return Rated("billing_disabled", customer_id, "NOT_BILLED", Decimal(0), Decimal(0), crosses)
    inputs, terms = followed_rules(line, inputs, terms)
    kind, base, base_is_cost = base_of(line, terms, inputs.bill_input_tax)
    price = base
    rule = first_rule(line, customer_id, inputs)
    if rule is not None:
        percent = rule.adjustment.value / 100
        if rule.adjustment.kind == "fixedRate" and line.quantity is not None:
            kind, price = "FIXED_RATE", by_rate(line.quantity, rule.adjustment.value)
        elif rule.adjustment.kind == "percentIncrease":
            price = base * (1 + percent)
        elif terms.basis is Basis.LIST and base_is_cost and line.category in ("Usage", "Purchase"):
            price = base * (1 + terms.fallback_markup_percent / 100)
        else:
            price = base * (1 - percent)
    cost = statement_cost(line, terms, inputs.bill_input_tax)
    position = None if rule is None else rule.position
    spread = spread_over(line, customer_id, twelve(price), inputs)
    support = support_price(line, customer_id, inputs)
    if support is not None:
        return Rated("billed", customer_id, "SUPPORT_RULE", cost, support, crosses, position, spread)
    price, guard = guarded(line, terms, base, cost, twelve(price) + spread)
    return Rated("billed", customer_id, kind, cost, price, crosses, position, spread, guard)


def followed_rules(line: Line, inputs: RatingInputs, terms: CustomerTerms) -> tuple[RatingInputs, CustomerTerms]:
    """The rules and terms that price a line: of a refund, those of the month of the invoice that it names."""
    is_refund = line.category in ("Usage", "Purchase") and (line.charge_class == "Correction" or line.billed < 0)
    for then in inputs.refund_rules if is_refund else ():
        terms_then = [one for one in then.terms if one.customer_id == terms.customer_id and one.billing_enabled]
        if line.previous_invoice in then.invoices and terms_then:
            rules = replace(
                inputs, books=then.books, account_books=then.account_books, billing_rules=then.billing_rules
            )
            return rules, terms_then[0]
    return inputs, terms


def _held(terms: CustomerTerms, guard: str) -> Any:
    """A customer's own guard, else the partner's."""
    own = getattr(terms, guard)
    return getattr(terms.partner_guards, guard) if own is None else own


def guarded(line: Line, terms: CustomerTerms, base: Decimal, cost: Decimal, price: Decimal) -> tuple[Decimal, str]:
    """(price, the guard that moved it last): never above list, never below cost, at least so much margin."""
    guard = "NONE"
    if line.category not in ("Usage", "Purchase") or base <= 0:
        return price, guard
    if _held(terms, "cap_at_list") and line.listed is not None and line.listed != 0 and price > line.listed:
        price, guard = line.listed, "CAP_AT_LIST"
    if _held(terms, "floor_at_cost") and price < cost:
        price, guard = cost, "FLOOR_AT_COST"
    margin = _held(terms, "margin_floor_percent")
    if margin:
        factor = (1 / (1 - margin / 100)).quantize(Decimal("0.000001"), rounding=ROUND_CEILING)
        if price < twelve(cost * factor):
            price, guard = twelve(cost * factor), "MARGIN_FLOOR"
    return price, guard


MINOR_DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}


@dataclass(frozen=True)
class StatementLineView:
    """A line: ``charges``, provider, subscription, service and category; or kind, rule id and account."""

    key: tuple[str | int | None, ...]
    quantity: Decimal | None
    unit: str | None
    charges: int
    exact: Decimal
    shown: Decimal


def statement(
    rated: list[tuple[Line, Rated]], added: list[AddedLine], currency: str
) -> tuple[list[StatementLineView], Decimal, Decimal]:
    """(lines in order, total, statement cost) of one customer and currency; ``added``: what rules add to it."""
    groups: dict[tuple[str | None, ...], list[tuple[Line, Rated]]] = defaultdict(list)
    for line, outcome in rated:
        groups[line.provider, line.subscription, line.service, line.category].append((line, outcome))
    keys = sorted(groups, key=lambda key: tuple((part is None, part or "") for part in key))
    told: list[tuple[tuple[str | int | None, ...], Decimal | None, str | None, int, Decimal]] = [
        (
            ("charges", *key),
            *quantity_of([line for line, _ in groups[key]]),
            len(groups[key]),
            sum((outcome.price for _, outcome in groups[key]), Decimal(0)),
        )
        for key in keys
    ]
    for kind in ("support", "custom"):
        of_kind = [one for one in added if one.kind == kind]
        for one in sorted(of_kind, key=lambda one: (one.rule_id, one.account is None, one.account or "")):
            told.append(((kind, one.rule_id, one.account), None, None, 0, one.exact))
    total, shown = dealt([exact for *_, exact in told], currency)
    views = [StatementLineView(*line, visible) for line, visible in zip(told, shown, strict=True)]
    return views, total, sum((outcome.statement_cost for _, outcome in rated), Decimal(0))


def quantity_of(lines: list[Line]) -> tuple[Decimal | None, str | None]:
    """(quantity, unit), where all have one unit."""
    units = {line.unit for line in lines}
    if len(units) != 1:
        return None, None
    quantities = [line.quantity for line in lines if line.quantity is not None]
    return sum(quantities, Decimal(0)) if quantities else None, units.pop()


def dealt(exact: list[Decimal], currency: str) -> tuple[Decimal, list[Decimal]]:
    """(total, what each line shows) in the currency's minor units."""
    unit = Decimal(1).scaleb(-MINOR_DIGITS[currency])
    total = sum(exact, Decimal(0)).quantize(unit, rounding=ROUND_HALF_UP)
    shown = [amount.quantize(unit, rounding=ROUND_FLOOR) for amount in exact]
    while sum(shown, Decimal(0)) < total:
        waiting = [index for index in range(len(exact)) if shown[index] < exact[index]]
        chosen = max(waiting, key=lambda index: (exact[index] - shown[index], -index))
        shown[chosen] += unit
    return total, shown


def unassigned_gross(rated: list[tuple[Line, Rated]]) -> dict[str, Decimal]:
    """Currency → Σ of ``BilledCost`` without signs, of unassigned lines."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line, outcome in rated:
        if outcome.binding == "unassigned":
            sums[line.currency] += abs(line.billed)
    return dict(sums)


def balance(rated: list[tuple[Line, Rated]]) -> dict[tuple[str, str], Decimal]:
    """(currency, binding) → Σ ``BilledCost``."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line, outcome in rated:
        sums[line.currency, outcome.binding] += line.billed
    return dict(sums)
