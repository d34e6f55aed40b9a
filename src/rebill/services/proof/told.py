"""Proofs as plain JSON values, as commands and calls show them: every number is decimal text."""

from typing import Any

from rebill.model.currencies import minor_digits
from rebill.model.difference import Difference, TotalDifference
from rebill.model.money import kept_amount, text_of, text_of_minor_units
from rebill.services.proof.diff_month import MonthDifference
from rebill.services.proof.explain_statement import ExplainedLine, Explanation
from rebill.services.proof.run_charges import ExplainedCharge, PricedAlike
from rebill.services.proof.verify_statements import Verification

Document = dict[str, Any]


def explanation_document(found: Explanation) -> Document:
    """An explanation as ``--json`` shows it: every number is decimal text."""
    document = found.document
    return {
        "statement_id": document.statement_id,
        "customer_id": document.customer_id,
        "customer": document.customer_name,
        "period": str(document.month),
        "currency": document.currency,
        "kind": document.kind.value,
        "status": document.status.value,
        "run_id": document.run_id,
        "total": text_of_minor_units(document.total, found.minor_digits),
        "steps": [step.document() for step in found.steps],
        "lines": [_line_document(line, found.minor_digits) for line in found.lines],
    }


def _line_document(line: ExplainedLine, digits: int) -> Document:
    priced = line.line.priced
    return {
        "n": line.number,
        "provider": priced.provider,
        "subscription": priced.subscription,
        "service": priced.service,
        "charge_category": priced.charge_category,
        "kind": priced.kind.value,
        "reference": priced.reference,
        "correction_of": None if line.corrects is None else str(line.corrects),
        "exact": text_of(priced.exact_amount),
        "amount": text_of_minor_units(line.line.amount_minor_units, digits),
        "steps": [step.document() for step in line.steps],
        "charge_count": priced.charges,
        "priced_alike": [alike_document(total) for total in line.totals],
        "charges": [_charge_document(charge) for charge in line.charges],
    }


def alike_document(total: PricedAlike) -> Document:
    """Charges of a line that are priced alike."""
    book, rule = total.priced_by.book, total.priced_by.rule
    return {
        "subscription": total.account.subscription,
        "azure_customer_id": total.account.tenant,
        "base_kind": total.base_kind.name.lower(),
        "price_book": None if book is None else book.name,
        "rule_position": None if rule is None else rule.position,
        "rule": None if rule is None else rule.name,
        "charges": total.charges,
        "billed_cost": text_of(total.billed_cost),
        "statement_cost": text_of(total.statement_cost),
        "price": text_of(total.price),
    }


def _charge_document(explained: ExplainedCharge) -> Document:
    charge = explained.charge
    return {
        "file": charge.file,
        "row": charge.row,
        "billed_cost": text_of(charge.billed_cost),
        "statement_cost": text_of(charge.statement_cost),
        "price": text_of(charge.price),
        "steps": [step.document() for step in explained.steps],
    }


def verification_document(one: Verification) -> Document:
    """A verified document as ``--json`` shows it; ``difference`` is empty where it is equal."""
    document = one.document
    return {
        "statement_id": document.statement_id,
        "customer_id": document.customer_id,
        "customer": document.customer_name,
        "period": str(document.month),
        "currency": document.currency,
        "total": text_of_minor_units(document.total, minor_digits(document.currency)),
        "status": document.status.value,
        "kind": document.kind.value,
        "run_id": document.run_id,
        "equal": not one.difference,
        "difference": one.difference,
    }


def difference_document(found: MonthDifference) -> Document:
    """A comparison as ``--json`` shows it: totals in minor digits, all else exact."""
    return {
        "period": str(found.month),
        "before": "issued" if found.before_run_id is None else "run",
        "before_run_id": found.before_run_id,
        "after_run_id": found.after_run_id,
        "changes": [{"cause": cause, "sentence": sentence} for cause, sentence in found.changes],
        "customers": [total_document(total) for total in found.totals],
        "differences": [_difference_document(one) for one in found.differences],
    }


def total_document(total: TotalDifference) -> Document:
    """A customer's totals before and after, and the causes that add up to the difference."""
    return {
        "customer_id": total.customer_id,
        "customer": total.customer_name,
        "currency": total.currency,
        "before": text_of_minor_units(total.before, total.minor_digits),
        "after": text_of_minor_units(total.after, total.minor_digits),
        "difference": text_of_minor_units(total.after - total.before, total.minor_digits),
        "by_cause": {cause: text_of(kept_amount(amount)) for cause, amount in total.by_cause.items()},
    }


def _difference_document(one: Difference) -> Document:
    return {
        "customer_id": one.customer_id,
        "currency": one.currency,
        "service": one.service,
        "cause": one.cause,
        "amount": text_of(kept_amount(one.amount)),
    }
