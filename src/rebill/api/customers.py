"""Customers of the partner: create, list, get; PUT and DELETE will stand here too."""

from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from rebill.api.answer_shapes import (
    AddressAnswer,
    BillingConfigurationAnswer,
    BillingStatus,
    CustomerAnswer,
    CustomerList,
    Link,
    OwnCustomerAnswer,
    SelfLink,
    TagAnswer,
)
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.paging import PAGING, list_answer, page_of
from rebill.api.route import Route
from rebill.api.shapes import NewAzureCustomerBody, NewCustomerBody, require_shape
from rebill.model.customer import Customer, NewCustomer
from rebill.model.party import Address, Classification
from rebill.services.create_customer import create_customer, customer_faults
from rebill.services.permission import Permission
from rebill.services.read_customers import get_customer, list_customers


def create(call: Call) -> Answer:
    """Create a customer; under /v2 together with its first Azure customer."""
    body = call.body_as(NewCustomerBody)
    if _own_faults(body):
        require_shape(value_faults(call))
    customer = create_customer(call.installation, call.caller, _new_customer(body))
    return Answer.json(201, _answer(call, customer))


def value_faults(call: Call) -> dict[str, str]:
    """What is wrong with the values of a new customer's fields, by path."""
    body = call.body_as(NewCustomerBody)
    return _own_faults(body) | customer_faults(_new_customer(body), call.installation.clock())


def get(call: Call) -> Answer:
    """Show one customer."""
    customer = get_customer(call.installation, call.caller, call.ids["client_api_id"])
    return Answer.json(200, _answer(call, customer))


def list_all(call: Call) -> Answer:
    """List the partner's customers."""
    listing = list_customers(call.installation, call.caller, page_of(call.parameters), call.filter_customer_id)
    return list_answer(call, CustomerList(customers=[customer_answer(customer) for customer in listing.items]), listing)


def _own_faults(body: NewCustomerBody) -> dict[str, str]:
    faults = {}
    if body.classification and body.classification not in list(Classification):
        faults["classification"] = f"must be one of {', '.join(Classification)}"
    first, second = body.trial_expiration_date, body.trial_expiration
    if first is not None and second is not None and first != second:
        faults["trial_expiration"] = "differs from trial_expiration_date: send one of the two"
    return faults


def _new_customer(body: NewCustomerBody) -> NewCustomer:
    azure_customer_id = body.azure_customer_id if isinstance(body, NewAzureCustomerBody) else None
    address = Address(**body.address_given)
    is_known_class = body.classification in list(Classification)
    return NewCustomer(
        name=body.name,
        address=None if address == Address() else address,
        address_required=azure_customer_id is None,
        azure_customer_id=azure_customer_id,
        classification=Classification(body.classification) if is_known_class else Classification.MANAGED_WITHOUT_ACCESS,
        trial_expiration=body.trial_expiration_date or body.trial_expiration,
        billing_contact=body.billing_contact,
        billing_enabled=body.partner_billing_configuration.enabled,
        billing_folder=body.partner_billing_configuration.folder,
        tags=tuple((tag.key, tag.value) for tag in body.tags),
    )


def _answer(call: Call, customer: Customer) -> OwnCustomerAnswer:
    return OwnCustomerAnswer(**_described(customer)) if call.is_customers_own else customer_answer(customer)


def customer_answer(customer: Customer) -> CustomerAnswer:
    """A customer as its partner sees it, here and at the command line."""
    margin = customer.margin_percentage
    return CustomerAnswer(**_described(customer), margin_percentage=Decimal(0) if margin is None else margin)


def _described(customer: Customer) -> dict[str, Any]:
    address = customer.address
    return {
        "id": customer.customer_id,
        "name": customer.name,
        "address": AddressAnswer(
            street1=address.street1,
            street2=address.street2,
            city=address.city,
            state=address.state,
            zipcode=address.zipcode,
            country=address.country,
        ),
        "azure_customer_id": customer.azure_customer_id,
        "classification": customer.classification.value,
        "trial_expiration_date": customer.trial_expiration,
        "trial_expiration": customer.trial_expiration,
        "billing_contact": customer.billing_contact,
        "partner_billing_configuration": BillingConfigurationAnswer(
            enabled=customer.billing_enabled, folder=customer.billing_folder
        ),
        "tags": [TagAnswer(key=key, value=value) for key, value in customer.tags],
        "created_at": customer.created_at,
        "updated_at": customer.updated_at,
        "generated_external_id": customer.generated_external_id,
        "billing_configuration": BillingStatus(status="enabled" if customer.billing_enabled else "disabled"),
        "links": SelfLink(own=Link(href=f"/v1/customers/{customer.customer_id}")),
    }


def _customer_routes(version: str, body: type[BaseModel]) -> tuple[Route, ...]:
    base = f"/{version}/customers"
    return (
        Route(
            "POST",
            base,
            Permission.CHANGE,
            create,
            "Create a customer",
            {201: CustomerAnswer},
            body=body,
            value_faults=value_faults,
        ),
        Route(
            "GET",
            base,
            Permission.READ,
            list_all,
            "List customers",
            {200: CustomerList},
            PAGING,
        ),
        Route(
            "GET",
            f"{base}/{{client_api_id}}",
            Permission.READ_OWN,
            get,
            "Show a customer",
            {200: CustomerAnswer},
        ),
        # PUT and DELETE of a customer belong here.
    )


ROUTES = (*_customer_routes("v1", NewCustomerBody), *_customer_routes("v2", NewAzureCustomerBody))
