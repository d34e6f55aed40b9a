"""Look at the invoices of Microsoft's that were entered."""

from datetime import datetime

from rebill.model.errors import NotFound
from rebill.model.listing import Listing, Page
from rebill.model.microsoft_invoice import MicrosoftInvoice
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.read_customers import place_after
from rebill.store.microsoft_invoices import find_invoice, invoice_page
from rebill.store.scope import Scope


def get_invoice(installation: Installation, caller: Caller, microsoft_invoice_id: int) -> MicrosoftInvoice:
    """One invoice or note, withdrawn or not. Raises ``NotFound``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        found = find_invoice(Scope.of(connection, caller), microsoft_invoice_id)
    if found is None:
        raise unknown_invoice(microsoft_invoice_id)
    return found


def list_invoices(
    installation: Installation, caller: Caller, page: Page, month: BillingMonth | None = None
) -> Listing[MicrosoftInvoice]:
    """Invoices and notes in order of entry, withdrawn ones too; of one month where that is given."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)

        def place_of(after_id: int) -> tuple[datetime, int] | None:
            found = find_invoice(scope, after_id)
            return None if found is None else (found.entered_at, found.microsoft_invoice_id)

        return invoice_page(scope, page, month, place_after(page, place_of))


def unknown_invoice(microsoft_invoice_id: int) -> NotFound:
    """What to say of an invoice that this caller does not have in force."""
    return NotFound(
        "microsoft_invoice_not_found",
        f"There is no invoice {microsoft_invoice_id} in force: list them to find its id.",
    )
