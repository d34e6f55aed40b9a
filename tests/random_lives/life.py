"""Some months of a partner by chance: cost, owners, terms and acts of closing, in an order that nobody chose."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from rebill.model.assignment import AssignmentOrder
from rebill.model.closing import LateCost
from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.document import DocumentKind
from rebill.model.errors import Conflict, Invalid
from rebill.model.identifiers import AccountKind
from rebill.model.manual_line import NewManualLine
from rebill.model.months import BillingMonth
from rebill.model.statement import StatementFilter, StatementStatus
from rebill.model.terms import Basis, CommitmentsPolicy, LateCostTerm
from rebill.services.billing.read_statements import every_statement
from rebill.services.costs.enter_manual_line import enter_manual_line
from rebill.services.costs.withdraw_manual_line import withdraw_manual_line
from rebill.services.parties.assign_accounts import move_accounts
from rebill.services.parties.change_customer import change_customer
from tests.conftest import SettableClock
from tests.random_lives.charges import (
    SUBSCRIPTIONS,
    Entered,
    Owned,
    RandomCharge,
    made_rich,
    random_amount,
    random_charges,
    totals_by_hand,
)
from tests.random_lives.promises import Promises
from tests.random_lives.rules import RandomRules
from tests.services.accountant import AUGUST, NOVEMBER, OCTOBER, Accountant
from tests.services.months import SEPTEMBER

MONTHS = (AUGUST, SEPTEMBER, OCTOBER, NOVEMBER)
_STEPS_TO_A_MONTH = 15
_BEGINNING = date(1, 1, 1)
_ANY_AMOUNT = Decimal(10**9)


class Life:
    """A partner with three customers; each step does one act that may as well be refused.

    Of a plain life everything is at cost, so that plain sums say what must have been issued. In a ``rich`` one also
    bases, guards, billing rules, kinds of charges and refunds of other months go through each other: there the month
    is held against what its last run says, and every derivation is computed once more.
    """

    def __init__(self, accountant: Accountant, clock: SettableClock, seed: int, rich: bool) -> None:
        self.accountant = accountant
        self.clock = clock
        self.chance = Random(seed)
        self.rich = rich
        self.told: list[str] = []
        self.charges: dict[BillingMonth, list[RandomCharge]] = {}
        self.owners: dict[str, list[tuple[date, int]]] = {}
        self.entered: dict[int, Entered] = {}
        self.by_hand: dict[BillingMonth, dict[Owned, int]] = {}
        self.promises = Promises(accountant)
        self.rules = RandomRules(accountant, self.chance)
        self._acts = self._possible_acts()

    @property
    def customer_ids(self) -> list[int]:
        return [one.customer_id for one in self.accountant.customers.values()]

    def begin(self) -> None:
        """Three customers, three subscriptions, and the cost of two months."""
        for name in ("A", "B", "C"):
            carries, late = self.chance.random() < 0.5, self.chance.choice([*LateCostTerm])
            self.accountant.customer(name, basis=Basis.BILLED, carry_forward=carries, late_cost=late)
        self._settle(AUGUST)
        for month in MONTHS[:2]:
            self._deliver(month)
        for subscription in SUBSCRIPTIONS:
            customer_id = self.chance.choice(self.customer_ids)
            self.accountant.subscriptions(customer_id, subscription)
            self.owners[subscription] = [(_BEGINNING, customer_id)]

    def live(self, steps: int) -> None:
        """So many acts of months that are the longer the more, and what must hold after each; then all is set right."""
        for number in range(steps):
            month = self.chance.choice(MONTHS[: 2 + number // _STEPS_TO_A_MONTH])
            self._try(self.chance.choice(self._acts), month)
            self.clock.now += timedelta(minutes=1)
        for month in MONTHS:
            if self._try(self._run, month):
                self._try(self._correct, month)
        self.promises.proof(MONTHS)

    @property
    def tally(self) -> Counter[str]:
        """How often which act was done, and refused."""
        return Counter(" ".join(one.split()[::2]) for one in self.told)

    def _possible_acts(self) -> list[Callable[[BillingMonth], None]]:
        closing = [self._run, self._finalize, self._correct]
        acts = [self._deliver, *closing, *closing, self._void, self._move, self._enter, self._withdraw]
        acts += [self._change_terms, self._settle]
        return [*acts, *self.rules.acts, self._change_pricing] if self.rich else acts

    def _try(self, act: Callable[[BillingMonth], None], month: BillingMonth) -> bool:
        name = act.__name__.strip("_")
        try:
            act(month)
        except (Conflict, Invalid) as refusal:
            self.told.append(f"{name} {month} refused: {refusal.code}")
            return False
        self.told.append(f"{name} {month}")
        return True

    def _deliver(self, month: BillingMonth) -> None:
        found = random_charges(self.chance, month, self.charges.get(month, ()))
        rows = [one.columns(month) for one in found]
        if self.rich:
            for row in rows:
                made_rich(self.chance, month, MONTHS, row)
        self.accountant.deliver(month, *rows)
        self.charges[month] = found

    def _run(self, month: BillingMonth) -> None:
        self.accountant.run(month)
        entered = [one for one in self.entered.values() if one.month == month]
        self.by_hand[month] = totals_by_hand(self.charges.get(month, ()), self.owners, entered)

    def _finalize(self, month: BillingMonth) -> None:
        self._run(month)
        self.accountant.finalize(month, override="A life by chance")
        self.promises.after_issuing()

    def _correct(self, month: BillingMonth) -> None:
        self._run(month)
        self.accountant.correct(month)
        self.promises.after_issuing()
        if not self.rich:
            self.promises.after_correcting(month, self.by_hand[month])

    def _void(self, month: BillingMonth) -> None:
        found = [
            one.statement_id
            for one in every_statement(
                self.accountant.installation, self.accountant.caller, StatementFilter(month=month)
            )
            if one.statement.status is StatementStatus.FINAL and one.document.kind is DocumentKind.STATEMENT
        ]
        if found:
            self.accountant.void(self.chance.choice(found))
            self.promises.after_issuing()

    def _move(self, month: BillingMonth) -> None:
        subscription, customer_id = self.chance.choice(SUBSCRIPTIONS), self.chance.choice(self.customer_ids)
        day = date(month.year, month.month, self.chance.randint(1, 28))
        order = AssignmentOrder(
            AccountKind.SUBSCRIPTION, customer_id, (subscription,), effective_from=day, correct_issued=True
        )
        if not move_accounts(self.accountant.installation, self.accountant.caller, order).faults:
            before = [(first, owner) for first, owner in self.owners[subscription] if first < day]
            self.owners[subscription] = [*before, (day, customer_id)]

    def _enter(self, month: BillingMonth) -> None:
        one = Entered(month, self.chance.choice(self.customer_ids), random_amount(self.chance) or Decimal(1))
        new = NewManualLine(one.customer_id, month, one.amount, "By chance", "USD")
        kept = enter_manual_line(self.accountant.installation, self.accountant.caller, new)
        self.entered[kept.manual_line_id] = one

    def _withdraw(self, _: BillingMonth) -> None:
        if self.entered:
            line_id = self.chance.choice([*self.entered])
            withdraw_manual_line(self.accountant.installation, self.accountant.caller, line_id)
            del self.entered[line_id]

    def _change_terms(self, _: BillingMonth) -> None:
        carries, late = self.chance.random() < 0.5, self.chance.choice([*LateCostTerm])
        self._changed(TermsChange(carry_forward=carries, late_cost=late))

    def _change_pricing(self, _: BillingMonth) -> None:
        chance = self.chance
        self._changed(
            TermsChange(
                basis=chance.choice([*Basis]),
                commitments=chance.choice([*CommitmentsPolicy]),
                floor_at_cost=chance.random() < 0.5,
                cap_at_list=chance.random() < 0.5,
                margin_floor_percent=chance.choice([Decimal(0), Decimal("12.5")]),
                billing_enabled=chance.random() < 0.8,
                home_currency=chance.choice(["USD", "JPY"]),
            )
        )

    def _changed(self, terms: TermsChange) -> None:
        customer_id = self.chance.choice(self.customer_ids)
        change_customer(self.accountant.installation, self.accountant.caller, customer_id, CustomerChange(terms=terms))

    def _settle(self, _: BillingMonth) -> None:
        self.accountant.settle(late_cost=self.chance.choice([*LateCost]), unassigned_threshold=_ANY_AMOUNT)
