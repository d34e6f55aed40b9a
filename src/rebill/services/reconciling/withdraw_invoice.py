"""Withdraw an invoice of Microsoft's that was entered."""

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.reconciling.read_invoices import unknown_invoice
from rebill.store.microsoft_invoices import find_invoice
from rebill.store.microsoft_invoices import withdraw_invoice as store_withdrawal
from rebill.store.scope import Scope


def withdraw_invoice(installation: Installation, caller: Caller, microsoft_invoice_id: int) -> None:
    """Take an invoice back: it is compared with nothing any more.

    Raises ``Forbidden``, and ``NotFound`` also the second time.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> None:
        scope = Scope.of(connection, caller)
        standing = find_invoice(scope, microsoft_invoice_id)
        if standing is None or not store_withdrawal(scope, microsoft_invoice_id, now):
            raise unknown_invoice(microsoft_invoice_id)
        record_change(scope, caller, Act.WITHDRAW_INVOICE, microsoft_invoice_id, now, before=vars(standing.entered))

    installation.database.write(act)
