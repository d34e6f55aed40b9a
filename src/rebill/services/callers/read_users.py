"""Read the users of the partner and of its customers."""

from rebill.model.callers import User
from rebill.model.errors import NotFound
from rebill.model.listing import Listing, Page
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.read_customers import place_after
from rebill.store.scope import Scope
from rebill.store.users import find_user, place_of_user, user_page


def list_users(installation: Installation, caller: Caller, page: Page, customer_id: int | None = None) -> Listing[User]:
    """The users that are not deleted, oldest first; ``customer_id``: those of that customer only."""
    require(caller, Permission.READ_ADMINISTRATION)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        after = place_after(page, lambda after_id: place_of_user(scope, after_id))
        return user_page(scope, page, customer_id, after)


def get_user(installation: Installation, caller: Caller, user_id: int, customer_id: int | None = None) -> User:
    """One user. Raises ``NotFound`` for one that is deleted, another partner's, or not of ``customer_id``."""
    require(caller, Permission.READ_ADMINISTRATION)
    with installation.database.reading() as connection:
        return found_user(Scope.of(connection, caller), user_id, customer_id)


def found_user(scope: Scope, user_id: int, customer_id: int | None = None) -> User:
    """The user of this id, where given only one of that customer; or ``NotFound``."""
    user = find_user(scope, user_id)
    if user is None or customer_id not in (None, user.customer_id):
        raise NotFound("user_not_found", f"There is no user {user_id}: list the users to find its id.")
    return user
