"""Customers of the partner: create, list, get, change, delete."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

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
from rebill.api.paging import list_answer, page_of
from rebill.api.query import flag
from rebill.api.resource import Resource
from rebill.api.route import Route
from rebill.api.shapes import CustomerChangeBody, LenientBody, NewAzureCustomerBody, NewCustomerBody, require_shape
from rebill.model.audit import Act
from rebill.model.customer import Customer, CustomerChange, NewCustomer, TermsChange
from rebill.model.party import Address, Classification
from rebill.services.acting.permission import Permission
from rebill.services.parties.change_customer import change_customer, change_faults
from rebill.services.parties.create_customer import create_customer, new_customer_faults
from rebill.services.parties.delete_customer import delete_customer
from rebill.services.parties.read_customers import get_customer, list_customers

DELETED = flag("deleted", "Deleted customers instead of those that are not.")


def create(call: Call) -> Answer:
    """A customer whom the partner bills. Its `id` is the `client_api_id` of every other call.

    The name is unique within the partner. Only a customer whose `partner_billing_configuration` is `enabled` gets
    statements. Under `/v2` an `azure_customer_id` of the catalogue can be assigned in the same act, and the address
    may be left out then. Every fault of the body is told at once.
    """
    body = call.body_as(NewCustomerBody)
    if _own_faults(body):
        require_shape(value_faults(call))
    customer = create_customer(call.installation, call.caller, _new_customer(body))
    return Answer.json(201, _answer(call, customer))


def value_faults(call: Call) -> dict[str, str]:
    """What is wrong with a new customer but its form, by path."""
    body = call.body_as(NewCustomerBody)
    return _own_faults(body) | new_customer_faults(call.installation, call.caller, _new_customer(body))


def change(call: Call) -> Answer:
    """What is given changes, and what is left out or `null` stays.

    The address changes field by field, and must be whole afterwards; `tags` replace the list; `trial_expiration`
    `""` takes the trial away. `partner_billing_configuration.enabled` holds from the first month that has no issued
    statement for this customer.
    """
    body = call.body_as(CustomerChangeBody)
    if _classification_faults(body):
        require_shape(change_value_faults(call))
    customer = change_customer(call.installation, call.caller, call.ids["client_api_id"], _customer_change(body))
    return Answer.json(200, _answer(call, customer))


def change_value_faults(call: Call) -> dict[str, str]:
    """What is wrong with the values of a change, by path."""
    body = call.body_as(CustomerChangeBody)
    faults = change_faults(call.installation, call.caller, call.ids["client_api_id"], _customer_change(body))
    return {**faults, **_classification_faults(body)}


def delete(call: Call) -> Answer:
    """The customer's assignments end today, its keys are dead, and its name is free; what it was billed stays.

    Days before today are still billed by later runs. A customer with issued statements cannot be deleted (422).
    """
    delete_customer(call.installation, call.caller, call.ids["client_api_id"])
    return Answer.deleted(call.accept)


def get(call: Call) -> Answer:
    """One customer; a customer's own key sees its own, without `margin_percentage`."""
    deleted = call.parameters.flag("deleted")
    customer = get_customer(call.installation, call.caller, call.ids["client_api_id"], deleted)
    return Answer.json(200, _answer(call, customer))


def list_all(call: Call) -> Answer:
    """The partner's customers, in the order they were created; `deleted=true` shows deleted ones instead."""
    listing = list_customers(
        call.installation,
        call.caller,
        page_of(call.parameters),
        call.filter_customer_id,
        call.parameters.flag("deleted"),
    )
    return list_answer(call, CustomerList(customers=[customer_answer(customer) for customer in listing.items]), listing)


def _classification_faults(body: NewCustomerBody) -> dict[str, str]:
    if body.classification and body.classification not in list(Classification):
        return {"classification": f"must be one of {', '.join(Classification)}"}
    return {}


def _own_faults(body: NewCustomerBody) -> dict[str, str]:
    first, second = body.trial_expiration_date, body.trial_expiration
    if first is not None and second is not None and first != second:
        fault = "differs from trial_expiration_date: send one of the two"
        return {**_classification_faults(body), "trial_expiration": fault}
    return _classification_faults(body)


def _new_customer(body: NewCustomerBody) -> NewCustomer:
    azure_customer_id = body.azure_customer_id if isinstance(body, NewAzureCustomerBody) else None
    address = Address(**body.address_given)
    return NewCustomer(
        name=body.name,
        address=None if address == Address() else address,
        address_required=azure_customer_id is None,
        azure_customer_id=azure_customer_id,
        classification=_classification(body) or Classification.MANAGED_WITHOUT_ACCESS,
        trial_expiration=body.trial_expiration_date or body.trial_expiration,
        billing_contact=body.billing_contact,
        billing_enabled=body.partner_billing_configuration.enabled,
        billing_folder=body.partner_billing_configuration.folder,
        tags=tuple((tag.key, tag.value) for tag in body.tags),
    )


def _customer_change(body: CustomerChangeBody) -> CustomerChange:
    given, billing = body.model_fields_set, body.partner_billing_configuration
    trials = [getattr(body, name) for name in ("trial_expiration_date", "trial_expiration") if name in given]
    return CustomerChange(
        name=body.name if "name" in given else None,
        address=body.address_given,
        classification=_classification(body),
        trial_expiration=tuple(trials),
        billing_contact=body.billing_contact if "billing_contact" in given else None,
        billing_folder=billing.folder if "folder" in billing.model_fields_set else None,
        tags=tuple((tag.key, tag.value) for tag in body.tags) if "tags" in given else None,
        terms=TermsChange(billing_enabled=billing.enabled if "enabled" in billing.model_fields_set else None),
    )


def _classification(body: NewCustomerBody) -> Classification | None:
    return Classification(body.classification) if body.classification in list(Classification) else None


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
        "deleted_at": customer.deleted_at,
        "links": SelfLink(own=Link(href=f"/v1/customers/{customer.customer_id}")),
    }


def _customer_routes(version: str, body: type[LenientBody]) -> tuple[Route, ...]:
    customers = Resource(
        f"/{version}/customers",
        "client_api_id",
        CustomerAnswer,
        CustomerList,
        "/customers/0/id",
        shows=Permission.READ_OWN,
    )
    return (
        customers.created(create, "Create a customer", Act.CREATE_CUSTOMER, body, value_faults=value_faults),
        customers.listed(list_all, "List customers", DELETED),
        replace(customers.shown(get, "Show a customer", DELETED), answers={200: (CustomerAnswer, OwnCustomerAnswer)}),
        customers.changed(
            change, "Change a customer", Act.CHANGE_CUSTOMER, CustomerChangeBody, value_faults=change_value_faults
        ),
        customers.deleted(delete, "Delete a customer", Act.DELETE_CUSTOMER),
    )


ROUTES = (*_customer_routes("v1", NewCustomerBody), *_customer_routes("v2", NewAzureCustomerBody))
