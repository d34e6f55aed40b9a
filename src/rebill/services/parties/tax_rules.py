"""The rules of tax on customers' documents: look at them, and put one in force from a month on."""

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.tax import TaxRule, TaxTreatment
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import text_fault
from rebill.services.parties.customer_rules import only_faults
from rebill.services.parties.read_customers import unknown_customer
from rebill.store.closing import hold_closing
from rebill.store.customers import customer_name
from rebill.store.particulars import store_tax_rule, tax_rules_of
from rebill.store.scope import Scope
from rebill.store.terms import first_changeable_month_of


def list_tax_rules(installation: Installation, caller: Caller, customer_id: int | None = None) -> list[TaxRule]:
    """The rules, those for every customer first. ``customer_id``: what may concern that one. Raises ``NotFound``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        _require_customer(scope, customer_id)
        return tax_rules_of(scope, customer_id)


def set_tax_rule(
    installation: Installation, caller: Caller, wanted: TaxRule, from_month: BillingMonth | None
) -> TaxRule:
    """Put a rule in force from a month on; without one, from the first month that nothing is issued for.

    What is issued keeps its tax, and so does what corrects it: a month with an issued document takes no other rule.
    Raises ``Forbidden``, ``NotFound``, and ``Invalid`` with every faulty field.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> TaxRule:
        scope = Scope.of(connection, caller)
        # Whoever issues documents reads the rules, and holds this too.
        hold_closing(scope)
        _require_customer(scope, wanted.customer_id)
        first = first_changeable_month_of(scope, None if wanted.customer_id is None else [wanted.customer_id])
        faults = tax_faults(wanted.treatment)
        if from_month is not None and str(from_month) < first:
            faults["from_month"] = f"has an issued statement, or comes before one: give {first} or a later month"
        if faults:
            raise Invalid("invalid_tax_rule", "Nothing was changed: correct the fields named here.", faults)
        since = first if from_month is None else str(from_month)
        rule = TaxRule(wanted.customer_id, wanted.lines, since, wanted.treatment.as_kept())
        standing = [one for one in tax_rules_of(scope, rule.customer_id) if _place(one) == _place(rule)]
        if standing != [rule]:
            store_tax_rule(scope, rule, now)
            before = standing[0] if standing else None
            subject_id = scope.partner_id
            record_change(
                scope,
                caller,
                Act.SET_TAX_RULE,
                subject_id,
                now,
                before=before,
                after=rule,
                customer_id=rule.customer_id,
            )
        return rule

    return installation.database.write(act)


def tax_faults(treatment: TaxTreatment) -> dict[str, str]:
    """What is wrong with a treatment in itself, by field."""
    return treatment.faults() | only_faults({"reason": text_fault(treatment.reason)})


def _place(rule: TaxRule) -> tuple[int | None, str, str]:
    return rule.customer_id, rule.lines, rule.from_month


def _require_customer(scope: Scope, customer_id: int | None) -> None:
    if customer_id is not None and customer_name(scope, customer_id, even_deleted=True) is None:
        raise unknown_customer(customer_id)
