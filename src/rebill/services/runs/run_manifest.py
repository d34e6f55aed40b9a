"""What a run writes down of its inputs and its outcome, as plain JSON values (``docs/rating.md``, Proof)."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

from rebill.model.currencies import MINOR_DIGITS, minor_digits
from rebill.model.data_set import DataSet
from rebill.model.money import PERCENT_DECIMALS, round_half_away, text_of, text_of_minor_units
from rebill.model.months import BillingMonth
from rebill.model.price_book import RecordedBook
from rebill.model.rating import AccountBinding, RatingInputs, RefundRules
from rebill.model.statement import Statement, StatementLine
from rebill.model.terms import CustomerTerms
from rebill.services.runs.recorded_manual_lines import manual_line_document
from rebill.services.runs.recorded_rules import billing_rule_document
from rebill.store.made_once import MadeOnce

_PERCENTS_REMEMBERED: Final = 1_000


def manifest_inputs(inputs: RatingInputs, data_sets: Sequence[DataSet]) -> dict[str, Any]:
    """Everything the month was computed from, as it stood: enough to compute it again."""
    return {
        **_inputs_apart(inputs, data_sets),
        "assignments": _assignments(inputs.bindings),
        "terms": _terms_in_force(inputs.terms),
    }


def sha256_of_month(inputs: RatingInputs, data_sets: Sequence[DataSet]) -> str:
    """``sha256_of_inputs`` of ``manifest_inputs``: what a partner has thousands of is written anew where it changed."""
    written = {name: canonical_json(value) for name, value in _inputs_apart(inputs, data_sets).items()}
    written |= {
        "assignments": _ASSIGNMENTS_WRITTEN.of(inputs.bindings),
        "terms": _TERMS_WRITTEN.of(inputs.terms),
    }
    members = (canonical_json(name) + b":" + written[name] for name in sorted(written))
    return hashlib.sha256(b"{" + b",".join(members) + b"}").hexdigest()


def _inputs_apart(inputs: RatingInputs, data_sets: Sequence[DataSet]) -> dict[str, Any]:
    """What ``manifest_inputs`` has beside assignments and terms, which are thousands."""
    of_cost = {found.currency for data_set in data_sets for found in data_set.sums}
    of_fees = {one.rule.terms.currency for one in inputs.billing_rules}
    of_entries = {line.entered.currency for line in inputs.manual_lines}
    named = of_cost | of_fees | of_entries
    currencies = sorted({found for found in named if found} | (inputs.home_currencies if None in named else set()))
    return {
        "billing_month": str(inputs.month),
        "home_currency": inputs.home_currency,
        "bill_input_tax": inputs.bill_input_tax,
        "data_sets": [_data_set(data_set) for data_set in data_sets],
        **_prices(inputs),
        **_refund_rules(inputs),
        "departed_customers": list(inputs.departed),
        "manual_lines": [manual_line_document(line) for line in inputs.manual_lines],
        "currencies": {currency: minor_digits(currency) for currency in currencies},
    }


def _prices(found: RatingInputs | RefundRules) -> dict[str, Any]:
    """What prices charges of a month, beside terms."""
    return {
        "price_books": [_book(book) for book in found.books],
        "price_book_accounts": [
            [choice.customer_id, choice.account_key, choice.price_book_id] for choice in found.account_books
        ],
        "billing_rules": [billing_rule_document(one) for one in found.billing_rules],
    }


def _refund_rules(inputs: RatingInputs) -> dict[str, Any]:
    """Where charges of other months are taken back."""
    if not inputs.refund_rules:
        return {}
    return {
        "refund_rules": [
            {"billing_month": str(rules.month), "invoices": list(rules.invoices), **_pricing(rules)}
            for rules in inputs.refund_rules
        ]
    }


def _pricing(found: RefundRules) -> dict[str, Any]:
    return {"terms": _terms_in_force(found.terms), **_prices(found)}


def _assignments(bindings: Sequence[AccountBinding]) -> list[list[Any]]:
    return [
        [
            binding.kind,
            binding.account_key,
            binding.customer_id,
            _day(binding.effective_from),
            _day(binding.effective_to),
        ]
        for binding in bindings
    ]


def _terms_in_force(in_force: Sequence[CustomerTerms]) -> list[dict[str, Any]]:
    return [_terms(terms) for terms in in_force]


def _terms(terms: CustomerTerms) -> dict[str, Any]:
    return {
        "customer_id": terms.customer_id,
        "billing_enabled": terms.billing_enabled,
        "basis": terms.basis,
        "commitments": terms.commitments,
        "fallback_markup_percent": _percent(terms.fallback_markup_percent),
        "carry_forward": terms.carry_forward,
        **({"home_currency": terms.home_currency} if terms.home_currency else {}),
        **_guards(terms),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


@lru_cache(_PERCENTS_REMEMBERED)
def _percent(percent: Decimal) -> str:
    return text_of(round_half_away(percent, PERCENT_DECIMALS))


def _guards(terms: CustomerTerms) -> dict[str, Any]:
    """Where there are any: those that hold, and which of them are the partner's."""
    guards = terms.guards
    if not guards.any:
        return {}
    of_partner = terms.guards_of_partner
    return {
        "guards": {
            "cap_at_list": guards.cap_at_list,
            "floor_at_cost": guards.floor_at_cost,
            "margin_floor_percent": _percent(guards.margin_floor_percent),
        },
        **({"guards_of_partner": list(of_partner)} if of_partner else {}),
    }


def _data_set(data_set: DataSet) -> dict[str, Any]:
    return {
        "data_set_id": data_set.data_set_id,
        "manifest_sha256": data_set.manifest_sha256,
        "parts": [[part.path, part.sha256, part.rows] for part in data_set.parts],
        "sums": {found.currency: text_of(found.partner_cost) for found in data_set.sums},
    }


def _book(book: RecordedBook) -> dict[str, Any]:
    return {
        "price_book_id": book.price_book_id,
        "name": book.name,
        "from_month": book.from_month,
        "specification": book.specification.text,
        "format": book.specification.written_as,
        "sha256": book.specification.sha256,
    }


def canonical_statement(statement: Statement, manifest_sha256: str, digits: int | None = None) -> dict[str, Any]:
    """The form in which a statement is compared byte for byte: no ids but the customer's, no times.

    Of its own lines alone: what is carried, and blocks of other months, are no outcome of its month. ``digits``: of
    the minor unit, where they are not those that ISO 4217 lists today.
    """
    key = StatementKey(statement.customer_id, statement.month, statement.currency)
    return canonical_lines(key, statement.lines, manifest_sha256, statement.minor_digits if digits is None else digits)


class StatementKey(NamedTuple):
    """Whose statement of what month in what currency."""

    customer_id: int
    month: BillingMonth
    currency: str


def canonical_lines(
    key: StatementKey, lines: Sequence[StatementLine], manifest_sha256: str, digits: int
) -> dict[str, Any]:
    """The canonical form of lines that may stand on no statement yet."""
    return {
        "billing_month": str(key.month),
        "customer_id": key.customer_id,
        "currency": key.currency,
        "total": text_of_minor_units(sum(line.amount_minor_units for line in lines), digits),
        "lines": [
            [
                line.priced.provider,
                line.priced.subscription,
                line.priced.service,
                line.priced.charge_category,
                line.priced.kind,
                line.priced.reference,
                text_of(line.priced.exact_amount),
                text_of_minor_units(line.amount_minor_units, digits),
            ]
            for line in lines
        ],
        "manifest_sha256": manifest_sha256,
    }


def sha256_of_outcome(
    statements: Iterable[Statement], inputs_sha256: str, digits: Mapping[str, int] = MINOR_DIGITS
) -> str:
    """The hash of every line of every statement of a run, in the order in which they are drawn up."""
    outcome = hashlib.sha256()
    for statement in statements:
        canonical = canonical_statement(statement, inputs_sha256, digits[statement.currency])
        outcome.update(canonical_json(canonical) + b"\n")
    return outcome.hexdigest()


def sha256_of_inputs(inputs: dict[str, Any]) -> str:
    """The hash by which two runs, or a run and the present, are known to be computed from the same."""
    return hashlib.sha256(canonical_json(inputs)).hexdigest()


def canonical_json(value: Any) -> bytes:
    """``value`` as JSON with sorted keys and no spare space: the form that is hashed and compared."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _assignments_written(bindings: tuple[AccountBinding, ...]) -> bytes:
    return canonical_json(_assignments(bindings))


def _terms_written(terms: tuple[CustomerTerms, ...]) -> bytes:
    return canonical_json(_terms_in_force(terms))


_ASSIGNMENTS_WRITTEN: Final = MadeOnce(_assignments_written)
_TERMS_WRITTEN: Final = MadeOnce(_terms_written)
