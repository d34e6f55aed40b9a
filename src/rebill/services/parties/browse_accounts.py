"""Accounts as people look for them: whose each is today, and whose it was and will be."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from rebill.model.assignment import Days
from rebill.model.errors import NotFound
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Listing, Page
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import has_unprintable
from rebill.services.parties.read_customers import place_after
from rebill.store.accounts import place_of_account
from rebill.store.browsed_accounts import (
    BrowsedAccount,
    OwnershipOfAccount,
    account_page,
    browsed_account,
    ownerships_of_account,
)
from rebill.store.scope import Scope


class Owner(StrEnum):
    """Whose accounts are looked for, where it is no single customer's."""

    ANYBODY = "anybody"
    SOMEBODY = "somebody"
    NOBODY = "nobody"


@dataclass(frozen=True)
class AccountSearch:
    """``text``: in the id, the name or the domain, whatever the case. ``customer_id``: of this customer only."""

    kind: AccountKind
    owner: Owner = Owner.ANYBODY
    customer_id: int | None = None
    text: str = ""


@dataclass(frozen=True)
class AccountHistory:
    """An account and whose it is, day by day; what was taken back counts as never made."""

    account: BrowsedAccount
    ownerships: tuple[OwnershipOfAccount, ...]
    today: date

    def is_now(self, days: Days) -> bool:
        """Whether ``days`` hold today."""
        return days.covers(self.today)


def find_accounts(
    installation: Installation, caller: Caller, search: AccountSearch, page: Page
) -> Listing[BrowsedAccount]:
    """Accounts of a kind, in order of their first appearance, with who has them today. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    day = today_of(installation.clock())
    if has_unprintable(search.text):
        return Listing((), page, None, more=False)
    assigned = {Owner.ANYBODY: None, Owner.SOMEBODY: True, Owner.NOBODY: False}[search.owner]
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        after = place_after(page, lambda after_id: place_of_account(scope, after_id))
        return account_page(scope, search.kind, page, day, after, assigned, search.text, search.customer_id)


def account_history(installation: Installation, caller: Caller, account_id: int) -> AccountHistory:
    """Whose an account was, is and will be. Raises ``Forbidden`` and ``NotFound``."""
    require(caller, Permission.READ)
    day = today_of(installation.clock())
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        account = browsed_account(scope, account_id, day)
        if account is None:
            raise NotFound("account_not_found", f"There is no account {account_id}: look for it by its name or id.")
        return AccountHistory(account, tuple(ownerships_of_account(scope, account_id)), day)
