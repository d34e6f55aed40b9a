"""One call under way, as its handler sees it: who calls, what for, with which parameters and body."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from rebill.api.query import Parameters
from rebill.api.surroundings import Surroundings
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation

Shape = TypeVar("Shape")


@dataclass(frozen=True)
class Call:
    """A call that passed every check that needs no knowledge of its meaning.

    ``ids``: those of the path by name. ``filter_customer_id``: ``?client_api_id=``, which exists.
    ``address``: the absolute address that the caller used, without the query. ``reason``: ``X-Reason``.
    ``accept``: the header of that name.
    """

    surroundings: Surroundings
    signed_in: Caller | None
    ids: Mapping[str, int]
    parameters: Parameters
    address: str
    filter_customer_id: int | None = None
    body: object = None
    reason: str = field(default="")
    accept: str = field(default="")

    @property
    def installation(self) -> Installation:
        return self.surroundings.installation

    @property
    def caller(self) -> Caller:
        """Who calls; every route but the open ones has one."""
        if self.signed_in is None:
            raise AssertionError("an open route asked who calls")
        return self.signed_in

    @property
    def customer_id(self) -> int | None:
        """The customer that the call is about: the path's, else the filter's, else none in particular."""
        return self.ids.get("client_api_id", self.filter_customer_id)

    @property
    def is_customers_own(self) -> bool:
        """Whether a customer's own key calls, which sees no cost and no margin."""
        return self.caller.role is Role.CUSTOMER_READ_ONLY

    def customer_or_filter(self, named: int | None) -> int | None:
        """The customer that a body names, else that of ``?client_api_id=``: where both are given they agree."""
        return self.filter_customer_id if named is None else named

    def body_as(self, shape: type[Shape]) -> Shape:
        """The body, which the route says is of ``shape``."""
        if not isinstance(self.body, shape):
            raise AssertionError(f"the route's body is not a {shape.__name__}")
        return self.body
