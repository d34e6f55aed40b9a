"""Who takes part: the partner, its customers, and who calls."""

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a key's holder may do; the table stands in ``docs/api.md`` (Callers)."""

    ADMIN = "admin"
    OPERATOR = "operator"
    READ_ONLY = "read_only"
    CUSTOMER_READ_ONLY = "customer_read_only"

    def is_stronger_than(self, other: "Role") -> bool:
        """Whether this role may do something that ``other`` may not, of what a partner can allow."""
        return _BY_STRENGTH.index(self) > _BY_STRENGTH.index(other)

    def weaker(self, other: "Role") -> "Role":
        """The weaker one of the two."""
        return other if self.is_stronger_than(other) else self


_BY_STRENGTH = (Role.CUSTOMER_READ_ONLY, Role.READ_ONLY, Role.OPERATOR, Role.ADMIN)


class Classification(StrEnum):
    """Whether the partner's customer itself may sign in."""

    MANAGED_WITHOUT_ACCESS = "managed_without_access"
    MANAGED_WITH_ACCESS = "managed_with_access"


class Channel(StrEnum):
    """The way an act came."""

    API = "api"
    CONSOLE = "console"
    COMMAND_LINE = "command_line"


@dataclass(frozen=True)
class Occasion:
    """What an act is part of, for the audit trail: the request or the command, and why it is done, if anyone said.

    ``request_id``: of the API and the console. ``operating_system_user``: at the command line. ``""``: there is none.
    """

    channel: Channel = Channel.COMMAND_LINE
    request_id: str = ""
    operating_system_user: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Caller:
    """Who acts: a key of a user of a partner, or of one of its customers.

    ``key_id`` and ``user_id`` are ``None`` at the command line; ``key_id`` alone for who signed in with a password.
    """

    partner_id: int
    role: Role
    customer_id: int | None = None
    key_id: int | None = None
    user_id: int | None = None
    occasion: Occasion = field(default=Occasion())

    def __post_init__(self) -> None:
        if (self.role is Role.CUSTOMER_READ_ONLY) != (self.customer_id is not None):
            raise AssertionError("exactly the customer role names a customer")


@dataclass(frozen=True)
class Address:
    """A postal address as the partner API has it; every part is text, ``""`` when not given."""

    street1: str = ""
    street2: str = ""
    city: str = ""
    state: str = ""
    zipcode: str = ""
    country: str = ""
