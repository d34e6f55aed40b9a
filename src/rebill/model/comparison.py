"""A month's totals beside those of the tool that billed before: what a parallel run is judged by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class FormerTotal:
    """What the former tool billed: ``customer`` is a name or a client_api_id as the file has it."""

    customer: str
    currency: str
    total: Decimal


@dataclass(frozen=True)
class StatedTotal:
    """What a statement comes to, in its currency."""

    customer_id: int
    customer_name: str
    currency: str
    total: Decimal


@dataclass(frozen=True)
class ComparedTotal:
    """One customer and currency; ``None`` = that side has none. ``customer_id`` ``None``: rebill knows no such one."""

    customer_id: int | None
    customer: str
    currency: str
    former: Decimal | None
    stated: Decimal | None

    @property
    def difference(self) -> Decimal:
        """What rebill bills more (below 0: less)."""
        return (self.stated or Decimal(0)) - (self.former or Decimal(0))


def compared(
    former: Iterable[FormerTotal], stated: Sequence[StatedTotal], customers: Sequence[tuple[int, str]]
) -> list[ComparedTotal]:
    """Both sides, customer by customer, in order of names and currencies; several totals of one are added up.

    ``customers``: ids and names of all, so that one without a statement is known too. A number is an id where it is one
    of theirs, else a name.
    """
    names = dict(customers)
    ids = {name: customer_id for customer_id, name in customers}
    theirs: dict[tuple[int | None, str, str], Decimal] = {}
    for one in former:
        by_id = int(one.customer) if one.customer.isascii() and one.customer.isdigit() else None
        customer_id = by_id if by_id in names else ids.get(one.customer)
        key = customer_id, one.customer if customer_id is None else names[customer_id], one.currency
        theirs[key] = theirs.get(key, Decimal(0)) + one.total
    ours: dict[tuple[int | None, str, str], Decimal] = {
        (one.customer_id, one.customer_name, one.currency): one.total for one in stated
    }
    keys = sorted({*theirs, *ours}, key=lambda key: (key[1], key[2], key[0] or 0))
    return [ComparedTotal(*key, former=theirs.get(key), stated=ours.get(key)) for key in keys]
