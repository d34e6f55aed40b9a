"""The partner's catalogue of Azure customers: list, get."""

from rebill.api.answer_shapes import CatalogueElement, CatalogueList
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.paging import list_answer, page_of
from rebill.api.query import choice, flag, text
from rebill.api.resource import Resource
from rebill.model.assignment import CatalogueAccount
from rebill.model.errors import NotFound
from rebill.services.parties.catalogue import get_catalogue_account, list_catalogue
from rebill.store.accounts import ACTIVE, GONE

LIST_PARAMETERS = (
    flag("assigned", "Only those that a customer has today (true), or none has (false)."),
    choice("status", "Only those that are listed (active), or no longer are (gone).", (ACTIVE, GONE)),
    text("q", "Only those whose id, name or domain holds this text."),
)


def list_azure_customers(call: Call) -> Answer:
    """The Azure customers that Microsoft Partner Center lists for the partner, as they were last imported.

    `assigned_to` is the customer that has one today. What is no longer listed is `gone`, and stays: its history is
    billed.
    """
    listing = list_catalogue(
        call.installation,
        call.caller,
        page_of(call.parameters),
        call.parameters.optional_flag("assigned"),
        call.parameters.text("q"),
        call.filter_customer_id,
        call.parameters.text("status"),
    )
    elements = [_element(account) for account in listing.items]
    return list_answer(call, CatalogueList(azure_partner_customers=elements), listing)


def get_azure_customer(call: Call) -> Answer:
    """One Azure customer of the catalogue, by the `id` that the list shows."""
    account_id = call.ids["db_partner_customer_id"]
    account = get_catalogue_account(call.installation, call.caller, account_id)
    if call.filter_customer_id not in (None, account.assigned_to):
        raise NotFound("azure_customer_not_found", f"This customer has no Azure customer {account_id} today.")
    return Answer.json(200, _element(account))


def _element(account: CatalogueAccount) -> CatalogueElement:
    return CatalogueElement(
        id=account.account_id,
        azure_customer_id=account.identifier,
        name=account.name,
        domain=account.domain,
        relationship=account.relationship,
        assigned_to=account.assigned_to,
        first_seen_at=account.first_seen_at,
        last_seen_at=account.last_seen_at,
        status=account.status,
    )


CATALOGUE = Resource(
    "/v1/azure_partner_customers",
    "db_partner_customer_id",
    CatalogueElement,
    CatalogueList,
    "/azure_partner_customers/0/id",
)
ROUTES = (
    CATALOGUE.listed(list_azure_customers, "List the catalogue of Azure customers", *LIST_PARAMETERS),
    CATALOGUE.shown(get_azure_customer, "Show an Azure customer of the catalogue"),
)
