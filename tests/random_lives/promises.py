"""What must hold of a partner's documents whatever was done to them, and in which order."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import func, select

from rebill.model.document import DocumentKind
from rebill.model.errors import NotFound
from rebill.model.months import BillingMonth
from rebill.model.statement import CARRY_KINDS, StatementFilter, StatementStatus
from rebill.services.billing.read_statements import every_statement, get_statement
from rebill.services.billing.read_ties import read_ties
from rebill.services.proof.diff_month import diff_month
from rebill.services.proof.explain_statement import explain_statement
from rebill.services.proof.told import explanation_document
from rebill.services.proof.verify_statements import verify_month
from rebill.store.statements import StatementRecord
from rebill.store.tables import statements
from tests.random_lives.charges import Owned
from tests.rating.calculator import computed
from tests.services.accountant import Accountant


class Promises:
    """Checks, each of which fails with what it found."""

    def __init__(self, accountant: Accountant) -> None:
        self._accountant = accountant

    def after_issuing(self) -> None:
        """Numbers are without a gap in each series, and nobody's credit was brought over twice."""
        issued = [one for one in self._documents() if one.statement.status is StatementStatus.FINAL]
        for kind in (DocumentKind.STATEMENT, DocumentKind.NOTE):
            numbers = sorted(int(one.document.invoice_id[-6:]) for one in issued if one.document.kind is kind)
            assert numbers == list(range(1, len(numbers) + 1)), numbers
        open_credit: dict[Owned, int] = defaultdict(int)
        for one in issued:
            open_credit[one.statement.customer_id, one.statement.currency] += one.statement.carried_minor_units
        assert min(open_credit.values(), default=0) >= 0, open_credit

    def after_correcting(self, month: BillingMonth, by_hand: Mapping[Owned, int]) -> None:
        """All documents and blocks of the month come to what plain sums say; what is taken back alone, to nothing."""
        issued = self._issued(month)
        standing = self._standing(month)
        for key, total in issued.items():
            wanted = by_hand.get(key, 0) if key in standing else 0
            assert total + self._waiting(month, key) == wanted, (month, key, total, wanted)

    def proof(self, months: Sequence[BillingMonth]) -> None:
        """Differences, derivations and verification of everything there is."""
        for month in months:
            self._differences_add_up(month)
            self._is_verified(month)
        for one in self._documents():
            self._is_derived(one)

    def _documents(self) -> list[StatementRecord]:
        installation, caller = self._accountant.installation, self._accountant.caller
        wanted = StatementFilter(with_notes=True)
        ids = [one.statement_id for one in every_statement(installation, caller, wanted)]
        return [get_statement(installation, caller, statement_id) for statement_id in ids]

    def _issued(self, month: BillingMonth) -> dict[Owned, int]:
        """What is issued of the month, in minor units: statements, notes and blocks, before carry lines."""
        found: dict[Owned, int] = defaultdict(int)
        for one in self._documents():
            statement = one.statement
            key = statement.customer_id, statement.currency
            if statement.status is StatementStatus.FINAL and statement.month == month:
                own = [line for line in statement.lines if line.priced.kind not in CARRY_KINDS]
                found[key] += sum(line.amount_minor_units for line in own)
            if statement.status is StatementStatus.FINAL:
                blocks = [block for block in statement.blocks if block.month == month]
                found[key] += sum(line.amount_minor_units for block in blocks for line in block.lines)
        return found

    def _standing(self, month: BillingMonth) -> set[Owned]:
        """Of whom a statement of the month is issued and not taken back."""
        installation, caller = self._accountant.installation, self._accountant.caller
        found = {
            one.statement_id: (one.statement.customer_id, one.statement.currency)
            for one in every_statement(installation, caller, StatementFilter(month=month))
            if one.statement.status is StatementStatus.FINAL and one.document.kind is DocumentKind.STATEMENT
        }
        ties = read_ties(installation, caller, [*found])
        return {key for statement_id, key in found.items() if not ties[statement_id].is_taken_back}

    def _waiting(self, month: BillingMonth, key: Owned) -> int:
        """What waits for the next statement, in minor units."""
        query = select(func.coalesce(func.sum(statements.c.total_minor_units), 0)).where(
            statements.c.document_kind == DocumentKind.BLOCK.value,
            statements.c.status == StatementStatus.ESTIMATED.value,
            statements.c.customer_id == key[0],
            statements.c.currency == key[1],
            statements.c.billing_month == str(month),
        )
        with self._accountant.installation.database.reading() as connection:
            return int(connection.scalar(query) or 0)

    def _differences_add_up(self, month: BillingMonth) -> None:
        """And where all is corrected, what stands issued differs by what waits alone."""
        try:
            found = diff_month(self._accountant.installation, self._accountant.caller, month)
        except NotFound:
            return
        standing = self._standing(month)
        for total in found.totals:
            exact = Decimal(total.after - total.before).scaleb(-total.minor_digits)
            assert sum(total.by_cause.values()) == exact, total
            key = total.customer_id, total.currency
            if found.before_run_id is None and key in standing:
                assert total.before + self._waiting(month, key) == total.after, (month, total)

    def _is_verified(self, month: BillingMonth) -> None:
        try:
            found = verify_month(self._accountant.installation, self._accountant.caller, month)
        except NotFound:
            return
        wrong = [one.difference for one in found.verifications if one.difference]
        assert not [*wrong, *found.missing], (month, wrong, found.missing)

    def _is_derived(self, one: StatementRecord) -> None:
        """Every line of the document, and its charges, by a pocket calculator."""
        for number in range(1, len([*one.statement.shown_lines]) + 1):
            explained = explain_statement(
                self._accountant.installation, self._accountant.caller, one.statement_id, number
            )
            document = explanation_document(explained)
            (line,) = document["lines"]
            assert computed(line["steps"])["shown"] == Decimal(line["amount"]), line
            for charge in line["charges"]:
                last = [step for step in charge["steps"] if "result" in step][-1]
                assert computed(charge["steps"])[last["step"]] == Decimal(charge["price"]), charge
            computed(document["steps"])
