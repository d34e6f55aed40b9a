"""What the navigation offers, by role."""

from dataclasses import dataclass
from typing import Final

from rebill.model.party import Role
from rebill.services.acting.permission import Permission, allows


@dataclass(frozen=True)
class Place:
    """A place in the navigation: its section, its words, and where it leads."""

    section: str
    title: str
    path: str
    permission: Permission


_CONSOLE: Final = (
    Place("home", "Home", "/", Permission.READ),
    Place("accounts", "Azure accounts", "/accounts", Permission.READ),
    Place("customers", "Customers", "/customers", Permission.READ),
    Place("costs", "Cost data", "/costs", Permission.READ),
    Place("prices", "Price books and rules", "/price-books", Permission.READ),
    Place("bills", "Bills", "/bills", Permission.READ),
    Place("margin", "Margin", "/margin", Permission.READ),
    Place("audit", "Audit", "/audit", Permission.ADMINISTER),
    Place("access", "Keys and users", "/access", Permission.READ_ADMINISTRATION),
    Place("settings", "Settings", "/settings", Permission.READ_ADMINISTRATION),
)
_PORTAL: Final = (
    Place("statements", "Statements", "/portal", Permission.READ_OWN),
    Place("spend", "Cost", "/portal/cost", Permission.READ_OWN),
)


def navigation(role: Role) -> tuple[Place, ...]:
    """The places that somebody of this role may go to."""
    if role is Role.CUSTOMER_READ_ONLY:
        return _PORTAL
    return tuple(place for place in _CONSOLE if allows(role, place.permission))
