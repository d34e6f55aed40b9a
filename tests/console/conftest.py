"""A partner's month in the making, and visitors of its pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rebill.console.pages import bills
from rebill.model.customer import NewCustomer
from rebill.model.party import Caller, Classification, Role
from rebill.services.acting.installation import Installation
from rebill.services.callers.keys import create_key
from rebill.services.parties.create_customer import create_customer
from tests.beginnings import Beginnings
from tests.console.visitor import Visitor, visiting
from tests.services.accountant import begun
from tests.services.months import Month, charge

OWN, NEIGHBOURS, NOBODYS = "subscription-own", "subscription-neighbour", "subscription-nobody"


@dataclass(frozen=True)
class Office:
    """A partner with two customers and cost of September, of which one account is nobody's; nothing is run yet."""

    installation: Installation
    partner: Caller
    month: Month
    own: int
    neighbour: int

    def key(self, role: Role = Role.ADMIN, customer_id: int | None = None) -> str:
        """A new key."""
        return create_key(self.installation, self.partner, role, customer_id).api_key


@pytest.fixture
def office(installation: Installation, tmp_path: Path, beginnings: Beginnings) -> Office:
    return office_of(begun(beginnings, installation, tmp_path, "an office", office_begins))


def office_of(month: Month) -> Office:
    """The office of a month that began as ``office_begins`` says."""
    own, neighbour = (customer.customer_id for customer in month.customers.values())
    return Office(month.installation, month.caller, month, own, neighbour)


def office_begins(month: Month) -> None:
    """Make the customers, the cost and who has which account."""
    for name in ("Indigo", "Neighbour Ltd"):
        new = NewCustomer(name, classification=Classification.MANAGED_WITH_ACCESS, billing_enabled=True)
        month.customers[name] = create_customer(month.installation, month.caller, new)
    month.cost(
        charge("2024-09-03", "100", "120", SubAccountId=OWN),
        charge("2024-09-04", "10.50", "12", SubAccountId=OWN, ServiceName="Storage"),
        charge("2024-09-05", "33", "40", SubAccountId=NEIGHBOURS),
        charge("2024-09-06", "7.25", "8", SubAccountId=NOBODYS),
        scope="september",
    )
    month.subscriptions(month.customers["Indigo"].customer_id, OWN)
    month.subscriptions(month.customers["Neighbour Ltd"].customer_id, NEIGHBOURS)


@pytest.fixture
def stranger(office: Office) -> Iterator[Visitor]:
    """A visitor who has not signed in."""
    with visiting(office.installation) as visitor:
        yield visitor


@pytest.fixture
def admin(office: Office, stranger: Visitor) -> Visitor:
    """A visitor who signed in with an admin key."""
    stranger.sign_in(office.key())
    return stranger


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A visitor without scripts waits for a run to end, however busy the machine is."""
    monkeypatch.setattr(bills, "_WAITED_SECONDS", 300.0)
