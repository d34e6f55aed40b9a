"""Look at statements."""

from rebill.model.errors import NotFound
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.installation import Installation
from rebill.services.permission import Permission, require
from rebill.store.scope import Scope
from rebill.store.statements import StatementRecord
from rebill.store.statements import list_statements as query_statements


def list_statements(installation: Installation, caller: Caller, month: BillingMonth | None) -> list[StatementRecord]:
    """The statements ``caller`` may see, without their lines; of all months when ``month`` is ``None``."""
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        return query_statements(Scope.of(connection, caller), month, with_lines=False)


def get_statement(installation: Installation, caller: Caller, statement_id: int) -> StatementRecord:
    """One statement with its lines. Raises ``NotFound`` for one that ``caller`` may not see."""
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        found = query_statements(Scope.of(connection, caller), statement_id=statement_id)
    if not found:
        raise NotFound("statement_not_found", "There is no such statement; list them with `rebill statements list`.")
    return found[0]
