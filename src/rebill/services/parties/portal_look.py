"""What a customer's portal shows of the partner: the letterhead, and what the customer's details have otherwise."""

from dataclasses import dataclass

from rebill.model.errors import NotFound
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.parties.read_customers import unknown_customer
from rebill.store.particulars import Logo, find_logo, particulars_in_force
from rebill.store.scope import Scope


@dataclass(frozen=True)
class PortalLook:
    """``title``: above every page. ``welcome``: above the statements. ``contact``: whom to ask, part by part.

    ``color``: ``""`` is rebill's own. ``logo_sha256``: ``""`` is none. ``customer``: by what name it is addressed;
    ``language``: the tag of its documents' language.
    """

    customer: str
    language: str
    title: str
    welcome: str
    contact: tuple[str, ...]
    color: str
    logo_sha256: str


def portal_look(installation: Installation, caller: Caller, customer_id: int) -> PortalLook:
    """How the portal of a customer looks. Raises ``NotFound`` for one whom ``caller`` may not see."""
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        return _look(Scope.of(connection, caller), customer_id)


def portal_logo(installation: Installation, caller: Caller, customer_id: int) -> Logo:
    """The picture on the portal of a customer. Raises ``NotFound``, also where there is none."""
    require(caller, Permission.READ_OWN)
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        logo = find_logo(Scope(connection, scope.partner_id), _look(scope, customer_id).logo_sha256)
    if logo is None:
        raise NotFound("logo_not_found", "There is no logo: the letterhead takes one.")
    return logo


def partners_logo(installation: Installation, caller: Caller, sha256: str) -> Logo:
    """A picture of the partner's own by its hash. Raises ``NotFound``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        logo = find_logo(Scope.of(connection, caller), sha256)
    if logo is None:
        raise NotFound("logo_not_found", "There is no such logo: the letterhead takes one.")
    return logo


def _look(scope: Scope, customer_id: int) -> PortalLook:
    if scope.customer_id not in (None, customer_id):
        raise unknown_customer(customer_id, scope.customer_id)
    # The letterhead is the partner's: whoever signs in for a customer sees it, and of no other customer anything.
    found = particulars_in_force(Scope(scope.connection, scope.partner_id), [customer_id])
    if customer_id not in found:
        raise unknown_customer(customer_id, scope.customer_id)
    particulars = found[customer_id]
    head, details = particulars.letterhead, particulars.recipient.details
    return PortalLook(
        particulars.recipient.shown_name,
        particulars.language,
        details.portal_title or head.portal_title or particulars.issuer_name,
        details.portal_welcome or head.portal_welcome,
        tuple(part for part in (head.contact, head.email, head.phone) if part),
        details.color or head.color,
        particulars.logo_sha256,
    )
