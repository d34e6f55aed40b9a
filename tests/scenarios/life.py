"""The life of bills put on the stage: several months of cost, and what is done with them act by act (``acts.csv``)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.money import text_of_minor_units
from rebill.model.months import BillingMonth
from rebill.model.statement import StatementFilter
from rebill.model.terms import Basis
from rebill.services.billing.read_statements import every_statement, get_statement
from rebill.services.parties.change_customer import change_customer
from rebill.services.proof.verify_statements import verify_month
from rebill.store.statements import StatementRecord
from tests.scenarios.stage import Row, Stage, charge_of, plain, rows_of
from tests.services.accountant import Accountant

_INVOICES: Final = ("InvoiceId", "x_PreviousInvoiceId")


@dataclass
class Life:
    """One scenario of one partner whose bills are issued, corrected and taken back."""

    folder: Path
    accountant: Accountant

    def play(self) -> None:
        """Make the customers, and do every act in turn; accounts are assigned once cost names them."""
        stage = Stage(self.folder, self.accountant)
        stage.add_customers()
        acts: dict[str, Callable[[Row], object]] = {
            "deliver": self._deliver,
            "run": lambda row: self.accountant.run(BillingMonth.parse(row["month"])),
            "finalize": lambda row: self.accountant.finalize(*self._month_and_customer(row)),
            "correct": lambda row: self.accountant.correct(*self._month_and_customer(row), row["reason"]),
            "void": lambda row: self.accountant.void(self.accountant.statement_id(row["what"]), row["reason"]),
            "basis": self._basis,
        }
        for number, row in enumerate(rows_of(self.folder, "acts.csv")):
            acts[row["act"]](row)
            if number == 0:
                stage.add_accounts()

    def _deliver(self, row: Row) -> None:
        month = BillingMonth.parse(row["month"])
        billed = {"BillingPeriodStart": f"{month}-01T00:00:00Z", "BillingPeriodEnd": f"{month.following}-01T00:00:00Z"}
        charges = [{**dict.fromkeys(_INVOICES, ""), **charge_of(one)} for one in rows_of(self.folder, row["what"])]
        self.accountant.deliver(month, *({**one, **billed} for one in charges))

    def _month_and_customer(self, row: Row) -> tuple[BillingMonth, int | None]:
        customer = self.accountant.customers.get(row["customer"])
        return BillingMonth.parse(row["month"]), None if customer is None else customer.customer_id

    def _basis(self, row: Row) -> None:
        month, customer_id = self._month_and_customer(row)
        assert customer_id is not None
        change = CustomerChange(terms=TermsChange(basis=Basis(row["what"]), from_month=month))
        change_customer(self.accountant.installation, self.accountant.caller, customer_id, change)

    def _records(self) -> list[StatementRecord]:
        found = every_statement(self.accountant.installation, self.accountant.caller, StatementFilter(with_notes=True))
        return sorted(found, key=lambda record: record.document.invoice_id)

    def documents(self) -> Iterator[Row]:
        """Every document, by number, in the columns of ``documents.csv``."""
        records = self._records()
        numbers = {record.statement_id: record.document.invoice_id for record in records}
        for record in records:
            statement, document = record.statement, record.document
            yield {
                "number": document.invoice_id,
                "customer": record.customer_name,
                "month": str(statement.month),
                "type": document.type_of(statement.total_minor_units).value,
                "corrects": "" if document.corrects_id is None else numbers[document.corrects_id],
                "total": statement.price_text,
                "currency": statement.currency,
                "margin": plain(statement.margin),
            }

    def lines(self) -> Iterator[Row]:
        """Every line of every document, in the columns of ``lines.csv``."""
        for record in self._records():
            statement = get_statement(
                self.accountant.installation, self.accountant.caller, record.statement_id
            ).statement
            for shown in statement.shown_lines:
                priced = shown.line.priced
                yield {
                    "document": record.document.invoice_id,
                    "kind": priced.kind.value,
                    "service": priced.service or "",
                    "category": priced.charge_category or "",
                    "exact": plain(priced.exact_amount),
                    "shown": text_of_minor_units(shown.line.amount_minor_units, statement.minor_digits),
                    "correction_of": "" if shown.corrects is None else str(shown.corrects),
                }

    def differences(self) -> list[str]:
        """What computing every month again from what its runs recorded says otherwise than its documents."""
        months = {record.statement.month for record in self._records()}
        found = [verify_month(self.accountant.installation, self.accountant.caller, month) for month in sorted(months)]
        return [one.difference for month in found for one in month.verifications if one.difference]
