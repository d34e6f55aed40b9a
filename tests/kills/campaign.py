"""A month that is run, finalized, corrected and voided again and again, each act killed in the middle of its work."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from rebill.lake.runs import MANIFEST
from rebill.model.statement import StatementFilter, StatementStatus
from rebill.services.billing.read_statements import every_statement, get_statement
from rebill.services.keeping.verify_audit_trail import verify_audit_trail
from rebill.services.proof.verify_statements import verify_month
from rebill.store.statements import StatementRecord
from tests.kills.forked import Deed, done, killed
from tests.services.accountant import Accountant, cost
from tests.services.months import SEPTEMBER

CUSTOMERS = 8
LINES_OF_EACH = 60
VOIDS_KILLED = 2
"""Of the statements of a round: all voids are alike."""
Totals = dict[str, Decimal]


@dataclass
class Campaign:
    """Rounds of one month. ``kills``: (act, what it left: ``nothing`` or ``all``) → how often."""

    accountant: Accountant
    chance: random.Random
    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    _longest: dict[str, float] = field(default_factory=dict)

    def prepare(self) -> None:
        """Customers, each with a subscription that cost names."""
        self._deliver(1)
        for place in range(CUSTOMERS):
            self.accountant.subscriptions(self.accountant.customer(f"Customer {place}"), f"s-{place}")

    def round(self, number: int) -> None:
        """A month from its first cost to its last void; what it is after each act is known beforehand."""
        none: Totals = dict.fromkeys(self.accountant.customers, Decimal(0))
        before = self._estimated()
        first, second = self._deliver(2 * number), 2 * number + 1
        self._kill("run", lambda one: one.run(), self._estimated, before, first)
        self._kill("finalize", lambda one: one.finalize(), self._issued, none, first)
        later = self._deliver(second)
        done(self.accountant, lambda one: one.run())
        assert self._issued() == first, "a run touched what is issued"
        self._kill("correct", lambda one: one.correct(), self._issued, first, later)
        statements = list(self._statements())
        self.chance.shuffle(statements)
        for place, (customer, statement_id) in enumerate(statements):
            voided = {**later, customer: Decimal(0)}
            if place < VOIDS_KILLED:
                self._kill("void", _void(statement_id), self._issued, later, voided)
            else:
                done(self.accountant, _void(statement_id))
            later = voided
        assert self._issued() == none
        self._only_what_is_recorded()

    def _deliver(self, number: int) -> Totals:
        """New cost of the month instead of the last; what every customer's month comes to."""
        self.accountant.deliveries += 1
        amounts = {f"Customer {place}": Decimal(number * 100 + place).scaleb(-2) for place in range(CUSTOMERS)}
        charges = [
            cost(SEPTEMBER, str(amount), f"s-{place}")
            for place, amount in enumerate(amounts.values())
            for _ in range(LINES_OF_EACH)
        ]
        done(self.accountant, lambda one: one.deliver(SEPTEMBER, *charges))
        return {customer: amount * LINES_OF_EACH for customer, amount in amounts.items()}

    def _kill(self, act: str, deed: Deed, look: Callable[[], Totals], before: Totals, after: Totals) -> None:
        """Kill an act a few times; then do it to the end. Each time the month is as before it, or as after it."""
        stands = False
        for _ in range(self.chance.choice((1, 2, 3))):
            seconds = self.chance.uniform(0, self._longest.get(act, 0.2))
            was_killed = killed(self.accountant, deed, seconds)
            found = look()
            assert found in (before, after), f"half of an act ({act}) stands: {found}"
            self._settled()
            stands = found == after
            if was_killed:
                self.kills[act, "all" if stands else "nothing"] += 1
            if stands:
                break
        took = done(self.accountant, deed)
        if not stands:
            self._longest[act] = took
        assert look() == after, f"the act after a kill ({act}) did not complete"
        self._settled()

    def _records(self) -> list[StatementRecord]:
        wanted = StatementFilter(month=SEPTEMBER, with_notes=True)
        return list(every_statement(self.accountant.installation, self.accountant.caller, wanted))

    def _estimated(self) -> Totals:
        """What the Estimated statements come to; all are of one run, and the lines of each add up."""
        found = [one for one in self._records() if one.statement.status is StatementStatus.ESTIMATED]
        assert len({record.run_id for record in found}) <= 1, "statements of one month come from one run"
        for record in found:
            get_statement(self.accountant.installation, self.accountant.caller, record.statement_id)
        return {record.customer_name: Decimal(record.statement.price_text) for record in found}

    def _issued(self) -> Totals:
        """What everything issued for the month comes to."""
        sums = dict.fromkeys(self.accountant.customers, Decimal(0))
        for record in self._records():
            if record.statement.status is StatementStatus.FINAL:
                sums[record.customer_name] += Decimal(record.statement.price_text)
        return sums

    def _statements(self) -> Iterator[tuple[str, int]]:
        """The last issued statement of every customer."""
        newest: dict[str, int] = {}
        for record in sorted(self._records(), key=lambda one: one.document.invoice_id):
            if record.document.invoice_id.startswith("S"):
                newest[record.customer_name] = record.statement_id
        yield from newest.items()

    def _settled(self) -> None:
        """Every number of both series was given once, and none is missing."""
        for series in "SN":
            given = sorted(one.document.invoice_id for one in self._records() if one.document.invoice_id[:1] == series)
            assert given == [f"{series}2024-{number:06d}" for number in range(1, len(given) + 1)], given

    def _only_what_is_recorded(self) -> None:
        """What lies in the lake is what the record knows, but for what was killed since the last run."""
        done(self.accountant, lambda one: one.run())
        settings, partner_id = self.accountant.installation.settings, self.accountant.caller.partner_id
        folder = settings.lake_folder / str(partner_id) / "runs" / str(SEPTEMBER)
        with self.accountant.installation.database.reading() as connection:
            recorded = {str(row.run_id) for row in connection.exec_driver_sql("SELECT run_id FROM runs")}
        assert {found.name for found in folder.iterdir()} == recorded
        assert all((found / MANIFEST).is_file() for found in folder.iterdir())

    def prove(self) -> None:
        """Every document of the month is what its run recorded, and the audit trail is whole."""
        done(self.accountant, _verify)


def _void(statement_id: int) -> Deed:
    return lambda one: one.void(statement_id)


def _verify(accountant: Accountant) -> None:
    month = verify_month(accountant.installation, accountant.caller, SEPTEMBER)
    assert month.is_equal, [found.difference for found in month.verifications if found.difference] or month.missing
    trail = verify_audit_trail(accountant.installation, accountant.caller)
    assert not trail.faults, trail.faults
