"""What the subscriptions on statements are called."""

from collections.abc import Mapping, Sequence

from rebill.model.identifiers import AccountKind, subscription_key
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation, today_of
from rebill.services.acting.permission import Permission, require
from rebill.store.browsed_accounts import names_of_accounts
from rebill.store.scope import Scope
from rebill.store.statements import StatementRecord


def subscription_names(
    installation: Installation, caller: Caller, records: Sequence[StatementRecord]
) -> Mapping[str, str]:
    """The names that are known today, by the identifiers that stand on the lines of these statements.

    ``records``: what ``caller`` was given. A customer is told no name of what is another customer’s by now.
    """
    require(caller, Permission.READ_OWN)
    shown = [line.line.priced.subscription for record in records for line in record.statement.shown_lines]
    keys = {identifier: subscription_key(identifier) for identifier in shown if identifier}
    with installation.database.reading() as connection:
        # Accounts are the partner’s: these stand on the caller’s own statements.
        partners = Scope(connection, caller.partner_id)
        today = today_of(installation.clock())
        names = names_of_accounts(partners, AccountKind.SUBSCRIPTION, set(keys.values()), today, caller.customer_id)
    return {identifier: names[key] for identifier, key in keys.items() if key in names}
