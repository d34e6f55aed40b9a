"""What documents show of partners and customers, and the rules of tax; of issued documents as it was then."""

import base64
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_

from rebill.model.document import DocumentKind
from rebill.model.particulars import BillingDetails, Letterhead, Particulars, Recipient, letterhead_of
from rebill.model.party import Address
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment
from rebill.store.closing import WaitingDocument
from rebill.store.membership import among
from rebill.store.partners import settings_of
from rebill.store.scope import Scope
from rebill.store.subscription_names import subscriptions_on, told_names
from rebill.store.tables import billing_details, customers, issued_particulars, letterheads, logos, tax_rules


@dataclass(frozen=True)
class Logo:
    """A picture for letterheads, named by the hash of its bytes."""

    sha256: str
    media_type: str
    content: bytes


def letterhead_in_force(scope: Scope) -> Letterhead:
    """The partner's letterhead as it is now."""
    kept = scope.connection.scalars(scope.select(letterheads, letterheads.c.letterhead)).one_or_none()
    return Letterhead() if kept is None else letterhead_of(kept)


def store_letterhead(scope: Scope, letterhead: Letterhead) -> None:
    """Keep the partner's letterhead; documents that are issued keep theirs."""
    scope.upsert(letterheads, ["partner_id"], [{"letterhead": asdict(letterhead)}], ["letterhead"])


def store_logo(scope: Scope, logo: Logo) -> None:
    """Keep a picture, for ever."""
    content = base64.b64encode(logo.content).decode("ascii")
    row = {"sha256": logo.sha256, "media_type": logo.media_type, "content": content}
    scope.upsert(logos, ["partner_id", "sha256"], [row], ["media_type"])


def find_logo(scope: Scope, sha256: str) -> Logo | None:
    """The picture of this hash."""
    row = scope.connection.execute(scope.select(logos).where(logos.c.sha256 == sha256)).one_or_none()
    return None if row is None else Logo(row.sha256, row.media_type, base64.b64decode(row.content))


def details_in_force(scope: Scope, customer_id: int) -> BillingDetails:
    """What a customer's documents show of it beside name and address."""
    query = scope.select(billing_details, billing_details.c.details).where(billing_details.c.customer_id == customer_id)
    kept = scope.connection.scalars(query).one_or_none()
    return BillingDetails() if kept is None else BillingDetails(**kept)


def store_details(scope: Scope, customer_id: int, details: BillingDetails) -> None:
    """Keep a customer's details."""
    row = {"customer_id": customer_id, "details": asdict(details)}
    scope.upsert(billing_details, ["customer_id"], [row], ["details"])


def tax_rules_of(scope: Scope, customer_id: int | None = None) -> list[TaxRule]:
    """The rules of tax, in order: those for every customer first. ``customer_id``: only what may concern that one."""
    query = scope.select(tax_rules)
    if customer_id is not None:
        query = query.where(tax_rules.c.customer_id.is_(None) | (tax_rules.c.customer_id == customer_id))
    found = [_rule(row) for row in scope.connection.execute(query)]
    return sorted(found, key=lambda rule: (rule.customer_id or 0, rule.lines, rule.from_month))


def store_tax_rule(scope: Scope, rule: TaxRule, now: datetime) -> None:
    """Put a rule in force, instead of what its month already has for the same customer and lines."""
    same = and_(
        tax_rules.c.customer_id.is_(None) if rule.customer_id is None else tax_rules.c.customer_id == rule.customer_id,
        tax_rules.c.lines == rule.lines.value,
        tax_rules.c.from_month == rule.from_month,
    )
    scope.connection.execute(scope.delete(tax_rules).where(same))
    row = {
        "customer_id": rule.customer_id,
        "lines": rule.lines.value,
        "from_month": rule.from_month,
        "category": rule.treatment.category.value,
        "percent": rule.treatment.percent,
        "reason": rule.treatment.reason,
        "reason_code": rule.treatment.reason_code,
        "updated_at": now,
    }
    scope.insert(tax_rules, [row])


def particulars_in_force(scope: Scope, customer_ids: Collection[int]) -> dict[int, Particulars]:
    """What a document of each of these customers, deleted ones too, would show if it were issued now."""
    letterhead, partner_name, rules = letterhead_in_force(scope), settings_of(scope).name, tax_rules_of(scope)
    of_customer = and_(billing_details.c.customer_id == customers.c.customer_id, scope.own(billing_details))
    query = (
        scope.select(customers, *customers.c, billing_details.c.details)
        .outerjoin(billing_details, of_customer)
        .where(among(scope.connection, customers.c.customer_id, customer_ids))
    )
    by_customer: dict[int | None, list[TaxRule]] = defaultdict(list)
    for rule in rules:
        by_customer[rule.customer_id].append(rule)
    found: dict[int, Particulars] = {}
    for row in scope.connection.execute(query):
        concerned = (*by_customer[None], *by_customer[row.customer_id])
        found[row.customer_id] = Particulars(partner_name, letterhead, _recipient(row), concerned)
    return found


def keep_issued_particulars(scope: Scope, documents: Sequence[WaitingDocument], day: date) -> dict[int, Particulars]:
    """Keep for ever what documents that are issued on ``day`` show; the blocks on them show nothing of their own.

    Answers the same by statement id.
    """
    issued = [document for document in documents if document.kind is not DocumentKind.BLOCK]
    shown = particulars_in_force(scope, {document.customer_id for document in issued})
    names = _names_on(scope, documents, day)
    kept = {
        one.statement_id: replace(shown[one.customer_id], subscription_names=names.get(one.customer_id, {}))
        for one in issued
    }
    rows = [{"statement_id": one, "particulars": particulars.as_document()} for one, particulars in kept.items()]
    scope.insert(issued_particulars, rows)
    return kept


def _names_on(scope: Scope, documents: Sequence[WaitingDocument], day: date) -> Mapping[int | None, Mapping[str, str]]:
    """By customer: a block's lines stand on a statement of the same one."""
    customer_of = {one.statement_id: one.customer_id for one in documents}
    shown = {(customer_of[statement_id], name) for statement_id, name in subscriptions_on(scope, customer_of)}
    return told_names(scope, shown, day)


def particulars_of_issued(scope: Scope, statement_ids: Collection[int]) -> dict[int, Particulars]:
    """What these issued documents show, as they were issued, by statement id."""
    query = scope.select(issued_particulars).where(
        among(scope.connection, issued_particulars.c.statement_id, statement_ids)
    )
    rows = scope.connection.execute(query)
    return {row.statement_id: Particulars.of_document(row.particulars) for row in rows}


def particulars_of(scope: Scope, statement_id: int, customer_id: int) -> Particulars:
    """What a document shows: as it was issued, else as it would be now. ``scope``: a whole partner's."""
    kept = particulars_of_issued(scope, [statement_id]).get(statement_id)
    return particulars_in_force(scope, [customer_id])[customer_id] if kept is None else kept


def _recipient(row: Any) -> Recipient:
    address = Address(row.street1, row.street2, row.city, row.state, row.zipcode, row.country)
    details = BillingDetails() if row.details is None else BillingDetails(**row.details)
    return Recipient(row.customer_id, row.name, address, details)


def _rule(row: Any) -> TaxRule:
    treatment = TaxTreatment(TaxCategory(row.category), row.percent, row.reason, row.reason_code)
    return TaxRule(row.customer_id, TaxedLines(row.lines), row.from_month, treatment)
