"""Make a user, who keys are then made for."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.callers import NewUser, User
from rebill.model.errors import Invalid
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.acting.plain_text import composed
from rebill.services.callers.user_rules import new_user_faults, user_details
from rebill.store.customers import customer_name
from rebill.store.scope import Scope
from rebill.store.users import add_user


def create_user(installation: Installation, caller: Caller, new: NewUser) -> User:
    """Make a user of the partner, or (role ``customer_read_only``) of one of its customers.

    Raises ``Forbidden``, and ``Invalid`` with every faulty field by its name in the API.
    """
    require(caller, Permission.ADMINISTER)
    now = installation.clock()

    def act(connection: Connection) -> User:
        scope = Scope.of(connection, caller)
        user = stored_user(scope, caller, new, now)
        record_change(
            scope, caller, Act.CREATE_USER, user.user_id, now, after=user_details(user), customer_id=user.customer_id
        )
        return user

    return installation.database.write(act)


def stored_user(scope: Scope, caller: Caller, new: NewUser, now: datetime) -> User:
    """Check and keep a new user. Raises ``Invalid``."""
    faults = new_user_faults(caller, new)
    of_customer = new.customer_id if "customer_id" not in faults else None
    # Held: the customer is not deleted before its new user stands.
    if of_customer is not None and customer_name(scope, of_customer, hold=True) is None:
        faults["customer_id"] = "names no customer: list the customers to find its id"
    if faults:
        raise Invalid("invalid_user", "No user was made: correct the fields named here.", faults)
    return add_user(scope, replace(new, name=composed(new.name)), now)
