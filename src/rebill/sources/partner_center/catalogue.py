"""The catalogue as Partner Center lists it: customers, and the Azure subscriptions under their Azure plans.

A partner of thousands of tenants takes many minutes at the pace that is allowed, so what was fetched is kept in a
folder, and a fetch that was stopped goes on there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from rebill.model.azure_plan import PlanSubscription
from rebill.model.errors import Forbidden, NotFound
from rebill.model.identifiers import AccountKind, account_key, azure_customer_key
from rebill.sources.microsoft.calls import MicrosoftCalls
from rebill.sources.partner_center.customers_answer import ListedCustomer, read_customer_pages
from rebill.sources.partner_center.links import next_link, pages
from rebill.sources.spool import Spool

Progress = Callable[[int, int], None]
"""Called with how many customers are done, of how many."""
_FIRST_PAGE: Final[Mapping[str, Any]] = {"uri": "/v1/customers?size=500", "headers": []}
_GREATEST_NAME_LENGTH: Final = 1024
_PLAN_NAME: Final = "azure plan"


@dataclass(frozen=True)
class FetchedCatalogue:
    """What Partner Center lists. ``is_complete``: as many customers as it says there are.

    ``closed_tenants``: customers whose subscriptions the partner may not read (any more). ``closed_plans``: Azure plans
    that are listed, and whose Azure subscriptions Partner Center does not tell (any more).
    """

    customers: tuple[ListedCustomer, ...]
    subscriptions: tuple[PlanSubscription, ...]
    is_complete: bool
    closed_tenants: tuple[str, ...] = ()
    closed_plans: tuple[str, ...] = ()


def fetch_catalogue(calls: MicrosoftCalls, folder: Path, progress: Progress) -> FetchedCatalogue:
    """Fetch the catalogue, going on where ``folder`` says that an earlier fetch was stopped."""
    listed = read_customer_pages(_customer_pages(calls, Spool(folder / "customers.jsonl")))
    spool = Spool(folder / "subscriptions.jsonl")
    spool.mend()
    done = {entry["customer"]: entry for entry in spool.entries()}
    for number, customer in enumerate(listed.customers):
        progress(number, len(listed.customers))
        key = azure_customer_key(customer.identifier)
        if key not in done:
            done[key] = _subscriptions_of(calls, key)
            spool.add(done[key])
    progress(len(listed.customers), len(listed.customers))
    keys = sorted(azure_customer_key(customer.identifier) for customer in listed.customers)
    found = [PlanSubscription(**one) for key in keys for one in done[key]["subscriptions"]]
    return FetchedCatalogue(
        tuple(sorted(listed.customers, key=lambda one: azure_customer_key(one.identifier))),
        tuple(sorted(set(found))),
        listed.is_complete,
        tuple(key for key in keys if done[key]["is_closed"]),
        # What an earlier version fetched, and was stopped at, does not tell of plans.
        tuple(sorted({plan for key in keys for plan in done[key].get("closed_plans", ())})),
    )


def _customer_pages(calls: MicrosoftCalls, spool: Spool) -> Sequence[Mapping[str, Any]]:
    spool.mend()
    found: list[Mapping[str, Any]] = spool.entries()
    link = next_link(found[-1]) if found else _FIRST_PAGE
    if link is not None:
        for page in pages(calls, link):
            spool.add(page)
            found.append(page)
    return found


def _subscriptions_of(calls: MicrosoftCalls, customer_id: str) -> dict[str, Any]:
    """A customer's Azure subscriptions, as an entry of the spool."""
    address = f"/v1/customers/{quote(customer_id, safe='')}/subscriptions"
    listed = _unless_closed(lambda: [plan for page in pages(calls, {"uri": address}) for plan in page["items"]])
    if listed is None:
        return {"customer": customer_id, "is_closed": True, "subscriptions": [], "closed_plans": []}
    found: list[dict[str, str]] = []
    closed_plans = []
    for plan in filter(_is_azure_plan, listed):
        under_plan = _unless_closed(partial(_under_plan, calls, customer_id, address, plan))
        if under_plan is None:
            closed_plans.append(_plan_id(plan))
        else:
            found += under_plan
    return {"customer": customer_id, "is_closed": False, "subscriptions": found, "closed_plans": closed_plans}


def _unless_closed(fetch: Callable[[], list[Any]]) -> list[Any] | None:
    """What ``fetch`` brings; None where Partner Center refuses that one tenant or plan, or knows it no more.

    A tenant that has ended the relation must not keep the others from being listed, nor a plan that is deleted the
    other plans of its tenant.
    """
    try:
        return fetch()
    except (Forbidden, NotFound) as refusal:
        if refusal.code == "microsoft_sign_in_refused":
            raise
        return None


def _is_azure_plan(subscription: Any) -> bool:
    name = subscription.get("offerName") if isinstance(subscription, dict) else None
    return isinstance(name, str) and _PLAN_NAME in name.casefold() and bool(subscription.get("id"))


def _plan_id(plan: Mapping[str, Any]) -> str:
    return str(plan["id"]).lower()


def _under_plan(calls: MicrosoftCalls, customer_id: str, address: str, plan: Mapping[str, Any]) -> list[dict[str, str]]:
    plan_id = _plan_id(plan)
    found = []
    for page in pages(calls, {"uri": f"{address}/{quote(plan_id, safe='')}/azureEntitlements"}):
        for one in page["items"]:
            if not isinstance(one, dict) or not one.get("id"):
                continue
            found.append(
                {
                    "azure_customer_id": customer_id,
                    "plan_id": plan_id,
                    "subscription_id": account_key(AccountKind.SUBSCRIPTION, str(one["id"])),
                    "plan_name": _text(plan["offerName"]),
                    "subscription_name": _text(one.get("friendlyName")),
                    "status": _text(one.get("status")),
                }
            )
    return found


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    return "".join(character for character in text if character.isprintable()).strip()[:_GREATEST_NAME_LENGTH]
