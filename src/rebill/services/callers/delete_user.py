"""Delete a user: its keys are dead for good, and nobody signs in as it."""

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.callers.last_admin_key import keeping_an_admin_key
from rebill.services.callers.read_users import found_user
from rebill.services.callers.user_rules import user_details
from rebill.store.keys import revoke_keys_of_user
from rebill.store.openid_subjects import forget_subject
from rebill.store.passwords import forget_password
from rebill.store.scope import Scope
from rebill.store.users import mark_user_deleted
from rebill.store.web_sessions import end_sessions_of_user


def delete_user(installation: Installation, caller: Caller, user_id: int, customer_id: int | None = None) -> None:
    """Delete a user with every key, password and session of it; ``customer_id``: only if it is of that customer.

    Raises ``Forbidden``, ``NotFound`` (also for one that is deleted already), and ``Conflict`` when a key's
    holder would end the last admin key.
    """
    require(caller, Permission.ADMINISTER)
    now = installation.clock()

    def act(connection: Connection) -> None:
        scope = Scope.of(connection, caller)
        with keeping_an_admin_key(scope, caller, now):
            user = found_user(scope, user_id, customer_id)
            revoked = revoke_keys_of_user(scope, user.user_id, now)
            mark_user_deleted(scope, user.user_id, now)
            # Its sign-in name and its subject are free for whoever comes after it.
            forget_password(scope, user.user_id)
            forget_subject(scope, user.user_id)
            end_sessions_of_user(scope, user.user_id)
            deleted = {**user_details(user), "key_ids": revoked}
            record_change(
                scope, caller, Act.DELETE_USER, user.user_id, now, before=deleted, customer_id=user.customer_id
            )

    installation.database.write(act)
