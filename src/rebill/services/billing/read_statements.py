"""Look at statements."""

from collections.abc import Iterator
from dataclasses import dataclass

from rebill.model.cloud import Cloud, cloud_of
from rebill.model.errors import NotFound
from rebill.model.listing import GREATEST_PER_PAGE, Listing, Page
from rebill.model.party import Caller
from rebill.model.statement import StatementFilter
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.read_customers import place_after
from rebill.store.scope import Scope
from rebill.store.statements import (
    StatementRecord,
    find_statement,
    place_of_statement,
    providers_by_statement,
    statement_page,
)


@dataclass(frozen=True)
class ListedStatement:
    """A statement without its lines, and the cloud they are about."""

    record: StatementRecord
    cloud: Cloud


def list_statements(
    installation: Installation, caller: Caller, page: Page, wanted: StatementFilter
) -> Listing[ListedStatement]:
    """The statements ``caller`` may see, without their lines, in order of creation; those of deleted customers too."""
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        after = place_after(page, lambda after_id: place_of_statement(scope, after_id))
        found = statement_page(scope, page, wanted, after)
        providers = providers_by_statement(scope, [record.statement_id for record in found.items])
    items = [ListedStatement(record, cloud_of(providers[record.statement_id])) for record in found.items]
    return Listing(items, found.page, found.total, found.more, found.last_id)


def every_statement(installation: Installation, caller: Caller, wanted: StatementFilter) -> Iterator[StatementRecord]:
    """All the statements that ``list_statements`` has, page by page."""
    page: Page | None = Page(per_page=GREATEST_PER_PAGE, after_id=0)
    while page is not None:
        listing = list_statements(installation, caller, page, wanted)
        yield from (listed.record for listed in listing.items)
        page = Page(per_page=GREATEST_PER_PAGE, after_id=listing.last_id) if listing.more else None


def get_statement(installation: Installation, caller: Caller, statement_id: int) -> StatementRecord:
    """One statement with its lines. Raises ``NotFound`` for one that ``caller`` may not see."""
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        record = find_statement(Scope.of(connection, caller), statement_id)
    if record is None:
        raise unknown_statement(statement_id)
    return record


def unknown_statement(statement_id: int) -> NotFound:
    """What to say of a statement that this caller does not have."""
    return NotFound("statement_not_found", f"There is no statement {statement_id}: list the statements to find its id.")
