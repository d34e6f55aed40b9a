"""Taking away one of the ways that a user signs in by: what every way has in common."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.errors import NotFound
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.callers.read_users import found_user
from rebill.store.partners import hold_partner
from rebill.store.scope import Scope
from rebill.store.web_sessions import end_sessions_of_user


@dataclass(frozen=True)
class WayIn:
    """A way to sign in. ``forget``: whether a user had it. ``told``: what the audit trail keeps of its end.

    ``code``, ``sentence``: of the refusal where a user (``{user_id}``) has none.
    """

    act: Act
    forget: Callable[[Scope, int], bool]
    told: dict[str, str]
    code: str
    sentence: str


def take_way_in(
    installation: Installation, caller: Caller, user_id: int, way: WayIn, customer_id: int | None = None
) -> None:
    """Take it away from a user, and end the user's sessions.

    ``customer_id``: only if it is of that customer. Raises ``Forbidden``, and ``NotFound`` also where it has none.
    """
    require(caller, Permission.ADMINISTER)
    now = installation.clock()

    def act(connection: Connection) -> None:
        scope = Scope.of(connection, caller)
        hold_partner(scope)
        user = found_user(scope, user_id, customer_id)
        if not way.forget(scope, user_id):
            raise NotFound(way.code, way.sentence.format(user_id=user_id))
        end_sessions_of_user(scope, user_id)
        record_change(scope, caller, way.act, user_id, now, after=way.told, customer_id=user.customer_id)

    installation.database.write(act)
