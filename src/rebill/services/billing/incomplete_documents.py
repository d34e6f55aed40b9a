"""Which documents of a month can be no electronic invoices, and for want of which fields (``docs/documents.md``).

A month has thousands of documents, and few of them differ in what they lack: those that tell the same of seller and
buyer, and whose lines are taxed alike, are judged once.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from heapq import nsmallest
from typing import Final, NamedTuple

from rebill.documents.electronic_invoice import lacking_fields
from rebill.model.checklist import IncompleteDocument
from rebill.model.currencies import minor_digits
from rebill.model.months import BillingMonth
from rebill.model.particulars import BillingDetails, Letterhead, Particulars, Recipient, tax_rules_of_document
from rebill.model.party import Address, Caller
from rebill.model.statement import LineKind, StatementStatus
from rebill.model.tax import TaxedLines, TaxRule, TaxTreatment, lines_of, treatment_of_lines
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.particulars import letterhead_in_force, tax_rules_of
from rebill.store.scope import Scope
from rebill.store.statements import LineSort, sorts_of_lines, statements_with_blocks
from rebill.store.terms import ALWAYS
from rebill.store.told_parties import (
    IssuedParties,
    MonthDocument,
    ToldBuyer,
    alike_estimates,
    documents_of_month,
    issued_parties,
)

_OF_CUSTOMERS: Final = ("customer.", "billing_details.")


class _Shown(NamedTuple):
    """A document and what it tells, or would; ``rules``: of tax, that may concern its customer."""

    document: MonthDocument
    seller: tuple[str, str, str]
    buyer: ToldBuyer
    rules: tuple[TaxRule, ...]
    is_correction: bool = False


@dataclass(frozen=True)
class IncompleteDocuments:
    """The documents of a month that are no electronic invoices, or would be none, were they issued now.

    ``waiting`` and ``issued``: how many of them lack the same fields. ``first``: some, the issued ones last, in order
    of their customers' names; ``first_of_customers``: some of those that wait for what their customer has not told.
    """

    waiting: Mapping[tuple[str, ...], int]
    issued: Mapping[tuple[str, ...], int]
    first: tuple[IncompleteDocument, ...]
    first_of_customers: tuple[IncompleteDocument, ...]

    @property
    def waiting_count(self) -> int:
        return sum(self.waiting.values())

    @property
    def issued_count(self) -> int:
        return sum(self.issued.values())


class _Lacking(NamedTuple):
    """A document that lacks something, in the order in which they are shown; ``names``: of the fields."""

    is_issued: bool
    customer_name: str
    statement_id: int
    customer_id: int
    is_correction: bool
    names: tuple[str, ...]
    fields: Mapping[str, str]

    @property
    def shown(self) -> IncompleteDocument:
        return IncompleteDocument(
            self.statement_id, self.customer_id, self.customer_name, self.is_issued, self.fields, self.is_correction
        )


def count_incomplete_estimates(installation: Installation, caller: Caller, month: BillingMonth) -> int:
    """How many Estimated statements of a month would be no electronic invoices, were they issued now.

    Raises ``Forbidden``.
    """
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        rules = tax_rules_of(scope)
        if any(rule.customer_id is not None or not _is_of_every_line(rule) for rule in rules):
            return incomplete_documents(scope, month).waiting_count
        # Every line of every customer is taxed alike: the statements need not be told apart.
        sorts, seller = frozenset({LineSort(month, LineKind.CHARGES, None)}), _seller_now(scope)
        return sum(
            alike.statement_count
            for alike in alike_estimates(scope, month)
            if _judged(seller, alike.buyer, tuple(rules), None, sorts, alike.currency).names
        )


def _is_of_every_line(rule: TaxRule) -> bool:
    """Whether a rule is for all lines of all months."""
    return rule.lines is TaxedLines.ALL and rule.from_month == ALWAYS


def incomplete_documents(
    scope: Scope, month: BillingMonth, corrected: Collection[int] = (), first: int = 0
) -> IncompleteDocuments:
    """The statements and notes of a month that are no electronic invoices, or would be none; the ``first`` few of them.

    ``corrected``: issued statements that wait to be corrected. Their notes would show what is in force.
    """
    lacking = _lacking_documents(scope, month, corrected)
    alike = Counter((one.is_issued, one.names) for one in lacking)
    of_customers = {names for is_issued, names in alike if not is_issued and any(map(is_of_customer, names))}
    waiting_for_customers = [one for one in lacking if not one.is_issued and one.names in of_customers]
    return IncompleteDocuments(
        {names: count for (is_issued, names), count in alike.items() if not is_issued},
        {names: count for (is_issued, names), count in alike.items() if is_issued},
        tuple(one.shown for one in nsmallest(first, lacking)),
        tuple(one.shown for one in nsmallest(first, waiting_for_customers)),
    )


def _lacking_documents(scope: Scope, month: BillingMonth, corrected: Collection[int]) -> list[_Lacking]:
    shown = _shown(scope, documents_of_month(scope, month), corrected)
    sorts = _told_apart(scope, shown)
    of_all = frozenset({LineSort(month, LineKind.CHARGES, None)})
    judged = cache(_judged)
    found = []
    for document, seller, buyer, rules, is_correction in shown:
        # A rule of one customer concerns it alone; all others are judged together.
        owner_id = document.customer_id if rules and rules[-1].customer_id is not None else None
        sorts_of_document = sorts.get(document.statement_id, of_all)
        names, fields = judged(seller, buyer, rules, owner_id, sorts_of_document, document.currency)
        if names:
            is_issued = document.status == StatementStatus.FINAL and not is_correction
            order = (is_issued, document.customer_name, document.statement_id)
            found.append(_Lacking(*order, document.customer_id, is_correction, names, fields))
    return found


def is_of_customer(field: str) -> bool:
    """Whether a field is completed at the customer, not for all of them at once."""
    return field.startswith(_OF_CUSTOMERS)


def _shown(scope: Scope, documents: Sequence[MonthDocument], corrected: Collection[int]) -> list[_Shown]:
    """What each document told when it was issued, or tells now; and what notes on ``corrected`` would tell."""
    seller = _seller_now(scope)
    of_all, own = _rules_in_force(scope)
    issued_ids = [one.statement_id for one in documents if one.status == StatementStatus.FINAL]
    issued = issued_parties(scope, issued_ids) if issued_ids else {}
    read = cache(_rules_read)
    found = []
    for document in documents:
        told = issued.get(document.statement_id)
        in_force = _Shown(document, seller, document.buyer, own.get(document.customer_id, of_all))
        found.append(in_force if told is None else _as_issued(document, told, read(told.tax_rules)))
        if document.statement_id in corrected:
            found.append(in_force._replace(is_correction=True))
    return found


def _seller_now(scope: Scope) -> tuple[str, str, str]:
    head = letterhead_in_force(scope)
    return head.address.country, head.tax_id, head.registration_id


def _rules_in_force(scope: Scope) -> tuple[tuple[TaxRule, ...], Mapping[int, tuple[TaxRule, ...]]]:
    """The rules for every customer; and of each customer with rules of its own those, behind the others."""
    own: dict[int | None, list[TaxRule]] = defaultdict(list)
    for rule in tax_rules_of(scope):
        own[rule.customer_id].append(rule)
    of_all = tuple(own.pop(None, ()))
    return of_all, {one: (*of_all, *rules) for one, rules in own.items() if one is not None}


def _rules_read(text: str) -> tuple[TaxRule, ...]:
    return tax_rules_of_document(json.loads(text))


def _as_issued(document: MonthDocument, told: IssuedParties, rules: tuple[TaxRule, ...]) -> _Shown:
    seller = (told.seller_country or "", told.seller_tax_id or "", told.seller_registration_id or "")
    return _Shown(document, seller, told.buyer, rules)


def _told_apart(scope: Scope, shown: Sequence[_Shown]) -> dict[int, frozenset[LineSort]]:
    """The sorts of lines of those documents whose lines may fall under several rules; the others' need not be read."""
    by_lines = cache(_is_by_lines)
    ids = {one.document.statement_id for one in shown if one.rules}
    if not ids:
        return {}
    asked = {one.document.statement_id for one in shown if by_lines(one.rules)} | statements_with_blocks(scope, ids)
    sorts = sorts_of_lines(scope, sorted(asked)) if asked else {}
    return {one: frozenset(found) for one, found in sorts.items()}


def _is_by_lines(rules: tuple[TaxRule, ...]) -> bool:
    return any(rule.lines is not TaxedLines.ALL for rule in rules)


class _Judged(NamedTuple):
    """What documents that tell the same lack; nothing where they lack nothing."""

    names: tuple[str, ...]
    fields: Mapping[str, str]


def _judged(
    seller: tuple[str, str, str],
    buyer: ToldBuyer,
    rules: tuple[TaxRule, ...],
    owner_id: int | None,
    sorts: Set[LineSort],
    currency: str,
) -> _Judged:
    """What such a document lacks. ``owner_id``: of the customer whose own rules are among ``rules``."""
    country, tax_id, registration_id = seller
    details = BillingDetails(
        country=buyer.details_country or "", tax_id=buyer.tax_id or "", registration_id=buyer.registration_id or ""
    )
    recipient = Recipient(owner_id or 0, "", Address(country=buyer.address_country or ""), details)
    letterhead = Letterhead(address=Address(country=country), tax_id=tax_id, registration_id=registration_id)
    treatments = _treatments(owner_id or 0, rules, sorts)
    fields = lacking_fields(Particulars("", letterhead, recipient, rules), treatments, minor_digits(currency))
    return _Judged(tuple(fields), fields)


def _treatments(customer_id: int, rules: tuple[TaxRule, ...], sorts: Set[LineSort]) -> set[TaxTreatment | None]:
    return {
        treatment_of_lines(customer_id, lines_of(sort.kind, sort.charge_category), sort.month, rules) for sort in sorts
    }
