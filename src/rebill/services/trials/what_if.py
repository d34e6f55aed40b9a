"""Try changes of books, rules, assignments and terms on an imported month, without touching it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

from rebill.model.billing_rule import RuleInForce
from rebill.model.currencies import minor_digits
from rebill.model.errors import Invalid
from rebill.model.identifiers import AccountKind, AllocatedKind, account_key
from rebill.model.money import ZERO, checked_percent, margin_floor_factor
from rebill.model.party import Caller
from rebill.model.price_book import RecordedBook, Specification, SpecificationFormat, markup_adjustment
from rebill.model.rating import RatingInputs
from rebill.model.terms import CustomerTerms
from rebill.model.what_if import Expected, WhatIf, WhatIfRow, WhatIfService
from rebill.price_books.reading import read_price_book
from rebill.price_books.writing import markup_specification
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.costs.enter_manual_line import as_kept, faults_of_entry
from rebill.services.parties.customer_rules import currency_fault, only_faults, percent_fault
from rebill.services.pricing.assign_price_book import UNKNOWN_BOOK
from rebill.services.pricing.billing_rule_plan import order_faults, planned_rule
from rebill.services.proof.changed_inputs import Computed
from rebill.services.proof.month_outcome import CustomerCurrency, MonthOutcome, MonthOutcomes
from rebill.services.runs.recompute import place_of_proof
from rebill.services.runs.refund_months import month_inputs
from rebill.services.trials.tried_changes import (
    TRIED_ID,
    tried_book,
    with_assignment,
    with_book,
    with_book_changed,
    with_manual_line,
    with_rules,
    with_terms,
    without_manual_lines,
)
from rebill.services.trials.unknown_accounts import unknown_accounts_fault, unknown_owners
from rebill.store.accounts import known_accounts
from rebill.store.customers import customer_names
from rebill.store.data_sets import data_sets_in_force
from rebill.store.price_book_records import find_price_book, newest_specification
from rebill.store.scope import Scope

Value = TypeVar("Value")
_ACCOUNT_FIELDS: Final = {
    AccountKind.AZURE_CUSTOMER: "assign",
    AccountKind.SUBSCRIPTION: "assign_subscription",
    AccountKind.COMMITMENT: "assign_commitment",
}
"""What is faulty where accounts of a kind are unknown. Kinds of charges are known by their words."""


@dataclass(frozen=True)
class TriedMonth:
    """``rows``: every customer that has or would have a statement; ``totals``: one for each currency.

    ``services``: only those whose prices would be others.
    """

    rows: tuple[WhatIfRow, ...]
    totals: tuple[WhatIfRow, ...]
    services: tuple[WhatIfService, ...]

    def kept_to(self, customer_id: int | None) -> "TriedMonth":
        """The same of one customer (``None``: of all)."""
        if customer_id is None:
            return self
        rows = tuple(row for row in self.rows if row.customer_id == customer_id)
        return TriedMonth(rows, _totals(rows), tuple(one for one in self.services if one.customer_id == customer_id))


def what_if(installation: Installation, caller: Caller, order: WhatIf) -> TriedMonth:
    """Compute a month as it is now, and as it would be under the order's changes; nothing is stored.

    Raises ``Forbidden``; ``Invalid`` with every faulty field; ``TooMany`` while too many months are computed;
    ``ProgramError`` as a run does.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        names = customer_names(scope)
        data_sets = tuple(data_sets_in_force(scope, order.month))
        now = Computed(month_inputs(installation, scope, order.month, data_sets), data_sets)
        faults = _faults(installation, scope, order, now, names)
        if faults:
            raise Invalid("invalid_what_if", "Nothing was tried: correct what is named here.", faults)
        book = _book(scope, order)
    then = _changed(now.inputs, order, book, installation.clock())
    with place_of_proof(installation, caller) as folder:
        outcomes = MonthOutcomes(installation, folder)
        return _compared(outcomes.of(now.inputs, now.data_sets), outcomes.of(then, now.data_sets), names)


def what_if_faults(installation: Installation, caller: Caller, order: WhatIf) -> dict[str, str]:
    """What is wrong with such an order, by what it is wrong in; nothing is computed."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        data_sets = tuple(data_sets_in_force(scope, order.month))
        now = Computed(month_inputs(installation, scope, order.month, data_sets), data_sets)
        return _faults(installation, scope, order, now, customer_names(scope))


def _faults(
    installation: Installation, scope: Scope, order: WhatIf, now: Computed, names: Mapping[int, str]
) -> dict[str, str]:
    faults: dict[str, str] = {}
    if not order.changes_something:
        faults["change"] = "is required: say what is to be tried"
    if not now.data_sets:
        faults["month"] = "has no imported cost: import it, or try another month"
    if order.customer_id is not None and order.customer_id not in names:
        faults["customer"] = "names no customer: list the customers to find its client_api_id"
    if order.moves_accounts and order.customer_id is None and not order.to_nobody:
        faults["customer"] = "is required: whose the accounts would be"
    if order.to_nobody and not order.moves_accounts:
        faults["to_nobody"] = "is of accounts: name those that would be nobody's"
    faults |= _faults_of_accounts(scope, order)
    if not set(order.charge_kinds).issubset(AllocatedKind):
        faults["charge_kind"] = f"is one of {', '.join(AllocatedKind)}"
    if order.manual_line is not None:
        if order.customer_id is None:
            faults["customer"] = "is required: whom the manual line would be for"
        entry_faults = faults_of_entry(scope, order.manual_line)
        # Whose the line would be is said by the what-if, and so is its fault.
        faults |= {f"manual_line.{name}": fault for name, fault in entry_faults.items() if name != "client_api_id"}
    if order.book_count > 1:
        faults["price_book"] = "is given twice: try one book at a time"
    if order.replaced_book_id is not None and order.book_count == 0:
        faults["price_book"] = "is required: what would stand in place of the other book"
    for field, book_id in (("price_book", order.price_book_id), ("replaces", order.replaced_book_id)):
        if book_id is not None and find_price_book(scope, book_id) is None:
            faults[field] = UNKNOWN_BOOK
    if order.owner_ids and order.book_count == 0:
        faults["price_book"] = "is required: what would price these accounts"
    of_owners = unknown_accounts_fault(unknown_owners(installation, scope, now.data_sets, order.owner_ids))
    faults |= only_faults({"account": of_owners}) | _faults_of_terms(order)
    known = {one.billing_rule_id for one in now.inputs.billing_rules}
    if not known.issuperset(order.without_rule_ids):
        faults["without_rule"] = f"is no billing rule that acts in {order.month}"
    entered = {one.manual_line_id for one in now.inputs.manual_lines}
    if not entered.issuperset(order.without_manual_line_ids):
        faults["without_manual_line"] = f"is no manual line of {order.month} that stands"
    if order.rule is not None:
        faults |= {f"rule.{name}": fault for name, fault in order_faults(order.rule, None, order.month).items()}
    return faults


def _faults_of_accounts(scope: Scope, order: WhatIf) -> dict[str, str]:
    """Accounts that nobody has ever seen: assigning them would change nothing, however they are spelt."""
    faults: dict[str, str | None] = {}
    for kind, identifiers in order.accounts:
        if kind in _ACCOUNT_FIELDS and identifiers:
            spelled = {account_key(kind, identifier): identifier for identifier in identifiers}
            known = known_accounts(scope, kind, spelled.keys())
            unknown = [spelled[key] for key in spelled.keys() - known.keys()]
            faults[_ACCOUNT_FIELDS[kind]] = unknown_accounts_fault(unknown)
    return only_faults(faults)


def _faults_of_terms(order: WhatIf) -> dict[str, str]:
    of_partner = order.partner_guards.margin_floor_percent
    return only_faults(
        {
            "fallback_markup_percent": percent_fault(order.fallback_markup_percent, checked_percent),
            "margin_floor_percent": percent_fault(order.margin_floor_percent, margin_floor_factor),
            "partner_guards.margin_floor_percent": percent_fault(of_partner, margin_floor_factor),
            "markup_percent": percent_fault(order.markup_percent, markup_adjustment),
            "home_currency": currency_fault(order.home_currency),
        }
    )


def _book(scope: Scope, order: WhatIf) -> RecordedBook | None:
    if order.markup_percent is not None:
        text = markup_specification(markup_adjustment(order.markup_percent), order.month.first_day)
        return tried_book("tried markup", Specification(text, SpecificationFormat.XML))
    if order.specification is not None:
        # Read here, so that its faults are said as those of an upload.
        read_price_book(order.specification.text, order.specification.written_as)
        return tried_book("tried book", order.specification)
    if order.price_book_id is not None:
        return tried_book("tried book", newest_specification(scope, order.price_book_id))
    return None


def _changed(inputs: RatingInputs, order: WhatIf, book: RecordedBook | None, moment: datetime) -> RatingInputs:
    everyone = [terms.customer_id for terms in inputs.terms]
    concerned = everyone if order.customer_id is None else [order.customer_id]
    if order.changes_terms:
        inputs = with_terms(inputs, concerned, lambda terms: _terms(terms, order))
    if order.partner_guards.given:
        inputs = with_terms(inputs, everyone, lambda terms: _partner_guards(terms, order))
    if book is not None and order.replaced_book_id is not None:
        inputs = with_book_changed(inputs, order.replaced_book_id, book)
    elif book is not None:
        inputs = with_book(inputs, concerned, book, order.owner_ids)
    for kind, identifiers in order.accounts:
        if identifiers:
            keys = {account_key(kind, identifier) for identifier in identifiers}
            inputs = with_assignment(inputs, kind, keys, order.owner_id, order.from_day)
    inputs = without_manual_lines(inputs, order.without_manual_line_ids)
    if order.manual_line is not None:
        inputs = with_manual_line(inputs, as_kept(order.manual_line), moment)
    rules = []
    if order.rule is not None:
        rule = planned_rule(order.rule, None, order.month)
        rules = [RuleInForce(TRIED_ID, rule)] if rule.applies_in(order.month) else []
    return with_rules(inputs, order.without_rule_ids, rules)


def _terms(terms: CustomerTerms, order: WhatIf) -> CustomerTerms:
    return replace(
        terms,
        basis=order.basis or terms.basis,
        commitments=order.commitments or terms.commitments,
        fallback_markup_percent=_chosen(order.fallback_markup_percent, terms.fallback_markup_percent),
        billing_enabled=_chosen(order.billing_enabled, terms.billing_enabled),
        cap_at_list=_chosen(order.cap_at_list, terms.cap_at_list),
        floor_at_cost=_chosen(order.floor_at_cost, terms.floor_at_cost),
        margin_floor_percent=_chosen(order.margin_floor_percent, terms.margin_floor_percent),
        home_currency=_chosen(order.home_currency, terms.home_currency),
    )


def _partner_guards(terms: CustomerTerms, order: WhatIf) -> CustomerTerms:
    return replace(terms, partner_guards=replace(terms.partner_guards, **order.partner_guards.given))


def _chosen(tried: Value | None, standing: Value) -> Value:
    return standing if tried is None else tried


def _compared(now: MonthOutcome, then: MonthOutcome, names: Mapping[int, str]) -> TriedMonth:
    rows = tuple(
        WhatIfRow(
            key.customer_id, names.get(key.customer_id, ""), key.currency, _expected(now, key), _expected(then, key)
        )
        for key in sorted({*now.shown, *then.shown}, key=lambda key: (names.get(key[0], ""), key))
    )
    keys = sorted({*now.exact, *then.exact}, key=lambda key: (key[:2], key.service is None, key.service or ""))
    services = (WhatIfService(*key, now.exact.get(key, ZERO), then.exact.get(key, ZERO)) for key in keys)
    return TriedMonth(rows, _totals(rows), tuple(one for one in services if one.now != one.then))


def _totals(rows: Sequence[WhatIfRow]) -> tuple[WhatIfRow, ...]:
    of_currency: dict[str, list[WhatIfRow]] = defaultdict(list)
    for row in rows:
        of_currency[row.currency].append(row)
    return tuple(
        WhatIfRow(None, "", currency, _sum([row.now for row in found]), _sum([row.then for row in found]))
        for currency, found in sorted(of_currency.items())
    )


def _expected(outcome: MonthOutcome, key: CustomerCurrency) -> Expected:
    price = Decimal(outcome.shown.get(key, 0)).scaleb(-minor_digits(key.currency))
    return Expected(price, outcome.cost.get(key, ZERO))


def _sum(found: list[Expected]) -> Expected:
    return Expected(sum((one.price for one in found), ZERO), sum((one.cost for one in found), ZERO))
