"""The partner's catalogue of Azure customers: what Partner Center lists."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from rebill.model.assignment import CatalogueAccount
from rebill.model.audit import Act
from rebill.model.errors import NotFound
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Listing, Page
from rebill.model.party import Caller
from rebill.model.sync import GREATEST_MOVED_COUNT, MovedCustomer
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import has_unprintable
from rebill.services.parties.assignment_act import known_customer_name
from rebill.services.parties.read_customers import place_after
from rebill.sources.partner_center.customers_answer import ListedCustomer, read_customers_answer
from rebill.store.accounts import (
    Remembered,
    SeenAccount,
    catalogue_account,
    catalogue_page,
    mark_gone,
    place_of_account,
    remember_accounts,
)
from rebill.store.scope import Scope


@dataclass(frozen=True)
class CatalogueImport:
    """What an import brought: accounts listed, of them new and changed, and those no longer listed.

    ``moved``: the first of those that changed, and of those that are gone.
    """

    total: int
    new: int
    changed: int
    gone: int
    moved: tuple[MovedCustomer, ...] = field(default=(), compare=False)


def import_catalogue(installation: Installation, caller: Caller, file: Path, partial: bool = False) -> CatalogueImport:
    """Bring the catalogue up to date with a Partner Center customers answer (JSON or CSV).

    What a complete listing no longer names becomes ``gone``: it stays, and can still be assigned. A listing
    is complete unless it says otherwise, or ``partial`` does. Raises ``NotFound`` for a missing file and
    ``Invalid`` for one that cannot be read; nothing is changed then.
    """
    require(caller, Permission.CHANGE)
    answer = read_customers_answer(file)
    is_complete = answer.is_complete and not partial

    def act(connection: Connection) -> CatalogueImport:
        return keep_catalogue(Scope.of(connection, caller), caller, answer.customers, is_complete, installation.clock())

    return installation.database.write(act)


def keep_catalogue(
    scope: Scope, caller: Caller, customers: Sequence[ListedCustomer], is_complete: bool, now: datetime
) -> CatalogueImport:
    """Bring the catalogue up to date, within a transaction; a listing that is not complete marks none gone."""
    kind = AccountKind.AZURE_CUSTOMER
    seen = [SeenAccount(one.identifier, one.name, one.domain, one.relationship) for one in customers]
    remembered = remember_accounts(scope, kind, seen, now)
    gone = mark_gone(scope, kind, remembered.account_ids) if is_complete else {}
    if remembered.new or remembered.changed or gone:
        record_change(
            scope,
            caller,
            Act.IMPORT_CATALOGUE,
            None,
            now,
            before={"changed": remembered.before},
            after={"changed": remembered.after, "new": remembered.added, "gone": list(gone)},
        )
    moved = (
        *_changed(remembered),
        *(MovedCustomer(one, name) for one, name in list(gone.items())[:GREATEST_MOVED_COUNT]),
    )
    return CatalogueImport(len(seen), remembered.new, remembered.changed, len(gone), moved)


def _changed(remembered: Remembered) -> list[MovedCustomer]:
    """The first of those that changed, each with what is told otherwise of it."""
    found = []
    for identifier in sorted(remembered.after)[:GREATEST_MOVED_COUNT]:
        before, now = remembered.before[identifier], remembered.after[identifier]
        others = [name for name in now if now[name] != before[name]]
        changes = {name: before[name] for name in others}, {name: now[name] for name in others}
        found.append(MovedCustomer(identifier, now["name"], *changes))
    return found


def list_catalogue(
    installation: Installation,
    caller: Caller,
    page: Page,
    assigned: bool | None = None,
    text: str | None = None,
    customer_id: int | None = None,
    status: str | None = None,
) -> Listing[CatalogueAccount]:
    """The catalogue, oldest first: all of it, or what is (not) assigned today, or assigned to one customer.

    ``text``: only accounts whose id, name or domain contains it, whatever the case. ``status``: ``active`` or ``gone``.
    """
    require(caller, Permission.READ)
    day = today_of(installation.clock())
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        if customer_id is not None:
            known_customer_name(scope, customer_id)
        after = place_after(page, lambda after_id: place_of_account(scope, after_id))
        if text is not None and has_unprintable(text):
            return Listing((), page, 0 if page.after_id is None else None, more=False)
        return catalogue_page(scope, page, day, after, assigned, text, customer_id, status)


def get_catalogue_account(installation: Installation, caller: Caller, account_id: int) -> CatalogueAccount:
    """One account of the catalogue by rebill's id of it, or ``NotFound``."""
    require(caller, Permission.READ)
    day = today_of(installation.clock())
    with installation.database.reading() as connection:
        account = catalogue_account(Scope.of(connection, caller), account_id, day)
    if account is None:
        raise NotFound(
            "azure_customer_not_found", f"There is no Azure customer {account_id}: list the catalogue to find its id."
        )
    return account
