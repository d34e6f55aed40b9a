"""What a user and its keys must be, alike for those that are made and those that change."""

import re
from typing import Any

from rebill.model.callers import NewUser, User
from rebill.model.party import Caller, Role
from rebill.services.acting.plain_text import name_fault, text_fault
from rebill.services.parties.customer_rules import only_faults

_GREATEST_EMAIL_LENGTH = 254
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def new_user_faults(caller: Caller, new: NewUser) -> dict[str, str]:
    """What is wrong with a new user in itself, by field."""
    return only_faults(
        {
            "name": name_fault(new.name),
            "email": email_fault(new.email),
            "role": role_fault(caller, new.role),
            "customer_id": _customer_fault(new.role, new.customer_id),
        }
    )


def user_details(user: User) -> dict[str, Any]:
    """What the audit trail tells of a user."""
    return {
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "customer_id": user.customer_id,
        "disabled": user.disabled_at is not None,
    }


def email_fault(email: str) -> str | None:
    """What is wrong with an e-mail address; ``""`` is none at all, and sound."""
    if not email:
        return None
    fault = text_fault(email, greatest=_GREATEST_EMAIL_LENGTH)
    return fault or (None if _EMAIL.fullmatch(email) else "must be an e-mail address")


def role_fault(caller: Caller, role: Role) -> str | None:
    """Nobody makes a user or a key that may more than he may himself."""
    return f"may not be stronger than your own, {caller.role}" if role.is_stronger_than(caller.role) else None


def _customer_fault(role: Role, customer_id: int | None) -> str | None:
    if role is Role.CUSTOMER_READ_ONLY and customer_id is None:
        return f"is required with the role {Role.CUSTOMER_READ_ONLY}"
    if role is not Role.CUSTOMER_READ_ONLY and customer_id is not None:
        return f"goes with the role {Role.CUSTOMER_READ_ONLY} only"
    return None
