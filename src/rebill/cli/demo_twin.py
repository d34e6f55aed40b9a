"""The demo that needs no file: from a sync with a local twin of Microsoft to statements, with no account."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rebill.cli.bills import show_balance
from rebill.cli.demo_story import require
from rebill.cli.output import Output
from rebill.cli.statements import show_statements
from rebill.cli.syncing import sync_document
from rebill.model.assignment import AssignmentOrder
from rebill.model.customer import NewCustomer
from rebill.model.identifiers import AccountKind
from rebill.model.money import ZERO
from rebill.model.months import BillingMonth
from rebill.model.sync import SyncOutcome
from rebill.model.terms import Basis
from rebill.services.acting.installation import system_clock, today_of
from rebill.services.billing.run_bill import run_bill
from rebill.services.keeping.initialise import find_partner, initialise
from rebill.services.parties.assign_accounts import assign_accounts
from rebill.services.parties.create_customer import create_customer
from rebill.services.syncing.sync import sync
from rebill.settings import MicrosoftSettings, Settings
from rebill.wiring import open_installation

if TYPE_CHECKING:
    from rebill.model.party import Caller
    from rebill.services.acting.installation import Installation
    from rebill.twin.world import TwinWorld

_PARTNER = "Twin Partner"
_MARKUP = "10"


def tell_of_twin(home: Path, output: Output) -> None:
    """Sync with a twin that runs as long as this does, make its tenants customers, and bill the month it invoiced."""
    from rebill.twin.server import running_twin
    from rebill.twin.world import TwinWorld

    month = BillingMonth.of(today_of(system_clock())).preceding
    world = TwinWorld(month=month)
    with running_twin(world) as twin:
        output.say(f"A twin of Microsoft serves {len(world.customers)} made-up tenants on {twin.url}.")
        microsoft = MicrosoftSettings.from_environment(twin.environment)
        installation = open_installation(replace(Settings.from_environment({}, home), microsoft=microsoft))
        try:
            _tell(installation, world, home, output)
        finally:
            installation.close()


def _tell(installation: Installation, world: TwinWorld, home: Path, output: Output) -> None:
    initialise(installation, _PARTNER)
    caller = find_partner(installation, _PARTNER)
    with output.working("Syncing with the twin"):
        records = sync(installation, caller, lambda part, done, total: None)
    require(all(one.outcome is SyncOutcome.DONE for one in records), "everything was synced")
    for record in records:
        output.say(f"sync: {record.part}: {record.result.told}")
    _make_customers(installation, caller, world)
    output.say(f"customers: {len(world.customers)}, each with its tenant, billed at cost + {_MARKUP} %")
    run = run_bill(installation, caller, world.month)
    (balance,) = run.balance
    require(balance.difference == ZERO, "the balance has no difference")
    require(len(run.statements) == len(world.customers), "every customer has a statement")
    show_statements(output, sorted(run.statements, key=lambda record: record.customer_name))
    show_balance(output, run.balance)
    output.answer(
        {
            "home": str(home),
            "period": str(world.month),
            "syncs": [sync_document(record) for record in records],
            "statements": [
                {"customer": one.customer_name, "price": one.statement.price_text, "currency": one.statement.currency}
                for one in run.statements
            ],
        }
    )
    output.next_step(
        f"REBILL_HOME={home} rebill statements list shows them again; docs/microsoft.md says how to sync from your own "
        "account."
    )


def _make_customers(installation: Installation, caller: Caller, world: TwinWorld) -> None:
    from decimal import Decimal

    for tenant in world.customers:
        new = NewCustomer(tenant.name, billing_enabled=True, basis=Basis.BILLED, markup_percent=Decimal(_MARKUP))
        made = create_customer(installation, caller, new)
        order = AssignmentOrder(AccountKind.AZURE_CUSTOMER, made.customer_id, (tenant.tenant_id,))
        require(not assign_accounts(installation, caller, order).faults, f"{tenant.name} has its tenant")
