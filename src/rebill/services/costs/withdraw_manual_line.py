"""Withdraw a manual line."""

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.manual_line import ManualLine
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.costs.read_manual_lines import unknown_manual_line
from rebill.store.manual_lines import find_manual_line
from rebill.store.manual_lines import withdraw_manual_line as store_withdrawal
from rebill.store.scope import Scope


def withdraw_manual_line(
    installation: Installation, caller: Caller, manual_line_id: int, customer_id: int | None = None
) -> ManualLine:
    """Take an entry back: it vanishes at the next run, or is corrected where its month is issued.

    ``customer_id``: it must be this customer's. Raises ``Forbidden``, and ``NotFound`` also the second time.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> ManualLine:
        scope = Scope.of(connection, caller)
        standing = find_manual_line(scope, manual_line_id)
        if standing is None or customer_id not in (None, standing.entered.customer_id):
            raise unknown_manual_line(manual_line_id)
        if not store_withdrawal(scope, manual_line_id, now):
            raise unknown_manual_line(manual_line_id)
        withdrawn = find_manual_line(scope, manual_line_id)
        if withdrawn is None:
            raise AssertionError("an entry keeps its row")
        record_change(
            scope,
            caller,
            Act.WITHDRAW_MANUAL_LINE,
            manual_line_id,
            now,
            before={"withdrawn_at": None},
            after={"withdrawn_at": now},
            customer_id=standing.entered.customer_id,
        )
        return withdrawn

    return installation.database.write(act)
