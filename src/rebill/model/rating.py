"""What a month is rated from, and what comes out: the values that pass into and out of ``rating``."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum
from functools import cached_property

from rebill.model.billing_rule import RuleInForce
from rebill.model.identifiers import AccountKind
from rebill.model.manual_line import ManualLine
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.passed_over import RatePassedOver
from rebill.model.price_book import AccountBook, RecordedBook
from rebill.model.statement import Balance, PricedLine
from rebill.model.terms import CustomerTerms


class BaseKind(IntEnum):
    """What a rated line's price was computed from; stored with every rated line as its number."""

    NOT_BILLED = 0
    """No statement bears the line: its account is unassigned, or its customer's billing is off."""
    LIST = 1
    """``ListCost``, Microsoft's retail."""
    BILLED = 2
    """``BilledCost``."""
    BASE_FALLBACK = 3
    """``BilledCost``, because list is absent, or 0 while billed is not."""
    EFFECTIVE = 4
    """``EffectiveCost`` of a commitment's covered or unused usage."""
    RETAIL = 5
    """``ListCost`` of a commitment's covered usage."""
    NO_RETAIL = 6
    """Retail is wanted but absent or 0: priced 0, and it blocks finalizing."""
    NO_EFFECTIVE = 7
    """The amortized cost is wanted but absent: priced 0, and it blocks finalizing."""
    NOT_CHARGED = 8
    """The customer's commitments policy charges nothing for it."""
    INPUT_TAX = 9
    """The partner's input tax: priced 0, outside every margin."""
    FIXED_RATE = 10
    """The quantity: a rule of the price book prices each unit."""
    SUPPORT_RULE = 11
    """Nothing, or ``ListCost``: a support rule prices the line."""


class Attention(StrEnum):
    """What a person must look at before a month is finalized; each is a number of rated lines."""

    NO_RETAIL = "no_retail"
    """Priced 0 because the retail that the customer's policy wants is absent or 0."""
    NO_EFFECTIVE = "no_effective"
    """Priced 0 because the amortized cost that the customer's policy wants is absent."""
    SPANS_TRANSFER = "spans_transfer"
    """Usage of more than a day that crosses a change of owner: it belongs whole to the owner on its first day."""


class Guard(IntEnum):
    """What held a line's price within bounds; stored with rated lines as its number, where any guard is set."""

    NONE = 0
    CAP_AT_LIST = 1
    """It would have been above list."""
    FLOOR_AT_COST = 2
    """It would have been below the line's statement cost."""
    MARGIN_FLOOR = 3
    """It would have left less than the least margin."""


class CommitmentRole(StrEnum):
    """A charge's part in a commitment (a reservation or savings plan)."""

    NONE = "none"
    PURCHASE = "purchase"
    USED = "used"
    UNUSED = "unused"


@dataclass(frozen=True)
class AccountBinding:
    """An assignment as rating sees it: charge days from ``effective_from`` up to, not including, ``effective_to``."""

    kind: AccountKind
    account_key: str
    customer_id: int
    effective_from: date | None
    effective_to: date | None


@dataclass(frozen=True)
class RefundRules:
    """What priced the charges of another month, by which refunds are priced that name one of its ``invoices``.

    The rest as of ``RatingInputs``, as it stood in that ``month``.
    """

    month: BillingMonth
    invoices: tuple[str, ...]
    terms: tuple[CustomerTerms, ...]
    books: tuple[RecordedBook, ...] = ()
    account_books: tuple[AccountBook, ...] = ()
    billing_rules: tuple[RuleInForce, ...] = ()


@dataclass(frozen=True)
class RatingInputs:
    """Everything a month is priced by, as it stood when the run began.

    ``account_books`` name their books by id, each account of a customer at most once; ``books`` are those, in
    order of their ids. A customer without terms is not billed. ``bill_input_tax``: the partner cannot reclaim its
    input tax. ``home_currency``: the partner's, of fixed rates that name none, and of customers that have no other.
    ``billing_rules`` act in the month, in order of their ids; no fee falls on ``departed`` customers, who were deleted
    before it began. ``manual_lines`` by entry number. ``refund_rules``: of each earlier month whose charges this month
    takes back.
    """

    month: BillingMonth
    home_currency: str
    bindings: tuple[AccountBinding, ...]
    terms: tuple[CustomerTerms, ...]
    books: tuple[RecordedBook, ...] = ()
    account_books: tuple[AccountBook, ...] = ()
    bill_input_tax: bool = False
    billing_rules: tuple[RuleInForce, ...] = ()
    departed: tuple[int, ...] = ()
    manual_lines: tuple[ManualLine, ...] = ()
    refund_rules: tuple[RefundRules, ...] = ()

    def home_currency_of(self, customer_id: int) -> str:
        """The currency of a customer's fees and entries that name none."""
        return self._home_currencies.get(customer_id, self.home_currency)

    @cached_property
    def _home_currencies(self) -> dict[int, str]:
        return {terms.customer_id: terms.home_currency for terms in self.terms if terms.home_currency is not None}

    @property
    def home_currencies(self) -> set[str]:
        """Those of all customers."""
        return {self.home_currency, *self._home_currencies.values()}

    def pricing(self, customer_id: int, rules_month: str | None) -> "RatingInputs":
        """These inputs as they price a customer's charges, or its refunds of charges of ``rules_month``.

        What the customer was not billed for then was priced by nothing: refunds of it are priced as of this month.
        """
        rules = next((one for one in self.refund_rules if str(one.month) == rules_month), None)
        if rules is None or not any(one.customer_id == customer_id and one.billing_enabled for one in rules.terms):
            return self
        return replace(
            self,
            terms=rules.terms,
            books=rules.books,
            account_books=rules.account_books,
            billing_rules=rules.billing_rules,
        )


@dataclass(frozen=True)
class CustomerLines:
    """A customer's priced lines of a month in one currency, and their statement cost, exact."""

    customer_id: int
    currency: str
    lines: tuple[PricedLine, ...]
    statement_cost: Decimal = ZERO


@dataclass(frozen=True)
class RatedMonth:
    """The outcome of rating a month: lines by customer and currency, the balance, what needs attention.

    ``line_count``: cost lines rated. ``attention``: how many lines need which; none are left out. ``passed_over``: the
    fixed rates that do not price lines which their rules are for.
    """

    customers: tuple[CustomerLines, ...]
    balance: tuple[Balance, ...]
    line_count: int
    attention: tuple[tuple[Attention, int], ...] = ()
    passed_over: tuple[RatePassedOver, ...] = ()
