"""A partner's documents kept by hand: the page on closing read sentence by sentence, sharing no code with rebill.

One customer, one currency of two digits, whose credit is carried forward. Amounts of documents are in cents. An act
answers what it issues, or ``None`` where it must be refused.
"""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

Issued = list[tuple[str, int, int]]
"""Documents: what it is, its total, and its carry line."""


@dataclass
class SlowMonth:
    """A month of the ledger.

    ``entries``: exact amounts by entry; ``run_with``: those of the last run. ``computed``: cents by the last run since
    the month was issued, ``None``: no line. ``issued``: cents of all that stands issued for it, ``None``: nothing does.
    """

    entries: dict[int, Decimal] = field(default_factory=dict)
    run_with: dict[int, Decimal] | None = None
    was_run_since_issued: bool = False
    computed: int | None = None
    issued: int | None = None
    waiting: int = 0

    @property
    def is_fresh(self) -> bool:
        """Whether what is in force is what was run."""
        return self.run_with == self.entries


@dataclass
class SlowLedger:
    """``credit``: cents that issued documents carried and none took up. ``late_cost``: ``note`` or ``next``."""

    months: dict[str, SlowMonth]
    credit: int = 0
    late_cost: str = "note"

    def enter(self, month: str, entry: int, amount: Decimal) -> None:
        self.months[month].entries[entry] = amount

    def withdraw(self, month: str, entry: int) -> None:
        del self.months[month].entries[entry]

    def run(self, month: str) -> None:
        one = self.months[month]
        total = sum(one.entries.values(), Decimal(0)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        one.computed = int(total * 100) if one.entries else None
        one.run_with, one.was_run_since_issued = dict(one.entries), True

    def finalize(self, month: str) -> Issued | None:
        one = self.months[month]
        if not one.is_fresh or one.issued is not None or one.computed is None:
            return None
        earlier = [one for name, one in self.months.items() if name < month]
        if any(self._waits(one) or (one.entries and one.run_with is None) for one in earlier):
            return None
        total = one.computed + self._take_blocks()
        carry = self._carry(total)
        one.issued, one.computed, one.was_run_since_issued = one.computed, None, False
        return [("statement", total + carry, carry)]

    def correct(self, month: str) -> Issued | None:
        one = self.months[month]
        if not one.is_fresh:
            return None
        if one.issued is None or not one.was_run_since_issued:
            return []
        difference = (one.computed or 0) - one.issued
        one.waiting = 0
        if self.late_cost == "next":
            one.waiting = difference
            return []
        one.issued += difference
        return [("note", difference, 0)] if difference else []

    def void(self, month: str) -> Issued | None:
        one = self.months[month]
        if one.issued is None:
            return None
        taken_back, one.issued, one.waiting = one.issued, None, 0
        return [("note", -taken_back, 0)] if taken_back else []

    def estimated(self) -> list[int]:
        """Totals of what is not issued, in order of months, as if all were issued so."""
        credit, blocks, totals = self.credit, sum(one.waiting for one in self.months.values()), []
        for _, one in sorted(self.months.items()):
            if self._waits(one):
                total, blocks = (one.computed or 0) + blocks, 0
                carry = -total if total < 0 else -min(credit, total)
                credit += carry
                totals.append(total + carry)
        return totals

    def _waits(self, one: SlowMonth) -> bool:
        return one.issued is None and one.computed is not None

    def _take_blocks(self) -> int:
        taken = 0
        for one in self.months.values():
            if one.issued is not None:
                one.issued += one.waiting
            taken, one.waiting = taken + one.waiting, 0
        return taken

    def _carry(self, total: int) -> int:
        carry = -total if total < 0 else -min(self.credit, total)
        self.credit += carry
        return carry
