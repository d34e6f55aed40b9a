"""Delete a partner's customer: what it has ends today, its name is free, its history stays."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import Invalid
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.assignment_act import (
    PlannedAccount,
    changing_accounts,
    fault_sentence,
    store_plans,
)
from rebill.services.parties.assignment_details import assignments_after, assignments_before
from rebill.services.parties.assignment_plan import plan_remove
from rebill.services.parties.issued_lines import FoundLines, faults_of_issued, looking_for_lines
from rebill.services.parties.read_customers import unknown_customer
from rebill.store.accounts import KnownAccount, hold_accounts
from rebill.store.assignments import NO_HISTORY, AccountHistory, account_ids_held_after, histories_of_accounts
from rebill.store.closed_months import closed_months
from rebill.store.closing import hold_months_open
from rebill.store.customers import hold_customer, mark_deleted
from rebill.store.keys import revoke_keys_of
from rebill.store.scope import Scope
from rebill.store.terms import has_issued_statements


def delete_customer(installation: Installation, caller: Caller, customer_id: int) -> None:
    """Delete a customer: its assignments end today (those yet to begin are taken back), its keys are dead.

    Charges of the days before today stay its own, and later runs still bill them. Raises ``Forbidden``,
    ``NotFound`` (also for one that is deleted already), and ``Invalid`` for one with issued statements, or with
    accounts whose end would change those of others; ``Unavailable`` where imported cost that tells so cannot be read.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection, found: FoundLines) -> None:
        scope = Scope.of(connection, caller)
        hold_months_open(scope)
        if not hold_customer(scope, customer_id):
            raise unknown_customer(customer_id)
        if has_issued_statements(scope, customer_id):
            raise Invalid(
                "customer_has_statements",
                "This customer has issued statements and stays: switch its billing off instead "
                "(partner_billing_configuration.enabled).",
            )
        endings = _endings(scope, customer_id, today_of(now), found)
        changing = changing_accounts(endings)
        store_plans(scope, customer_id, None, changing, now)
        revoked = revoke_keys_of(scope, customer_id, now)
        mark_deleted(scope, customer_id, now)
        record_change(
            scope,
            caller,
            Act.DELETE_CUSTOMER,
            customer_id,
            now,
            before={"accounts": assignments_before(changing), "keys": revoked},
            after={"accounts": assignments_after(customer_id, changing), "keys": []},
        )

    looking_for_lines(
        installation, lambda found: installation.database.write(lambda connection: act(connection, found))
    )


def _endings(scope: Scope, customer_id: int, today: date, found: FoundLines) -> list[PlannedAccount]:
    """What ends of each account that the customer has today or later. Raises ``Invalid``, ``LinesWanted``."""
    # Nobody can assign to the held customer any more; the accounts are held so that nobody moves them away meanwhile.
    by_kind = hold_accounts(scope, account_ids_held_after(scope, customer_id, today))
    histories = histories_of_accounts(scope, [one.account_id for held in by_kind.values() for one in held])
    closed = closed_months(scope, [customer_id])
    endings: list[PlannedAccount] = []
    refused: dict[str, str] = {}
    for kind, held in by_kind.items():
        planned = [_ending(account, histories, customer_id, today) for account in held]
        changing, keys = changing_accounts(planned), [account.key for account in held]
        faults = faults_of_issued(scope, customer_id, kind, keys, closed, changing, found)
        named = ((account, faults.get(account.account_id)) for account in held)
        refused |= {account.spelling: fault_sentence(kind, fault) for account, fault in named if fault is not None}
        endings += planned
    if refused:
        raise Invalid(
            "deletion_changes_issued",
            "Nothing was deleted: lines of accounts that end with this customer would be others', and are issued. Take "
            "these accounts away first, with correct_issued and a reason.",
            refused,
        )
    return endings


def _ending(
    account: KnownAccount, histories: Mapping[int, AccountHistory], customer_id: int, today: date
) -> PlannedAccount:
    history = histories.get(account.account_id, NO_HISTORY)
    plan = plan_remove(customer_id, history.standing, None, withdraw=False, today=today)
    return PlannedAccount(account.spelling, account, plan, history)
