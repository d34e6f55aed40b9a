"""Random years of one customer: entries, runs, finalizing, corrections, voids, against a ledger kept by hand."""

import random
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from rebill.model.closing import LateCost
from rebill.model.errors import Conflict
from rebill.model.manual_line import ManualLine, NewManualLine
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.model.statement import StatementFilter, StatementStatus
from rebill.services.acting.installation import Installation
from rebill.services.billing.closing_act import IssuedClosing
from rebill.services.billing.read_statements import every_statement
from rebill.services.costs.enter_manual_line import enter_manual_line
from rebill.services.costs.withdraw_manual_line import withdraw_manual_line
from tests.conftest import SettableClock
from tests.services.accountant import NOW_IN_DECEMBER, Accountant
from tests.services.slow_ledger import Issued, SlowLedger, SlowMonth

MONTHS = {str(month): month for month in (BillingMonth(2024, number) for number in (8, 9, 10, 11))}
ACTS = (
    "enter",
    "enter",
    "withdraw",
    "run",
    "run",
    "run",
    "finalize",
    "finalize",
    "correct",
    "correct",
    "void",
    "late cost",
)
STEPS = 90


class Story:
    """The same acts by rebill and by hand."""

    def __init__(self, accountant: Accountant, seed: int) -> None:
        self.accountant = accountant
        self.random = random.Random(seed)
        self.slow = SlowLedger({name: SlowMonth() for name in MONTHS})
        self.customer_id = accountant.customer("First", carry_forward=True)
        self.entries: dict[int, ManualLine] = {}
        self.told: list[str] = []

    def step(self) -> None:
        act, month = self.random.choice(ACTS), self.random.choice(list(MONTHS))
        self.told.append(f"{act} {month}")
        if act == "enter":
            self._enter(month)
        elif act == "withdraw":
            self._withdraw()
        elif act == "run":
            self.accountant.run(MONTHS[month])
            self.slow.run(month)
        elif act == "late cost":
            self.slow.late_cost = self.random.choice(("note", "next"))
            self.accountant.settle(late_cost=LateCost(self.slow.late_cost))
        else:
            wanted = getattr(self.slow, act)(month)
            assert self._issued(act, MONTHS[month]) == wanted, self.told
        assert self._estimated() == self.slow.estimated(), self.told

    def _enter(self, month: str) -> None:
        amount = Decimal(self.random.randint(-30_000, 30_000)).scaleb(-3)
        new = NewManualLine(self.customer_id, MONTHS[month], amount or Decimal("0.005"), "Entered")
        line = enter_manual_line(self.accountant.installation, self.accountant.caller, new)
        self.entries[line.manual_line_id] = line
        self.slow.enter(month, line.manual_line_id, line.entered.amount)

    def _withdraw(self) -> None:
        if not self.entries:
            return
        line = self.entries.pop(self.random.choice(list(self.entries)))
        withdraw_manual_line(self.accountant.installation, self.accountant.caller, line.manual_line_id)
        self.slow.withdraw(str(line.entered.month), line.manual_line_id)

    def _issued(self, act: str, month: BillingMonth) -> Issued | None:
        """What rebill issues; ``None`` where it refuses."""
        try:
            return [
                (
                    record.document.kind.value,
                    record.statement.total_minor_units,
                    self.accountant.whole(record.statement_id).statement.carried_minor_units,
                )
                for record in self._closing(act, month).documents
            ]
        except Conflict:
            return None

    def _closing(self, act: str, month: BillingMonth) -> IssuedClosing:
        if act == "finalize":
            return self.accountant.finalize(month)
        if act == "correct":
            return self.accountant.correct(month)
        return self.accountant.void(self._standing(month))

    def _standing(self, month: BillingMonth) -> int:
        """The last statement issued for a month: one that was voided is refused."""
        wanted = StatementFilter(month=month, status=StatementStatus.FINAL)
        found = list(every_statement(self.accountant.installation, self.accountant.caller, wanted))
        last = max(found, key=lambda record: record.document.edition, default=None)
        if last is None:
            raise Conflict("not_issued", "Nothing is issued.")
        return last.statement_id

    def _estimated(self) -> list[int]:
        wanted = StatementFilter(status=StatementStatus.ESTIMATED)
        found = list(every_statement(self.accountant.installation, self.accountant.caller, wanted))
        return [
            record.statement.total_minor_units for record in sorted(found, key=lambda one: str(one.statement.month))
        ]

    def settle(self) -> tuple[Decimal, Decimal]:
        """Issue and correct every month; answers what was issued, before carry lines, and what the months are."""
        self.slow.late_cost = "note"
        self.accountant.settle(late_cost=LateCost.NOTE)
        for name, month in MONTHS.items():
            for act in ("finalize", "correct"):
                self.accountant.run(month)
                self.slow.run(name)
                assert self._issued(act, month) == getattr(self.slow, act)(name), self.told
        months = self.slow.months.values()
        documents = every_statement(
            self.accountant.installation, self.accountant.caller, StatementFilter(with_notes=True)
        )
        whole = [self.accountant.whole(record.statement_id).statement for record in documents]
        cents = [sum(one.entries.values(), Decimal(0)).quantize(Decimal("0.01"), ROUND_HALF_UP) for one in months]
        moved = sum(statement.carried_minor_units for statement in whole)
        assert moved == self.slow.credit
        owed = sum(statement.total_minor_units for statement in whole) - moved
        return Decimal(owed).scaleb(-2), sum(cents, Decimal(0))


@pytest.mark.parametrize("seed", range(4))
def test_no_credit_is_lost_or_doubled_however_acts_follow_one_another(
    installation: Installation, partner: Caller, tmp_path: Path, clock: SettableClock, seed: int
) -> None:
    clock.now = NOW_IN_DECEMBER
    story = Story(Accountant(installation, partner, tmp_path), seed)
    for _ in range(STEPS):
        story.step()
    issued, wanted = story.settle()
    assert issued == wanted, story.told
