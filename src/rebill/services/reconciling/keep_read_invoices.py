"""Keep the totals of invoices and notes that a sync has read from Partner Center."""

from collections.abc import Sequence

from sqlalchemy import Connection

from rebill.model.microsoft_invoice import InvoiceKind, NewMicrosoftInvoice
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.reconciling.enter_invoice import as_kept, faults_of_invoice, put_in_force
from rebill.store.microsoft_invoices import invoices_in_force, was_withdrawn
from rebill.store.partners import hold_partner
from rebill.store.scope import Scope


def keep_read_invoices(
    installation: Installation, caller: Caller, read: Sequence[NewMicrosoftInvoice]
) -> tuple[int, dict[str, str]]:
    """Put in force what is new or has another total; how many those are, and by its number what cannot be kept.

    What somebody entered stands, and what somebody withdrew is not put in force again. Raises ``Forbidden``.
    """
    require(caller, Permission.CHANGE)
    now = installation.clock()

    def act(connection: Connection) -> tuple[int, dict[str, str]]:
        scope = Scope.of(connection, caller)
        hold_partner(scope)
        kept = 0
        refused: dict[str, str] = {}
        # A note can only name an invoice, so those come first.
        for new in sorted(read, key=lambda one: one.kind is not InvoiceKind.INVOICE):
            standing = invoices_in_force(scope)
            faults = faults_of_invoice(standing, new)
            if faults:
                refused[f"invoice {new.number}"] = "; ".join(f"{name} {fault}" for name, fault in faults.items())
                continue
            wanted = as_kept(new)
            known = next((one for one in standing if one.entered.number == wanted.number), None)
            is_left = was_withdrawn(scope, wanted.number) if known is None else not known.is_read
            if is_left or (known is not None and known.entered == wanted):
                continue
            put_in_force(scope, caller, wanted, known, now, is_read=True)
            kept += 1
        return kept, refused

    return installation.database.write(act)
