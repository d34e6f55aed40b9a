"""What the subscriptions on statements are called."""

from collections.abc import Iterable, Mapping

from rebill.model.party import Caller
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.store.scope import Scope
from rebill.store.subscription_names import told_names


def subscription_names(installation: Installation, caller: Caller, subscriptions: Iterable[str]) -> Mapping[str, str]:
    """The names that are known today, by the identifiers that stand on lines of statements.

    ``subscriptions``: what statements showed that ``caller`` was given. A customer is told no name of what is another
    customer’s by now.
    """
    require(caller, Permission.READ_OWN)
    reader = caller.customer_id
    shown = {(reader, one) for one in subscriptions}
    day = today_of(installation.clock())
    with installation.database.reading() as connection:
        # Accounts are the partner’s: these stand on the caller’s own statements.
        return told_names(Scope(connection, caller.partner_id), shown, day).get(reader, {})
