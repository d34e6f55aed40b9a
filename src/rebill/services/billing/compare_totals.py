"""Compare a month's statements with what the tool that billed before made of it."""

from decimal import Decimal
from pathlib import Path
from typing import Final

from rebill.model.comparison import ComparedTotal, FormerTotal, StatedTotal, compared
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.sources.former_totals import former_totals_in, read_former_totals
from rebill.store.customers import names_of_customers
from rebill.store.scope import Scope
from rebill.store.statements import statements_of_month

_SENT: Final = "what was sent"


def compare_totals(installation: Installation, caller: Caller, month: BillingMonth, file: Path) -> list[ComparedTotal]:
    """Every customer and currency of the month or the file, with both totals; nothing is changed.

    Statements count as they stand, Estimated or Final, without notes. Raises ``Forbidden``, and what is wrong with the
    file.
    """
    require(caller, Permission.READ)
    return _compared(installation, caller, month, read_former_totals(file))


def require_totals(text: str) -> None:
    """Raise what is wrong with the text of such a file."""
    former_totals_in(text, _SENT)


def compare_given_totals(
    installation: Installation, caller: Caller, month: BillingMonth, text: str
) -> list[ComparedTotal]:
    """The same with the text of such a file."""
    require(caller, Permission.READ)
    return _compared(installation, caller, month, former_totals_in(text, _SENT))


def _compared(
    installation: Installation, caller: Caller, month: BillingMonth, former: list[FormerTotal]
) -> list[ComparedTotal]:
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        records, names = statements_of_month(scope, month), names_of_customers(scope)
    stated = [
        StatedTotal(
            one.statement.customer_id,
            one.customer_name,
            one.statement.currency,
            Decimal(one.statement.price_text),
        )
        for one in records
    ]
    return compared(former, stated, names)
