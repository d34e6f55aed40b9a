"""The partner that the documented examples are about, on a record of its own."""

import json
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from rebill.model.closing import ClosingAct, ClosingOrder
from rebill.model.customer import NewCustomer
from rebill.model.data_set import CostImportOrder
from rebill.model.party import Address, Caller, Classification, Role
from rebill.services.acting.installation import Installation
from rebill.services.billing.finalize_month import finalize_month
from rebill.services.billing.run_bill import run_bill
from rebill.services.costs.import_costs import import_costs
from rebill.services.keeping.initialise import create_partner
from rebill.services.parties.catalogue import import_catalogue
from rebill.services.parties.create_customer import create_customer
from tests.api.client import ApiClient
from tests.api.documented.recording import Recorder
from tests.conftest import SettableClock
from tests.services.months import SEPTEMBER, charge, write_focus

ADDRESS = Address(street1="1 Main Street", city="Springfield", state="IL", zipcode="62701", country="US")
SUBSCRIPTIONS = ("6f1c2a9e-8d0b-4c55-9a53-2f0f7d1b1a11", "0b0e6a77-52a4-4c8e-8f0e-5d5c0a6b2b22")
_CATALOGUE = (
    ("ab123", "Montoya Inc", "chazureteam.onmicrosoft.com"),
    ("fgh345", "Fezzik Freight", "fezzik.onmicrosoft.com"),
    ("vzz678", "Vizzini Consulting", "vizzini.onmicrosoft.com"),
)


@dataclass(frozen=True)
class Documented:
    """A partner with two customers, a catalogue, the cost of September 2024, and that month's statements.

    ``customer_id``: "Azure Two", whose September is issued; ``neighbour_id``: "Florin Ltd".
    """

    recorder: Recorder
    installation: Installation
    partner: Caller
    customer_id: int
    neighbour_id: int


def admin_key(installation: Installation) -> tuple[Caller, str]:
    """The partner, and its first key."""
    made = create_partner(installation, "First Partner")
    assert made.api_key is not None
    return Caller(made.partner_id, Role.ADMIN), made.api_key


def documented_partner(
    installation: Installation, partner: Caller, api: ApiClient, clock: SettableClock, folder: Path
) -> Documented:
    """The partner in its first state; everything happens at a minute of its own."""
    recorder = Recorder(api, clock)

    def later() -> None:
        clock.now += timedelta(minutes=1)

    items = [{"id": one, "companyProfile": {"companyName": name, "domain": at}} for one, name, at in _CATALOGUE]
    (folder / "customers.json").write_text(json.dumps({"totalCount": len(items), "items": items[:1]}))
    for count in range(1, len(items) + 1):
        (folder / "customers.json").write_text(json.dumps({"totalCount": count, "items": items[:count]}))
        import_catalogue(installation, partner, folder / "customers.json")
        later()
    ids = []
    for name in ("Azure Two", "Florin Ltd"):
        new = NewCustomer(
            name,
            ADDRESS,
            classification=Classification.MANAGED_WITH_ACCESS,
            billing_enabled=True,
            markup_percent=Decimal(10),
        )
        ids.append(create_customer(installation, partner, new).customer_id)
        later()
    for subscription in SUBSCRIPTIONS:
        lines = [charge("2024-09-02", "80", "100", SubAccountId=subscription, PricingQuantity="720")]
        file = write_focus(folder / f"{subscription}.csv", lines)
        import_costs(installation, partner, CostImportOrder((file,), scope=subscription))
        later()
    rounding = charge("2024-09-30", "-0.01", SubAccountId="", ChargeCategory="Adjustment")
    file = write_focus(folder / "rounding.csv", [rounding])
    import_costs(installation, partner, CostImportOrder((file,), scope="rounding"))
    later()
    return Documented(recorder, installation, partner, *ids)


def bill_september(documented: Documented) -> None:
    """September is run, and what the customer has of it is issued."""
    run_bill(documented.installation, documented.partner, SEPTEMBER)
    documented.recorder.clock.now += timedelta(minutes=1)
    order = ClosingOrder(ClosingAct.FINALIZE, SEPTEMBER, documented.customer_id, "The rest is ours")
    finalize_month(documented.installation, documented.partner, order)
    documented.recorder.clock.now += timedelta(minutes=1)
