"""What each role may do. The table stands in ``docs/api.md`` (Callers)."""

from enum import StrEnum

from rebill.model.errors import Forbidden
from rebill.model.party import Caller, Role


class Permission(StrEnum):
    """Kinds of acts."""

    READ_OWN = "read_own"
    """Read customers, statements, account and subscription lists; a customer's key its own only."""
    READ = "read"
    """Read anything of the partner, its costs and margins included."""
    CHANGE = "change"
    """Change what is billed: customers, assignments, catalogue, costs, runs."""
    READ_ADMINISTRATION = "read_administration"
    """Read users, keys (never their secrets) and the partner's own settings."""
    ADMINISTER = "administer"
    """Change users, keys and the partner's own settings."""


_PERMISSIONS = {
    Role.CUSTOMER_READ_ONLY: {Permission.READ_OWN},
    Role.READ_ONLY: {Permission.READ_OWN, Permission.READ, Permission.READ_ADMINISTRATION},
    Role.OPERATOR: {Permission.READ_OWN, Permission.READ, Permission.CHANGE},
    Role.ADMIN: set(Permission),
}


def allows(role: Role, permission: Permission) -> bool:
    """Whether ``role`` may do this kind of act."""
    return permission in _PERMISSIONS[role]


def require(caller: Caller, permission: Permission) -> None:
    """Raise ``Forbidden`` unless the caller's role allows this kind of act."""
    if not allows(caller.role, permission):
        words = caller.role.value.replace("_", " ")
        raise Forbidden("forbidden", f"A {words} key may not do this: use a key with a stronger role.")
