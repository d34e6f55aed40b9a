"""Steps that scenarios are told in: a catalogue, a customer, an act, and who has what."""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from rebill.model.assignment import AccountEntry, AccountFault, AssignmentOrder, AssignmentOutcome
from rebill.model.callers import ApiKey
from rebill.model.customer import NewCustomer
from rebill.model.identifiers import AccountKind
from rebill.model.listing import Page
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.callers.keys import list_keys
from rebill.services.parties.assign_accounts import assign_accounts, move_accounts
from rebill.services.parties.catalogue import CatalogueImport, import_catalogue
from rebill.services.parties.create_customer import create_customer
from rebill.services.parties.list_assignments import list_assignments
from rebill.services.parties.remove_accounts import remove_accounts

TENANT = AccountKind.AZURE_CUSTOMER
Days = tuple[str | None, str | None]


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def listed(installation: Installation, partner: Caller, *identifiers: str, partial: bool = False) -> CatalogueImport:
    """Partner Center lists these Azure customers (named ``Name of <id>``)."""
    items = [
        {"id": one, "companyProfile": {"companyName": f"Name of {one}", "domain": f"{one}.example"}}
        for one in identifiers
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "customers.json"
        file.write_text(json.dumps({"totalCount": len(items), "items": items}))
        return import_catalogue(installation, partner, file, partial)


def customer(installation: Installation, partner: Caller, name: str) -> int:
    """A customer is created; its id."""
    return create_customer(installation, partner, NewCustomer(name)).customer_id


def order(customer_id: int, *identifiers: str, **more: object) -> AssignmentOrder:
    days = {key: day(value) if isinstance(value, str) else value for key, value in more.items()}
    return AssignmentOrder(TENANT, customer_id, identifiers, **days)  # type: ignore[arg-type] # keywords by name


def assign(installation: Installation, partner: Caller, customer_id: int, *ids: str, **more: object) -> list[str]:
    return told(assign_accounts(installation, partner, order(customer_id, *ids, **more)))


def move(installation: Installation, partner: Caller, customer_id: int, *ids: str, **more: object) -> list[str]:
    return told(move_accounts(installation, partner, order(customer_id, *ids, **more)))


def remove(installation: Installation, partner: Caller, customer_id: int, *ids: str, **more: object) -> list[str]:
    return told(remove_accounts(installation, partner, order(customer_id, *ids, **more)))


def act_on(
    installation: Installation,
    partner: Caller,
    act: Callable[[Installation, Caller, AssignmentOrder], AssignmentOutcome],
    kind: AccountKind,
    customer_id: int,
    *ids: str,
    **more: object,
) -> list[str]:
    """An act on accounts of a kind, told as lines."""
    return told(act(installation, partner, replace(order(customer_id, *ids, **more), kind=kind)))


def told(outcome: AssignmentOutcome) -> list[str]:
    """An outcome as lines: ``id: done|held back|would|would not [from, to)`` or ``id: fault``."""
    return [_line(entry, outcome.dry_run) for entry in outcome.entries]


def _line(entry: AccountEntry | AccountFault, dry_run: bool) -> str:
    if isinstance(entry, AccountFault):
        return f"{entry.identifier}: {entry.sentence}"
    word = ("would" if entry.would else "would not") if dry_run else ("done" if entry.done else "held back")
    return f"{entry.identifier}: {word} [{entry.days.first or '...'}, {entry.days.until or '...'})"


def stands(installation: Installation, partner: Caller, names: Sequence[str] | None = None) -> list[str]:
    """Every assignment that is not withdrawn, past and future: ``id: customer [from, to)``, in order of days."""
    found = list_assignments(installation, partner, TENANT, None, Page(per_page=1000), history=True).items
    ordered = sorted(found, key=lambda one: (one.identifier, one.days.first or date.min))
    return [
        f"{one.identifier}: {one.customer_name} [{one.days.first or '...'}, {one.days.until or '...'})"
        for one in ordered
        if names is None or one.identifier in names
    ]


def every_key(installation: Installation, partner: Caller) -> list[ApiKey]:
    """The partner's keys, dead ones too, in order of creation."""
    return list(list_keys(installation, partner, Page(per_page=1000)).items)
