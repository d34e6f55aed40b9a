"""Steps that stories of closing are told in: a charge, a run, an act, and what the customer got."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rebill.model.closing import ClosingAct, ClosingOrder, ClosingSettings
from rebill.model.customer import Customer
from rebill.model.errors import Conflict
from rebill.model.money import text_of_minor_units
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.model.statement import LineKind, ShownLine, StatementFilter
from rebill.services.acting.installation import Installation
from rebill.services.billing.closing_act import IssuedClosing
from rebill.services.billing.correct_month import correct_month
from rebill.services.billing.finalize_month import finalize_month
from rebill.services.billing.read_statements import every_statement, get_statement
from rebill.services.billing.run_bill import BillRun, run_bill
from rebill.services.billing.void_statement import void_statement
from rebill.services.keeping.initialise import create_partner
from rebill.store.closing import store_closing_settings
from rebill.store.scope import Scope
from rebill.store.statements import StatementRecord
from tests.beginnings import Beginnings
from tests.services.months import SEPTEMBER, Month, charge
from tests.services.steps import assign, listed

NOW_IN_DECEMBER = datetime(2024, 12, 10, 12, tzinfo=UTC)
AUGUST, OCTOBER, NOVEMBER, DECEMBER = (BillingMonth(2024, month) for month in (8, 10, 11, 12))


def cost(month: BillingMonth, amount: str, subscription: str = "s-1", **columns: str) -> dict[str, str]:
    """A charge of ``amount``, at cost and at list, of the month's second day, billed in the month."""
    billed = {"BillingPeriodStart": f"{month}-01T00:00:00Z", "BillingPeriodEnd": f"{month.following}-01T00:00:00Z"}
    return charge(f"{month}-02", amount, amount, **{"SubAccountId": subscription, **billed, **columns})


@dataclass
class Accountant(Month):
    """A partner's months in the hands of the one who closes them. Deliveries of a month replace one another."""

    deliveries: int = 0

    def deliver(self, month: BillingMonth, *charges: dict[str, str], scope: str = "export") -> None:
        """Microsoft delivers the month's cost, instead of what it delivered before."""
        self.deliveries += 1
        self.cost(*charges, scope=scope, name=f"cost-{month}-{self.deliveries}.csv")

    def run(self, month: BillingMonth = SEPTEMBER, customer_id: int | None = None) -> BillRun:
        return run_bill(self.installation, self.caller, month, customer_id)

    def finalize(
        self, month: BillingMonth = SEPTEMBER, customer_id: int | None = None, override: str = ""
    ) -> IssuedClosing:
        order = ClosingOrder(ClosingAct.FINALIZE, month, customer_id, override)
        return finalize_month(self.installation, self.caller, order)

    def correct(
        self, month: BillingMonth = SEPTEMBER, customer_id: int | None = None, reason: str = "Late cost"
    ) -> IssuedClosing:
        return correct_month(
            self.installation, self.caller, ClosingOrder(ClosingAct.CORRECT, month, customer_id, reason)
        )

    def void(self, statement_id: int, reason: str = "Wrong address") -> IssuedClosing:
        return void_statement(self.installation, self.caller, statement_id, reason)

    def statement_id(self, number: str) -> int:
        """The id of the document with this number."""
        wanted = StatementFilter(with_notes=True)
        found = every_statement(self.installation, self.caller, wanted)
        return next(record.statement_id for record in found if record.document.invoice_id == number)

    def lines(self, number: str) -> list[str]:
        """The lines of the document with this number: ``n service exact shown`` or ``n kind description shown``."""
        statement = self.whole(self.statement_id(number)).statement
        return [_told_line(shown, statement.minor_digits) for shown in statement.shown_lines]

    def settle(self, **settings: object) -> None:
        """The partner's rules for closing are these."""
        with self.installation.database.writing() as connection:
            store_closing_settings(Scope.of(connection, self.caller), ClosingSettings(**settings))  # type: ignore[arg-type]  # names are those of ClosingSettings

    def documents(self, month: BillingMonth | None = None) -> list[str]:
        """Every document: ``customer: type number status total currency``, in order of customer and creation."""
        wanted = StatementFilter(month=month, with_notes=True)
        records = sorted(
            every_statement(self.installation, self.caller, wanted),
            key=lambda record: (record.customer_name, record.statement.month, record.document.invoice_id),
        )
        return [told(record) for record in records]

    def whole(self, statement_id: int) -> StatementRecord:
        return get_statement(self.installation, self.caller, statement_id)


def issued_under_tenant(accountant: Accountant, tenant: str, subscription: str, **columns: str) -> None:
    """September is issued to First, who has a tenant, with 10 for a subscription under it that nobody has itself."""
    listed(accountant.installation, accountant.caller, tenant, partial=True)
    first = accountant.customer("First")
    charge_of_tenant = cost(SEPTEMBER, "10", subscription, x_CustomerId=tenant, **columns)
    accountant.deliver(SEPTEMBER, charge_of_tenant, scope="of the tenant")
    assign(accountant.installation, accountant.caller, first, tenant)
    accountant.run()
    accountant.finalize(customer_id=first, override="The rest is not billed")


def told(record: StatementRecord) -> str:
    statement = record.statement
    of_type = record.document.type_of(statement.total_minor_units)
    number = record.document.invoice_id or "-"
    total = f"{statement.price_text} {statement.currency}"
    return f"{record.customer_name}: {of_type} {number} {statement.status.value} {total}"


def _told_line(shown: ShownLine, digits: int) -> str:
    priced, amount = shown.line.priced, text_of_minor_units(shown.line.amount_minor_units, digits)
    named = priced.service if priced.kind is LineKind.CHARGES else f"{priced.kind} {priced.description}".strip()
    block = f"correction of {shown.corrects} " if shown.corrects else ""
    return f"{shown.number} {block}{named} {priced.exact_amount.normalize():f} {amount}"


def refused(conflict: Conflict) -> tuple[str, set[str]]:
    """A refusal's code and the fields it names."""
    return conflict.code, set(conflict.fields)


def begun(
    beginnings: Beginnings, installation: Installation, folder: Path, name: str, build: Callable[[Accountant], None]
) -> Accountant:
    """The administrator of a first partner, whose record and home hold what ``build`` makes of them.

    It is made once in a process for each store, and copied after; ``name``: of what is made, no other's.
    """

    def made() -> tuple[Caller, Mapping[str, Customer], int]:
        partner = Caller(create_partner(installation, "First Partner").partner_id, Role.ADMIN)
        accountant = Accountant(installation, partner, folder)
        build(accountant)
        return partner, accountant.customers, accountant.deliveries

    caller, customers, deliveries = beginnings.begin(name, installation, made)
    return Accountant(installation, caller, folder, dict(customers), deliveries)
