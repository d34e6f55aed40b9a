"""The partner's billing rules, each by versions that are in force from a billing month on.

A deleted rule keeps its rows: months that it was billed in are computed again with it.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select

from rebill.model.billing_rule import (
    BillingRule,
    ChosenCustomers,
    KeptBillingRule,
    RuleAction,
    RuleCloud,
    RuleFrequency,
    RuleScope,
    RuleSign,
    RuleTerms,
    RuleType,
    SpendTier,
    SupportTier,
    TierPricing,
)
from rebill.model.identifiers import AgreementId, agreement_id
from rebill.model.listing import Listing, Page
from rebill.model.money import text_of
from rebill.model.months import BillingMonth
from rebill.store.identity import can_be_stored, draw_id
from rebill.store.membership import among
from rebill.store.paging import rows_of_page
from rebill.store.scope import Scope
from rebill.store.tables import billing_rule_customers, billing_rule_versions, billing_rules, partners
from rebill.store.terms import first_changeable_month_of

_CSP: Final = "csp"
_TARGET: Final = "target"
_AGREEMENT: Final = "agreement"
_ORDER = (billing_rules.c.created_at, billing_rules.c.billing_rule_id)


def add_billing_rule(scope: Scope, rule: BillingRule, now: datetime) -> int:
    """Keep a new rule, in force from the first month on that is issued to none of those it is for; answers its id."""
    rule_id = draw_id(scope.connection, billing_rules.c.billing_rule_id)
    row = {
        "billing_rule_id": rule_id,
        "name": rule.name,
        "cloud": rule.cloud.value,
        "rule_type": rule.rule_type.value,
        "action": rule.action.value,
        "created_at": now,
        "updated_at": now,
    }
    scope.insert(billing_rules, [row])
    _put_version(scope, rule_id, rule.terms, first_month_of_rule(scope, rule))
    return rule_id


def change_billing_rule(scope: Scope, kept: KeptBillingRule, rule: BillingRule, now: datetime) -> None:
    """Let ``kept`` be ``rule`` from the first month on that is issued to none of those that either is for."""
    changed = scope.update(billing_rules).where(billing_rules.c.billing_rule_id == kept.billing_rule_id)
    scope.connection.execute(changed.values(name=rule.name, updated_at=now))
    if rule.terms != kept.rule.terms:
        _put_version(scope, kept.billing_rule_id, rule.terms, _change_month(scope, kept, rule))


def end_billing_rule(scope: Scope, kept: KeptBillingRule, now: datetime) -> None:
    """Delete a rule: it is not in force from the first month on that is issued to none of those it is for."""
    ended = scope.update(billing_rules).where(billing_rules.c.billing_rule_id == kept.billing_rule_id)
    scope.connection.execute(ended.values(deleted_at=now, ended_from_month=_change_month(scope, kept, kept.rule)))


def is_rule_name_taken(scope: Scope, name: str, but: int | None = None) -> bool:
    """Whether a rule of this partner that is not deleted, other than ``but``, has exactly this name."""
    query = scope.select(billing_rules, billing_rules.c.billing_rule_id).where(
        billing_rules.c.name == name, billing_rules.c.deleted_at.is_(None)
    )
    return any(rule_id != but for rule_id in scope.connection.scalars(query))


def find_billing_rule(scope: Scope, rule_id: int, hold: bool = False) -> KeptBillingRule | None:
    """A rule that is not deleted, as it is in the end.

    ``hold``: no other transaction changes or deletes it until this one ends.
    """
    if not can_be_stored(rule_id):
        return None
    found = billing_rules.c.billing_rule_id == rule_id
    if hold:
        scope.connection.execute(scope.select(billing_rules).where(found).with_for_update())
    rows = scope.connection.execute(_newest(scope).where(found, billing_rules.c.deleted_at.is_(None))).all()
    return _kept_rules(scope, rows)[0] if rows else None


def billing_rule_page(
    scope: Scope, page: Page, customer_id: int | None, after: Sequence[Any]
) -> Listing[KeptBillingRule]:
    """A page of the rules that are not deleted, oldest first; ``customer_id``: those that are for this customer."""
    query = _newest(scope).where(billing_rules.c.deleted_at.is_(None))
    if customer_id is not None:
        query = query.where(_is_for(customer_id))
    found = rows_of_page(scope.connection, query, _ORDER, page, after)
    items = _kept_rules(scope, found.rows)
    return Listing(items, page, found.total, found.more, items[-1].billing_rule_id if items else None)


def place_of_billing_rule(scope: Scope, rule_id: int) -> tuple[datetime, int] | None:
    """Where a rule (deleted or not) stands in the order of lists."""
    if not can_be_stored(rule_id):
        return None
    query = scope.select(billing_rules, *_ORDER).where(billing_rules.c.billing_rule_id == rule_id)
    row = scope.connection.execute(query).one_or_none()
    return None if row is None else (row.created_at, row.billing_rule_id)


def billing_rules_of_month(scope: Scope, month: BillingMonth) -> list[KeptBillingRule]:
    """The rules that have something to do in ``month``, as they are in force in it, by id."""
    in_force = or_(billing_rules.c.ended_from_month.is_(None), billing_rules.c.ended_from_month > str(month))
    rows = scope.connection.execute(_newest(scope, month).where(in_force).order_by(billing_rules.c.billing_rule_id))
    return [kept for kept in _kept_rules(scope, rows.all()) if kept.rule.applies_in(month)]


def first_month_of_rule(scope: Scope, *versions: BillingRule) -> str:
    """The first month that is issued to none of the customers whom any of these is for."""
    everyone = any(rule.is_for_everyone for rule in versions)
    named = frozenset[int]().union(*(rule.named_customers for rule in versions))
    return first_changeable_month_of(scope, None if everyone else named)


def _change_month(scope: Scope, kept: KeptBillingRule, rule: BillingRule) -> str:
    newest = scope.select(billing_rule_versions, func.max(billing_rule_versions.c.from_month)).where(
        billing_rule_versions.c.billing_rule_id == kept.billing_rule_id
    )
    # Never before the newest version: a change always decides how things are in the end.
    return max(first_month_of_rule(scope, kept.rule, rule), str(scope.connection.scalars(newest).one()))


def _put_version(scope: Scope, rule_id: int, terms: RuleTerms, from_month: str) -> None:
    row = {"billing_rule_id": rule_id, "from_month": from_month, **_terms_row(terms)}
    scope.upsert(billing_rule_versions, ["billing_rule_id", "from_month"], [row], list(_terms_row(terms)))
    version = scope.select(billing_rule_versions, billing_rule_versions.c.billing_rule_version_id).where(
        billing_rule_versions.c.billing_rule_id == rule_id, billing_rule_versions.c.from_month == from_month
    )
    version_id = scope.connection.scalars(version).one()
    of_version = billing_rule_customers.c.billing_rule_version_id == version_id
    scope.connection.execute(scope.delete(billing_rule_customers).where(of_version))
    scope.insert(
        billing_rule_customers, [{"billing_rule_version_id": version_id, **one} for one in _chosen_rows(terms)]
    )


def _terms_row(terms: RuleTerms) -> dict[str, Any]:
    tiers = terms.tier_pricing
    return {
        "start_month": str(terms.start_month),
        "end_month": None if terms.end_month is None else str(terms.end_month),
        "frequency": terms.frequency.value,
        "scope": terms.scope.value,
        "support_tier": terms.support_tier.value,
        "sign": terms.sign.value,
        "fee": terms.fee,
        "percent": terms.percent,
        "minimum_fee": None if tiers is None else tiers.minimum_fee,
        "tiers": None if tiers is None else [_tier_document(tier) for tier in tiers.tiers],
        "as_line": terms.as_line,
        "currency": terms.currency,
        "product_name": terms.product_name,
        "product_description": terms.product_description,
        "every_csp_customer": terms.csp_customers.everyone,
        "every_target_customer": terms.target_customers.everyone,
    }


def _tier_document(tier: SpendTier) -> dict[str, str]:
    return {"from_spend": text_of(tier.from_spend), "percent": text_of(tier.percent)}


def _chosen_rows(terms: RuleTerms) -> list[dict[str, Any]]:
    named = ((_CSP, terms.csp_customers), (_TARGET, terms.target_customers))
    chosen = [
        {"customer_id": customer_id, "chosen_as": kind, "agreement_id": None}
        for kind, customers in named
        for customer_id in customers.customer_ids
    ]
    agreements = [
        {"customer_id": customer_id, "chosen_as": _AGREEMENT, "agreement_id": str(one)}
        for customer_id, agreement_ids in terms.enterprise_agreements
        for one in agreement_ids
    ]
    return [*chosen, *agreements]


def _newest(scope: Scope, month: BillingMonth | None = None) -> Select[Any]:
    """Rules with the newest of their versions; of those not after ``month``, where one is given."""
    versions = billing_rule_versions
    newest = scope.select(versions, versions.c.billing_rule_id, func.max(versions.c.from_month).label("from_month"))
    if month is not None:
        newest = newest.where(versions.c.from_month <= str(month))
    of_rule = newest.group_by(versions.c.billing_rule_id).subquery()
    is_newest = (of_rule.c.billing_rule_id == versions.c.billing_rule_id) & (
        of_rule.c.from_month == versions.c.from_month
    )
    own = {column.name for column in billing_rules.c}
    columns = [*billing_rules.c, *(column for column in versions.c if column.name not in own)]
    return (
        scope.select(billing_rules, *columns, partners.c.currency.label("home_currency"))
        .join(partners, partners.c.partner_id == billing_rules.c.partner_id)
        .join(versions, and_(versions.c.billing_rule_id == billing_rules.c.billing_rule_id, scope.own(versions)))
        .join(of_rule, is_newest)
    )


def _is_for(customer_id: int) -> ColumnElement[bool]:
    if not can_be_stored(customer_id):
        raise AssertionError("a filter names a customer that exists")
    versions = billing_rule_versions
    named = select(billing_rule_customers.c.billing_rule_version_id).where(
        billing_rule_customers.c.billing_rule_version_id == versions.c.billing_rule_version_id,
        billing_rule_customers.c.customer_id == customer_id,
    )
    return or_(versions.c.every_csp_customer, versions.c.every_target_customer, named.exists())


def _kept_rules(scope: Scope, rows: Sequence[Row[Any]]) -> list[KeptBillingRule]:
    chosen = _chosen_by_version(scope, [row.billing_rule_version_id for row in rows])
    return [
        KeptBillingRule(
            billing_rule_id=row.billing_rule_id,
            rule=BillingRule(
                name=row.name,
                cloud=RuleCloud(row.cloud),
                rule_type=RuleType(row.rule_type),
                action=RuleAction(row.action),
                terms=_terms(row, chosen[row.billing_rule_version_id]),
            ),
            home_currency=row.home_currency,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


def _chosen_by_version(scope: Scope, version_ids: Collection[int]) -> dict[int, list[Row[Any]]]:
    query = (
        scope.select(billing_rule_customers)
        .where(among(scope.connection, billing_rule_customers.c.billing_rule_version_id, version_ids))
        .order_by(billing_rule_customers.c.billing_rule_customer_id)
    )
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in scope.connection.execute(query):
        found[row.billing_rule_version_id].append(row)
    return found


def _terms(row: Row[Any], chosen: Sequence[Row[Any]]) -> RuleTerms:
    agreements: dict[int, list[AgreementId]] = defaultdict(list)
    for one in chosen:
        if one.chosen_as == _AGREEMENT:
            agreements[one.customer_id].append(agreement_id(one.agreement_id))
    return RuleTerms(
        start_month=BillingMonth.parse(row.start_month),
        end_month=None if row.end_month is None else BillingMonth.parse(row.end_month),
        frequency=RuleFrequency(row.frequency),
        scope=RuleScope(row.scope),
        support_tier=SupportTier(row.support_tier),
        sign=RuleSign(row.sign),
        fee=row.fee,
        percent=row.percent,
        tier_pricing=_tier_pricing(row),
        as_line=row.as_line,
        currency=row.currency,
        product_name=row.product_name,
        product_description=row.product_description,
        csp_customers=_customers(row.every_csp_customer, chosen, _CSP),
        target_customers=_customers(row.every_target_customer, chosen, _TARGET),
        enterprise_agreements=tuple((holder, tuple(ids)) for holder, ids in agreements.items()),
    )


def _tier_pricing(row: Row[Any]) -> TierPricing | None:
    if row.tiers is None:
        return None
    tiers = tuple(SpendTier(Decimal(tier["from_spend"]), Decimal(tier["percent"])) for tier in row.tiers)
    return TierPricing(row.minimum_fee, tiers)


def _customers(everyone: bool, chosen: Sequence[Row[Any]], kind: str) -> ChosenCustomers:
    return ChosenCustomers(everyone, tuple(one.customer_id for one in chosen if one.chosen_as == kind))
