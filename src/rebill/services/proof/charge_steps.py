"""One charge, from the row of its source file to its price, as steps that a reader can compute again."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from rebill.model.data_set import DataSet
from rebill.model.derivation import Operand, Operation, Step, multiplied, taken
from rebill.model.errors import ProgramError
from rebill.model.identifiers import AccountKind, fold
from rebill.model.money import ZERO, text_of, without_spare_zeros
from rebill.model.price_book import AdjustmentKind, PriceRule, RecordedBook
from rebill.model.rating import AccountBinding, BaseKind, Guard, RatingInputs
from rebill.model.terms import Basis, CommitmentsPolicy, CustomerTerms
from rebill.services.proof.guard_steps import within_guards
from rebill.services.proof.line_rule_steps import LineRuleSteps, with_shares

_ONE: Final = Operand("one", Decimal(1))
_HUNDREDTH: Final = Decimal("0.01")


class Account(NamedTuple):
    """The account of a charge as a run resolved it; ``None`` = absent.

    ``rules_month``: of refunds, the month whose rules price them, where it is another than that of the run.
    """

    subscription: str | None
    tenant: str | None
    billing_account: str | None
    rules_month: str | None = None


@dataclass(frozen=True)
class RatedCharge:
    """A charge as the run rated it, and as it lies in the lake."""

    account: Account
    bound_by: AccountKind
    bound_key: str
    guard: Guard
    base_kind: BaseKind
    rule_position: int | None
    provider: str | None
    service: str | None
    category: str
    currency: str
    price: Decimal
    statement_cost: Decimal
    file: str
    row: int
    day: date
    description: str | None
    billed_cost: Decimal
    list_cost: Decimal | None
    effective_cost: Decimal | None
    quantity: Decimal | None
    unit: str | None


@dataclass(frozen=True)
class PricedBy:
    """What priced a charge: the book of its account (``None``: no book), and the rule of it that matched first."""

    book: RecordedBook | None
    rule: PriceRule | None


class _Pricing:
    """What prices the charges of one customer in one month."""

    def __init__(self, inputs: RatingInputs, customer_id: int) -> None:
        self.terms = next(terms for terms in inputs.terms if terms.customer_id == customer_id)
        books = {book.price_book_id: book for book in inputs.books}
        self.books = {
            choice.account_key: books[choice.price_book_id]
            for choice in inputs.account_books
            if choice.customer_id == customer_id
        }
        self.rules: dict[int, dict[int, PriceRule]] = {}
        self.line_rules = LineRuleSteps(inputs, customer_id)


class ChargeSteps:
    """Derives the charges of one customer from the inputs of a run."""

    def __init__(self, inputs: RatingInputs, customer_id: int, customer_name: str) -> None:
        self._inputs = inputs
        self._customer_id = customer_id
        self._customer_name = customer_name
        self._by_month: dict[str | None, _Pricing] = {}
        self._bindings: dict[tuple[AccountKind, str], list[AccountBinding]] = defaultdict(list)
        for binding in inputs.bindings:
            if binding.customer_id == customer_id:
                self._bindings[binding.kind, binding.account_key].append(binding)

    def _pricing(self, account: Account) -> _Pricing:
        month = account.rules_month
        if month not in self._by_month:
            self._by_month[month] = _Pricing(self._inputs.pricing(self._customer_id, month), self._customer_id)
        return self._by_month[month]

    def priced_by(self, account: Account, rule_position: int | None) -> PricedBy:
        """The book of an account, and its rule at a position."""
        pricing, payer = self._pricing(account), account.billing_account
        books, rules = pricing.books, pricing.rules
        keys = (account.subscription, account.tenant, None if payer is None else fold(payer.strip(" ")))
        book = next((books[key] for key in keys if key is not None and key in books), books.get(None))
        if rule_position is None or book is None:
            return PricedBy(book, None)
        if book.price_book_id not in rules:
            rules[book.price_book_id] = {rule.position: rule for rule in book.book.rules}
        return PricedBy(book, rules[book.price_book_id].get(rule_position))

    def steps(self, charge: RatedCharge, data_set: DataSet) -> tuple[Step, ...]:
        """The derivation of a charge; the last step that computes is its price.

        Raises ``ProgramError`` where it does not come to what the run left.
        """
        steps = [_source(charge, data_set), self._owner(charge), *_taken_back(charge), *self._priced(charge)]
        if steps[-1].amount != charge.price:
            raise not_derived(
                f"row {charge.row} of {charge.file} derives to {text_of(steps[-1].amount)}, "
                f"the run left {text_of(charge.price)}"
            )
        return tuple(steps)

    def _priced(self, charge: RatedCharge) -> tuple[Step, ...]:
        payer, pricing = charge.account.billing_account, self._pricing(charge.account)
        if charge.base_kind is BaseKind.SUPPORT_RULE:
            return pricing.line_rules.support_steps(charge.list_cost, payer)
        base = _base(charge, pricing.terms)
        rule, factor = _rule(charge, self.priced_by(charge.account, charge.rule_position), pricing.terms)
        shares = pricing.line_rules.shares(charge.provider, charge.service, charge.category, payer)
        price = _price("price of the book" if shares else "price", base, factor)
        priced = (base, rule, *factor, *with_shares(price, shares))
        if charge.guard is Guard.NONE:
            return priced
        return within_guards(priced, pricing.terms, charge.list_cost, charge.statement_cost)

    def _owner(self, charge: RatedCharge) -> Step:
        identifier = charge.bound_key
        bindings = self._bindings.get((charge.bound_by, identifier), ())
        assignment = next((one for one in bindings if _is_in_force(one, charge.day)), None)
        if assignment is None:
            raise not_derived(f"no assignment gives row {charge.row} of {charge.file} to {self._customer_name}")
        first, until = assignment.effective_from, assignment.effective_to
        days = f"from {first or 'the beginning'}" + (f" up to, not including, {until}" if until else " on, without end")
        given = "allocated" if charge.bound_by.is_allocated else "assigned"
        words = charge.bound_by.value.replace("_", " ").replace("azure", "Azure")
        return Step(
            "owner",
            f"Its charge day is {charge.day}; {words} {identifier} is {given} to {self._customer_name} {days}.",
            facts={
                "customer_id": self._customer_id,
                "bound_by": charge.bound_by.value,
                "account": identifier,
                "charge_day": charge.day.isoformat(),
                "effective_from": first and first.isoformat(),
                "effective_to": until and until.isoformat(),
            },
        )


def _is_in_force(assignment: AccountBinding, day: date) -> bool:
    first, until = assignment.effective_from, assignment.effective_to
    return (first is None or first <= day) and (until is None or day < until)


def not_derived(what: str) -> ProgramError:
    """What to say where a derivation does not come to what is recorded."""
    return ProgramError(
        "derivation_differs", f"The explanation does not fit: {what}. rebill verify says what was changed."
    )


def _source(charge: RatedCharge, data_set: DataSet) -> Step:
    sha256 = next((file.sha256 for file in data_set.files if file.name == charge.file), "")
    described = f" ({charge.description})" if charge.description else ""
    return Step(
        "source",
        f"Row {charge.row} of {charge.file}{described}, of data set {data_set.data_set_id}.",
        facts={
            "file": charge.file,
            "row": charge.row,
            "file_sha256": sha256,
            "data_set_id": data_set.data_set_id,
            "scope": data_set.scope,
            "layout": data_set.layout,
            "charge_category": charge.category,
        },
    )


def _taken_back(charge: RatedCharge) -> tuple[Step, ...]:
    """Which month's rules follow, where the charge takes back one of another month."""
    month = charge.account.rules_month
    if month is None:
        return ()
    sentence = (
        f"It takes back a charge of an invoice of {month}: terms, price book and billing rules are those of {month}."
    )
    return (Step("rules_month", sentence, facts={"month": month}),)


def _base(charge: RatedCharge, terms: CustomerTerms) -> Step:
    policy = f"the customer's commitments policy {terms.commitments.value}"
    told: dict[BaseKind, tuple[str, Decimal | None]] = {
        BaseKind.LIST: ("ListCost, Microsoft's retail, because the customer's basis is list", charge.list_cost),
        BaseKind.BILLED: (f"BilledCost, {_why_billed(charge, terms)}", charge.billed_cost),
        BaseKind.BASE_FALLBACK: (
            f"BilledCost, because ListCost is {'absent' if charge.list_cost is None else '0 while BilledCost is not'}",
            charge.billed_cost,
        ),
        BaseKind.EFFECTIVE: (f"EffectiveCost, by {policy}", charge.effective_cost),
        BaseKind.RETAIL: (f"ListCost, by {policy}", charge.list_cost),
        BaseKind.NO_RETAIL: (f"0: {policy} wants ListCost, which is absent or 0; this holds finalizing back", ZERO),
        BaseKind.NO_EFFECTIVE: (f"0: {policy} wants EffectiveCost, which is absent; this holds finalizing back", ZERO),
        BaseKind.NOT_CHARGED: (f"0: {policy} charges nothing for it", ZERO),
        BaseKind.INPUT_TAX: ("0: it is the partner's own input tax", ZERO),
        BaseKind.FIXED_RATE: (
            f"its quantity, in {charge.unit or 'no unit'}: a fixed rate prices each",
            charge.quantity,
        ),
    }
    sentence, amount = told[charge.base_kind]
    if amount is None:
        raise not_derived(f"row {charge.row} of {charge.file} has no amount of the kind {charge.base_kind.name}")
    kind = charge.base_kind.name.lower()
    return taken("base", f"The base is {sentence}.", amount, base_kind=kind, basis=terms.basis.value)


def _why_billed(charge: RatedCharge, terms: CustomerTerms) -> str:
    if charge.category == "Tax":
        return "because the partner cannot reclaim its input tax"
    if charge.category in ("Credit", "Adjustment"):
        return f"because the charge is of category {charge.category}"
    if terms.basis is Basis.BILLED:
        return "because the customer's basis is billed"
    return f"by the customer's commitments policy {CommitmentsPolicy.AS_BOUGHT.value}"


def _rule(charge: RatedCharge, priced_by: PricedBy, terms: CustomerTerms) -> tuple[Step, tuple[Step, ...]]:
    """The book and rule of a charge, and the step that gives its factor or rate where a rule matched."""
    book, rule = priced_by.book, priced_by.rule
    if book is None:
        return Step("rule", "No price book prices the account: the price is the base."), ()
    facts: dict[str, Any] = {
        "price_book_id": book.price_book_id,
        "price_book": book.name,
        "version_from": book.from_month,
        "version_sha256": book.specification.sha256,
    }
    if rule is None:
        return Step("rule", f"No rule of book {book.name!r} matches: the price is the base.", facts=facts), ()
    adjustment = rule.adjustment
    facts |= {"position": rule.position, "rule": rule.name, "adjustment": adjustment.kind.value}
    facts |= {"value": text_of(adjustment.value)}
    sentence = (
        f"Rule {rule.position} {rule.name!r} of book {book.name!r} (version {book.specification.sha256[:12]}) is the "
        f"first that matches: {adjustment.kind.value} {text_of(without_spare_zeros(adjustment.value))}."
    )
    step = Step("rule", sentence, facts=facts)
    if adjustment.kind is AdjustmentKind.FIXED_RATE:
        return step, (taken("factor", "The rate of one unit.", adjustment.value),)
    if _is_off_retail(charge, rule, terms):
        why = "A discount is off retail; where the base is a cost, the customer's fallback markup counts instead"
        return step, (_factor(why, terms.fallback_markup_percent, Operation.ADD),)
    operation = Operation.SUBTRACT if adjustment.is_discount else Operation.ADD
    return step, (_factor("The factor of the percent", adjustment.value, operation),)


def _is_off_retail(charge: RatedCharge, rule: PriceRule, terms: CustomerTerms) -> bool:
    on_cost = charge.base_kind in (BaseKind.BASE_FALLBACK, BaseKind.BILLED, BaseKind.EFFECTIVE, BaseKind.NO_EFFECTIVE)
    is_plain = charge.category in ("Usage", "Purchase")
    return terms.basis is Basis.LIST and rule.adjustment.is_discount and on_cost and is_plain


def _factor(why: str, percent: Decimal, operation: Operation) -> Step:
    hundredths = Operand("percent / 100", without_spare_zeros(percent * _HUNDREDTH))
    sentence = f"{why}: {text_of(without_spare_zeros(percent))} %."
    return Step("factor", sentence, operation, (_ONE, hundredths), decimals=6)


def _price(name: str, base: Step, factor: tuple[Step, ...]) -> Step:
    operands = (base.operand, *(step.operand for step in factor))
    return multiplied(name, "The price, rounded half away from zero to 12 decimals.", *operands)
