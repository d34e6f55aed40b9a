"""What-if: changes that are tried on a month, and what every customer would pay and bring then."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from rebill.model.billing_rule import BillingRuleOrder
from rebill.model.identifiers import AccountKind
from rebill.model.manual_line import NewManualLine
from rebill.model.months import BillingMonth
from rebill.model.price_book import Specification
from rebill.model.terms import Basis, CommitmentsPolicy, GuardsChange


@dataclass(frozen=True)
class WhatIf:
    """Changes to try together; ``None`` or empty = as it is.

    ``customer_id``: whom terms, books and accounts concern; ``None`` = every customer. ``partner_guards`` concern all
    that have none of their own. A book is a recorded one, one that ``specification`` says, or a ``markup_percent`` over
    everything; it prices all accounts or ``owner_ids``; with ``replaced_book_id`` it stands wherever that book prices.
    ``azure_customers``, ``subscriptions``, and of charges that name neither ``commitment_ids`` and ``charge_kinds``,
    are the customer's from ``from_day`` on, or with ``to_nobody`` nobody's. ``rule`` is put in, ``without_rule_ids``
    are taken away. ``manual_line`` is entered, ``without_manual_line_ids`` are withdrawn.
    """

    month: BillingMonth
    customer_id: int | None = None
    basis: Basis | None = None
    commitments: CommitmentsPolicy | None = None
    fallback_markup_percent: Decimal | None = None
    billing_enabled: bool | None = None
    cap_at_list: bool | None = None
    floor_at_cost: bool | None = None
    margin_floor_percent: Decimal | None = None
    home_currency: str | None = None
    partner_guards: GuardsChange = field(default=GuardsChange())
    markup_percent: Decimal | None = None
    price_book_id: int | None = None
    specification: Specification | None = None
    replaced_book_id: int | None = None
    owner_ids: tuple[str, ...] = ()
    azure_customers: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    commitment_ids: tuple[str, ...] = ()
    charge_kinds: tuple[str, ...] = ()
    from_day: date | None = None
    to_nobody: bool = False
    rule: BillingRuleOrder | None = None
    without_rule_ids: tuple[int, ...] = ()
    manual_line: NewManualLine | None = None
    without_manual_line_ids: tuple[int, ...] = ()

    @property
    def accounts(self) -> tuple[tuple[AccountKind, tuple[str, ...]], ...]:
        """The accounts that would be the customer's, by kind."""
        return (
            (AccountKind.AZURE_CUSTOMER, self.azure_customers),
            (AccountKind.SUBSCRIPTION, self.subscriptions),
            (AccountKind.COMMITMENT, self.commitment_ids),
            (AccountKind.CHARGE_KIND, self.charge_kinds),
        )

    @property
    def owner_id(self) -> int | None:
        """Whose the accounts would be."""
        return None if self.to_nobody else self.customer_id

    @property
    def moves_accounts(self) -> bool:
        return any(identifiers for _, identifiers in self.accounts)

    @property
    def book_count(self) -> int:
        """How many books are given, of which one can be tried."""
        return sum(one is not None for one in (self.markup_percent, self.price_book_id, self.specification))

    @property
    def changes_terms(self) -> bool:
        terms = (self.basis, self.commitments, self.fallback_markup_percent, self.billing_enabled)
        guards = (self.cap_at_list, self.floor_at_cost, self.margin_floor_percent)
        return any(one is not None for one in (*terms, *guards, self.home_currency))

    @property
    def changes_something(self) -> bool:
        rules = self.rule is not None or bool(self.without_rule_ids)
        entries = self.manual_line is not None or bool(self.without_manual_line_ids)
        others = rules or entries or bool(self.partner_guards.given)
        return self.changes_terms or self.book_count > 0 or self.moves_accounts or others


@dataclass(frozen=True)
class Expected:
    """What a customer's month comes to: ``price`` shown, ``cost`` exact."""

    price: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)

    @property
    def margin(self) -> Decimal:
        return self.price - self.cost


@dataclass(frozen=True)
class WhatIfRow:
    """A customer's month, or the total of a currency (``customer_id`` is ``None``): as it is, and as it would be."""

    customer_id: int | None
    customer_name: str
    currency: str
    now: Expected
    then: Expected


@dataclass(frozen=True)
class WhatIfService:
    """A service whose price would be another; exact amounts."""

    customer_id: int
    currency: str
    service: str | None
    now: Decimal
    then: Decimal
