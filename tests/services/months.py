"""Small months of cost, written as the FOCUS files a partner gets, and the acts that bill them."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

from rebill.model.assignment import AssignmentOrder
from rebill.model.customer import Customer, NewCustomer
from rebill.model.data_set import CostImport, CostImportOrder
from rebill.model.identifiers import AccountKind
from rebill.model.months import BillingMonth, parse_day
from rebill.model.party import Address, Caller
from rebill.model.statement import StatementFilter
from rebill.services.acting.installation import Installation
from rebill.services.billing.read_statements import every_statement
from rebill.services.costs.import_costs import import_costs
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.services.parties.create_customer import create_customer
from rebill.store.statements import StatementRecord

SEPTEMBER = BillingMonth(2024, 9)
ADDRESS = Address(street1="1 Main Street", city="Springfield", state="IL", zipcode="62701", country="US")

_DEFAULTS = {
    "BillingPeriodStart": "2024-09-01T00:00:00Z",
    "BillingPeriodEnd": "2024-10-01T00:00:00Z",
    "BillingCurrency": "USD",
    "ChargeCategory": "Usage",
    "ProviderName": "Microsoft",
    "PublisherName": "Microsoft",
    "InvoiceIssuerName": "Microsoft",
    "BillingAccountId": "billing-account-1",
    "BillingAccountName": "Partner",
    "ServiceName": "Virtual Machines",
    "ServiceCategory": "Compute",
    "ChargeDescription": "D2s v5",
    "ChargeClass": "",
    "PricingQuantity": "1",
    "PricingUnit": "1 Hour",
    "SubAccountId": "",
    "x_CustomerId": "",
    "CommitmentDiscountId": "",
    "CommitmentDiscountStatus": "",
}


def charge(day: str, billed: str, listed: str = "", **columns: str) -> dict[str, str]:
    """A charge of one day; ``listed`` empty = no list price; other FOCUS columns by name."""
    return {
        **_DEFAULTS,
        "ChargePeriodStart": f"{day}T00:00:00Z",
        "ChargePeriodEnd": f"{day}T23:59:59Z",
        "BilledCost": billed,
        "ListCost": listed,
        "ContractedCost": billed,
        "EffectiveCost": columns.pop("effective", billed),
        **columns,
    }


def write_focus(file: Path, charges: list[dict[str, str]]) -> Path:
    """Write charges as a FOCUS CSV file."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(charges[0]))
        writer.writeheader()
        writer.writerows(charges)
    return file


def stored(installation: Installation, caller: Caller, month: BillingMonth | None = None) -> list[StatementRecord]:
    """Every statement that ``caller`` sees, without lines."""
    return list(every_statement(installation, caller, StatementFilter(month=month)))


@dataclass
class Month:
    """One partner's month in the making: its customers, its cost, its assignments."""

    installation: Installation
    caller: Caller
    folder: Path
    customers: dict[str, Customer] = field(default_factory=dict)

    def customer(self, name: str, billing_enabled: bool = True, **terms: object) -> int:
        """A new customer with these terms (``basis``, ``commitments``, ``markup_percent``); returns its id."""
        new = NewCustomer(name, ADDRESS, billing_enabled=billing_enabled, **terms)  # type: ignore[arg-type]  # names are NewCustomer's
        self.customers[name] = create_customer(self.installation, self.caller, new)
        return self.customers[name].customer_id

    def cost(self, *charges: dict[str, str], scope: str | None = None, name: str = "cost.csv") -> CostImport:
        """Import these charges as one delivery."""
        file = write_focus(self.folder / name, list(charges))
        return import_costs(self.installation, self.caller, CostImportOrder((file,), scope=scope))

    def subscriptions(self, customer_id: int, *identifiers: str) -> None:
        """Assign subscriptions from the beginning."""
        order = AssignmentOrder(AccountKind.SUBSCRIPTION, customer_id, identifiers)
        outcome = assign_accounts(self.installation, self.caller, order)
        assert not outcome.faults

    def move(self, customer_id: int, day: str, *identifiers: str, correct_issued: bool = False) -> None:
        """Move subscriptions to a customer on ``day``."""
        order = AssignmentOrder(
            AccountKind.SUBSCRIPTION,
            customer_id,
            identifiers,
            effective_from=parse_day(day),
            correct_issued=correct_issued,
        )
        assert not move_accounts(self.installation, self.caller, order).faults
