"""Sign in: from the text of an API key to who is calling."""

from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.secret_keys import is_secret, read_key_text
from rebill.store.keys import holder_of


def caller_of(installation: Installation, key_text: str) -> Caller | None:
    """Who holds the key ``key_text``; ``None`` when nobody does, or when the key is dead.

    Unknown, wrong, expired and revoked keys cost the same work: one look-up, one hash, one comparison.
    Raises ``Unavailable`` when the database cannot be asked.
    """
    key = read_key_text(key_text)
    with installation.database.asking() as connection:
        holder = holder_of(connection, key.lookup, installation.clock())
    known = is_secret(key, holder.secret_sha256 if holder else None)
    if holder is None or not known or not holder.key.usable:
        return None
    own = holder.key
    return Caller(holder.partner_id, own.role, own.customer_id, own.key_id, own.user_id)
