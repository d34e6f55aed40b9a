"""No key's holder shuts everybody out: what he ends leaves the partner an admin key."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from rebill.model.errors import Conflict
from rebill.model.party import Caller
from rebill.store.keys import live_admin_keys
from rebill.store.partners import hold_partner
from rebill.store.scope import Scope

LEAST_REMAINING_TIME = timedelta(days=1)
"""How long the admin key that remains must still be good for: one that is about to end saves nobody."""


@contextmanager
def keeping_an_admin_key(scope: Scope, caller: Caller, now: datetime) -> Iterator[None]:
    """What the block does to users and keys must leave an admin key, where it touches any admin key.

    Acts on the partner's users and keys come one after the other from here to the end of the transaction. Raises
    ``Conflict``; the command line may end the last one, since it can make a new one.
    """
    hold_partner(scope)
    before = live_admin_keys(scope, now)
    yield
    after = live_admin_keys(scope, now)
    lasting = [end for end in after.values() if end is None or end - now >= LEAST_REMAINING_TIME]
    if (caller.key_id or caller.user_id) is not None and after != before and not lasting:
        raise Conflict(
            "last_admin_key",
            "No admin key would be left that is good for another day: create another one first, then do this.",
        )
