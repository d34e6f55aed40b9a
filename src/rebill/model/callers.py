"""Who may call: users of a partner or of its customers, and their API keys."""

from dataclasses import dataclass
from datetime import datetime

from rebill.model.party import Role


@dataclass(frozen=True)
class User:
    """A person or a program that acts for a partner, or (with ``customer_id``) for one of its customers.

    While ``disabled_at`` is set every key of it is dead.
    """

    user_id: int
    name: str
    email: str
    role: Role
    customer_id: int | None
    created_at: datetime
    updated_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True)
class NewUser:
    """What a new user is to be; ``email`` may be ``""``."""

    name: str
    role: Role
    customer_id: int | None = None
    email: str = ""


@dataclass(frozen=True)
class UserChange:
    """What is to be other of a user; ``None`` leaves it alone."""

    name: str | None = None
    email: str | None = None
    role: Role | None = None
    disabled: bool | None = None


@dataclass(frozen=True)
class NewKey:
    """What a new key of a user is to be. ``role`` ``None``: the user's; ``expires_at`` ``None``: it does not expire."""

    user_id: int
    name: str = ""
    role: Role | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class ApiKey:
    """A key as lists show it: never its secret, nor anything that finds it.

    ``role``: what it opens, which is never more than its user's role now. ``usable``: whether it opens anything now.
    ``last_used_at`` may lag by a minute. ``made_to_expire_at``: ``expires_at`` as the key was made; a rotation with an
    overlap ends it earlier.
    """

    key_id: int
    user_id: int
    name: str
    role: Role
    customer_id: int | None
    created_at: datetime
    expires_at: datetime | None
    made_to_expire_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    usable: bool
