"""What the documented examples tell, resource by resource: each call as it goes well, and as it is refused."""

from typing import Any

from tests.api.documented.closing_stories import closings, month_runs
from tests.api.documented.error_stories import errors_of_any_call
from tests.api.documented.month_stories import (
    data_sets,
    document_deliveries,
    microsoft_invoices,
    month_checklist,
    reconciliation,
    syncs,
)
from tests.api.documented.partner import SUBSCRIPTIONS, Documented, bill_september
from tests.api.documented.price_book_stories import (
    price_book_accounts,
    price_book_assignments,
    price_book_dry_runs,
    price_books,
)
from tests.api.documented.proof_stories import attention_lines, proofs, what_if
from tests.api.documented.recording import Recorder

_ACCOUNTS = "/v1/azure_partner_customer_accounts"


def tell_all(documented: Documented) -> Recorder:
    """Every story, in an order in which each finds what it needs; the recorder has the examples."""
    for story in (
        azure_accounts,
        subscriptions,
        cost_allocations,
        statements,
        data_sets,
        proofs,
        attention_lines,
        margins,
        what_if,
        document_settings,
        manual_lines,
        catalogue,
        customers,
        customer_terms,
        billing_rules,
        price_books,
        price_book_assignments,
        price_book_accounts,
        price_book_dry_runs,
        users,
        sign_in,
        api_keys,
        partner_settings,
        partner_guards,
        microsoft_invoices,
        reconciliation,
        month_checklist,
        syncs,
        month_runs,
        closings,
        document_deliveries,
        audit_entries,
        operation,
        errors_of_any_call,
    ):
        story(documented)
    return documented.recorder


def azure_accounts(documented: Documented) -> None:
    """Accounts are assigned, moved and removed."""
    tell, customer, neighbour = documented.recorder, documented.customer_id, documented.neighbour_id
    add, move, remove = (f"{_ACCOUNTS}/{act}/{{client_api_id}}" for act in ("add", "move", "remove"))
    one: dict[str, Any] = {"azure_customer_ids": ["ab123"]}
    both = {"azure_customer_ids": ["ab123", "fgh345"]}
    tried = {"dry_run": "true", "effective_from": "2024-10-01"}
    tell.call("A dry run: nothing is stored", "PUT", add, customer, status=207, body=both, query=tried)
    tell.call("Two accounts are assigned", "PUT", add, customer, status=207, body=both)
    with_fault = {"azure_customer_ids": ["vzz678", "nobody"]}
    tell.call("One id is unknown: nothing is assigned", "PUT", add, customer, status=207, body=with_fault)
    tell.call("Another customer has it", "PUT", add, neighbour, status=207, body=one)
    tell.call("Ids that are none", "PUT", add, customer, status=422, body={"azure_customer_ids": ["ab123", ""]})
    tell.call(
        "Issued days are touched without a reason",
        "PUT",
        add,
        customer,
        status=422,
        body=one,
        query={"correct_issued": "true"},
    )
    tell.call("An account changes hands", "PUT", move, neighbour, status=207, body={"azure_customer_ids": ["fgh345"]})
    tell.call("A field that this call does not know", "PUT", move, customer, status=422, body={**one, "days": 3})
    tell.call(
        "An account is removed today", "PUT", remove, neighbour, status=207, body={"azure_customer_ids": ["fgh345"]}
    )
    tell.call("It is not this customer's", "PUT", remove, neighbour, status=207, body=one)
    tell.call(
        "An end and a withdrawal contradict one another",
        "PUT",
        remove,
        customer,
        status=422,
        body=one,
        query={"withdraw": "true", "effective_to": "2024-10-01"},
    )
    for path in (add, move, remove):
        tell.unknown("PUT", path, one)
    whole, of_customer = f"{_ACCOUNTS}/list", f"{_ACCOUNTS}/list/{{client_api_id}}"
    tell.call("In force today", "GET", whole, status=200)
    tell.call("Past ones too", "GET", whole, status=200, query={"history": "true"})
    tell.call("Of one customer", "GET", of_customer, customer, status=200)
    for path, ids in ((whole, ()), (of_customer, (customer,))):
        tell.unknown("GET", path)
        tell.call("No such day", "GET", path, *ids, status=422, query={"as_of": "2024-02-30"})


def subscriptions(documented: Documented) -> None:
    """Subscriptions are assigned and removed."""
    tell, customer, neighbour = documented.recorder, documented.customer_id, documented.neighbour_id
    acts = ("add", "move", "remove", "list")
    add, move, remove, shown = (f"/v1/azure_subscriptions/{act}/{{client_api_id}}" for act in acts)
    first, second = ({"azure_ids": [one]} for one in SUBSCRIPTIONS)
    tell.call("A dry run has details", "PUT", add, customer, status=200, body=first, query={"dry_run": "true"})
    tell.call("A subscription is assigned", "PUT", add, customer, status=200, body=first)
    tell.call("With details", "PUT", add, neighbour, status=200, body=second, query={"detail": "true"})
    tell.call("Another customer has it", "PUT", add, neighbour, status=422, body=first)
    tell.call("In force today", "GET", shown, customer, status=200)
    tell.call("With details", "GET", shown, neighbour, status=200, query={"detail": "true"})
    tell.page_zero(shown, customer)
    tell.call("A dry run has details", "PUT", remove, neighbour, status=200, body=second, query={"dry_run": "true"})
    tell.call("It is billed elsewhere from today on", "PUT", remove, neighbour, status=200, body=second)
    tell.call("It is not this customer's", "PUT", remove, neighbour, status=422, body=first)
    tried = {"dry_run": "true"}
    tell.call("A dry run of a move", "PUT", move, neighbour, status=200, body=first, query=tried)
    tell.call("It is already this customer's", "PUT", move, customer, status=200, body=first)
    tell.call("No ids", "PUT", move, customer, status=422, body={"azure_ids": []})
    for method, path, body in (
        ("PUT", add, first),
        ("PUT", move, first),
        ("PUT", remove, first),
        ("GET", shown, None),
    ):
        tell.unknown(method, path, body)


def cost_allocations(documented: Documented) -> None:
    """Charges that name no account of a customer are allocated, moved and taken back."""
    tell, customer, neighbour = documented.recorder, documented.customer_id, documented.neighbour_id
    base = "/v1/cost_allocations"
    add, move, remove, shown = (f"{base}/{act}/{{client_api_id}}" for act in ("add", "move", "remove", "list"))
    one = {"charge_kinds": ["adjustment"]}
    tell.call("A dry run: nothing is stored", "PUT", add, customer, status=200, body=one, query={"dry_run": "true"})
    tell.call("A kind of charge is allocated", "PUT", add, customer, status=200, body=one)
    tell.call("Another customer has it", "PUT", add, neighbour, status=422, body=one)
    tell.call("No such kind", "PUT", add, customer, status=422, body={"charge_kinds": ["nothing"]})
    tell.call("It is another customer's from a day on", "PUT", move, neighbour, status=200, body=one)
    tell.call("No such kind", "PUT", move, neighbour, status=422, body={"charge_kinds": ["nothing"]})
    tell.call("In force today", "GET", shown, neighbour, status=200)
    tell.page_zero(shown, neighbour)
    tell.call("Of all customers", "GET", f"{base}/list", status=200)
    tell.unknown("GET", f"{base}/list")
    tell.page_zero(f"{base}/list")
    tell.call("It is nobody's from today on", "PUT", remove, neighbour, status=200, body=one)
    tell.call("No such kind", "PUT", remove, neighbour, status=422, body={"charge_kinds": ["nothing"]})
    for method, path, body in (("PUT", add, one), ("PUT", move, one), ("PUT", remove, one), ("GET", shown, None)):
        tell.unknown(method, path, body)


def statements(documented: Documented) -> None:
    """September is billed, and its statements are read."""
    bill_september(documented)
    tell, base = documented.recorder, "/v1/customer_statements"
    one = f"{base}/{{statement_id}}"
    query = {"status": "Final", "billing_period": "2024-09"}
    listed = tell.call("Issued statements of a month", "GET", base, status=200, query=query)
    tell.unknown("GET", base)
    tell.call("No such month", "GET", base, status=422, query={"billing_period": "2024-13"})
    statement_id = listed["billing_artifacts"][0]["id"]
    tell.call("With its lines", "GET", one, statement_id, status=200)
    tell.call("As CSV", "GET", one, statement_id, status=200, headers={"Accept": "text/csv"})
    tell.call(
        "A form that it is not to be had in", "GET", one, statement_id, status=406, headers={"Accept": "image/png"}
    )
    tell.call(
        "Its letterhead tells too little",
        "GET",
        one,
        statement_id,
        status=409,
        headers={"Accept": "application/xml"},
    )
    tell.unknown("GET", one)


def margins(documented: Documented) -> None:
    """What September's documents leave the partner."""
    tell, path = documented.recorder, "/v1/margins"
    tell.call("By customer", "GET", path, status=200)
    tell.call("By service", "GET", path, status=200, query={"by": "service", "billing_period": "2024-09"})
    tell.unknown("GET", path)
    tell.call("By service, of no month", "GET", path, status=422, query={"by": "service"})


def document_settings(documented: Documented) -> None:
    """What documents show of the partner and of a customer, and the tax on them."""
    tell, customer = documented.recorder, documented.customer_id
    letterhead, details, tax = "/v1/letterhead", "/v1/customers/{client_api_id}/billing_details", "/v1/tax_rules"
    head = {
        "legal_name": "Contoso Cloud Partner GmbH",
        "address": {"street1": "Hauptstraße 1", "zipcode": "10115", "city": "Berlin", "country": "DE"},
        "tax_id": "DE136695976",
        "iban": "DE89370400440532013000",
        "payment_days": 30,
        "color": "#0b6477",
        "portal_welcome": "Your cloud bills, day by day.",
    }
    tell.call("A letterhead is entered", "PUT", letterhead, status=200, body=head)
    tell.unknown("PUT", letterhead, head)
    tell.call("No such tax number", "PUT", letterhead, status=422, body={"tax_id": "DE136695977"})
    tell.call("As it is", "GET", letterhead, status=200)
    tell.unknown("GET", letterhead)
    own = {"tax_id": "FR40303265045", "country": "FR", "buyer_reference": "PO-4711", "language": "fr"}
    tell.call("A customer in France", "PUT", details, customer, status=200, body=own)
    tell.unknown("PUT", details, own)
    tell.call("No such language", "PUT", details, customer, status=422, body={"language": "xx-none"})
    tell.call("As they are", "GET", details, customer, status=200)
    tell.call(
        "Two customers are named",
        "GET",
        details,
        customer,
        status=422,
        query={"client_api_id": str(documented.neighbour_id)},
    )
    tell.unknown("GET", details)
    standard = {"category": "S", "percent": "19"}
    tell.call("For every customer", "PUT", tax, status=200, body=standard)
    reverse = {"category": "AE", "reason": "Reverse charge", "client_api_id": customer, "from_month": "2024-10"}
    tell.call("One owes the tax itself", "PUT", tax, status=200, body=reverse)
    tell.unknown("PUT", tax, standard)
    tell.call("No tax, and no reason", "PUT", tax, status=422, body={"category": "E"})
    tell.call("All rules", "GET", tax, status=200)
    tell.unknown("GET", tax)


def manual_lines(documented: Documented) -> None:
    """An amount that no file has is entered, read and withdrawn."""
    tell, base = documented.recorder, "/v1/manual_lines"
    one = f"{base}/{{manual_line_id}}"
    fee = {
        "client_api_id": documented.customer_id,
        "billing_period": "2024-10",
        "amount": "250.00",
        "reason": "Setting up the landing zone",
        "cost": "80",
    }
    made = tell.call("A fee for set-up", "POST", base, status=201, body=fee)["id"]
    tell.unknown("POST", base, fee)
    tell.call("Nothing to read on the statement", "POST", base, status=422, body={**fee, "reason": ""})
    tell.call("Of a month", "GET", base, status=200, query={"billing_period": "2024-10"})
    tell.unknown("GET", base)
    tell.page_zero(base)
    tell.call("One entry", "GET", one, made, status=200)
    tell.unknown("GET", one)
    tell.misspelt("DELETE", one, made)
    tell.call(
        "Withdrawn, and answered in JSON", "DELETE", one, made, status=200, headers={"Accept": "application/json"}
    )
    tell.unknown("DELETE", one)


def catalogue(documented: Documented) -> None:
    """The catalogue is read."""
    tell, base = documented.recorder, "/v1/azure_partner_customers"
    listed = tell.call("Those that a customer has today", "GET", base, status=200, query={"assigned": "true"})
    tell.unknown("GET", base)
    tell.call("Neither true nor false", "GET", base, status=422, query={"assigned": "yes"})
    one = f"{base}/{{db_partner_customer_id}}"
    tell.call("One of them", "GET", one, listed["azure_partner_customers"][0]["id"], status=200)
    tell.unknown("GET", one)


def customers(documented: Documented) -> None:
    """Customers are created, changed and deleted, under both versions."""
    address = {"street1": "5 Harbour Road", "city": "Boston", "state": "MA", "zipcode": "02110", "country": "US"}
    new: dict[str, Any] = {
        "name": "Guilder Shipping",
        "address": address,
        "classification": "managed_with_access",
        "billing_contact": "accounts@guilder.example",
        "partner_billing_configuration": {"enabled": True, "folder": "guilder/2024"},
        "tags": [{"key": "region", "value": "east"}],
    }
    with_account = {"name": "Vizzini Consulting", "azure_customer_id": "vzz678"}
    _customers_of_version(documented, "v1", new)
    _customers_of_version(documented, "v2", with_account)


def _customers_of_version(documented: Documented, version: str, new: dict[str, Any]) -> None:
    tell, base = documented.recorder, f"/{version}/customers"
    one = f"{base}/{{client_api_id}}"
    key = {"Idempotency-Key": f"7c1f0d5e-{version}", "X-Reason": "Signed on 1 October"}
    made = tell.call("A customer is created", "POST", base, status=201, body=new, headers=key)["id"]
    tell.unknown("POST", base, new)
    if version == "v2":
        address = {"street1": "1 Cliff Way", "city": "Florin", "state": "FL", "zipcode": "33101", "country": "US"}
        tell.call("Without an account yet", "POST", base, status=201, body={"name": "Rugen Labs", "address": address})
    tell.call("Every fault at once", "POST", base, status=422, body={"name": "", "classification": "gold"})
    tell.call("A page of customers", "GET", base, status=200, query={"per_page": "2"})
    tell.unknown("GET", base)
    tell.page_zero(base)
    tell.call("One customer", "GET", one, made, status=200)
    tell.unknown("GET", one)
    tell.call("Neither true nor false", "GET", one, made, status=422, query={"deleted": "yes"})
    change = (
        {"address": {"street1": "7 Harbour Road"}} if version == "v1" else {"billing_contact": "it@vizzini.example"}
    )
    tell.call("What is given changes", "PUT", one, made, status=200, body=change)
    tell.unknown("PUT", one, change)
    tell.call("A name that another customer has", "PUT", one, made, status=422, body={"name": "Azure Two"})
    tell.call("Deleted, and answered in JSON", "DELETE", one, made, status=200, headers={"Accept": "application/json"})
    tell.unknown("DELETE", one)
    tell.call("It has issued statements", "DELETE", one, documented.customer_id, status=422)


def customer_terms(documented: Documented) -> None:
    """A customer's terms are read and changed."""
    tell, path = documented.recorder, "/v1/customers/{client_api_id}/terms"
    tell.call("By month", "GET", path, documented.customer_id, status=200)
    tell.unknown("GET", path)
    other = {"client_api_id": str(documented.neighbour_id)}
    tell.call("Another customer than the path's", "GET", path, documented.customer_id, status=422, query=other)
    change = {"fallback_markup_percent": "7.5", "carry_forward": True, "from_month": "2024-11"}
    tell.call("From November on", "PUT", path, documented.customer_id, status=200, body=change)
    tell.unknown("PUT", path, change)
    issued = {**change, "from_month": "2024-09"}
    tell.call("From a month that is issued", "PUT", path, documented.customer_id, status=422, body=issued)


def billing_rules(documented: Documented) -> None:
    """A rule is made, changed and deleted."""
    tell, base = documented.recorder, "/v1/partner_billing_rules"
    one = f"{base}/{{partner_billing_rule_id}}"
    fee: dict[str, Any] = {
        "name": "Managed service",
        "cloud": "azure",
        "billing_rule_type": "custom",
        "rule_action": "flat_fee",
        "add_csp_customers": [documented.customer_id],
        "product_name": "Managed service",
        "product_description": "Watching over it, day and night",
        "apply_flat_fee_cost": 1000,
        "frequency": "recurring",
    }
    share = {
        **fee,
        "name": "Surcharge",
        "rule_action": "spend_ratio",
        "add_csp_customers": "all",
        "apply_rate_in_percentage": 2.5,
        "add_spend_ratio_as_custom_line_item": True,
    }
    del share["apply_flat_fee_cost"]
    tell.call("A share of everybody's spend", "POST", base, status=201, body=share)
    made = tell.call("A fee each month", "POST", base, status=201, body=fee)["id"]
    tell.unknown("POST", base, fee)
    without = {name: part for name, part in fee.items() if name != "apply_flat_fee_cost"}
    tell.call("A fee without an amount", "POST", base, status=422, body={**without, "name": "Another"})
    tell.call("A page of rules", "GET", base, status=200)
    tell.unknown("GET", base)
    tell.page_zero(base)
    tell.call("One rule", "GET", one, made, status=200)
    tell.unknown("GET", one)
    tell.call("Another amount", "PUT", one, made, status=200, body={"apply_flat_fee_cost": 1200})
    tell.unknown("PUT", one, {"apply_flat_fee_cost": 1200})
    tell.call("What never changes", "PUT", one, made, status=422, body={"cloud": "aws"})
    tell.misspelt("DELETE", one, made)
    tell.call("Deleted, and answered in JSON", "DELETE", one, made, status=200, headers={"Accept": "application/json"})
    tell.unknown("DELETE", one)


def users(documented: Documented) -> None:
    """Users come and go."""
    tell, base = documented.recorder, "/v1/users"
    one = f"{base}/{{user_id}}"
    new = {"name": "Reporting", "role": "read_only", "email": "reporting@partner.example"}
    made = tell.call("A user of the partner", "POST", base, status=201, body=new)["id"]
    own = {"name": "Azure Two", "role": "customer_read_only", "customer_id": documented.customer_id}
    tell.call("A user of a customer", "POST", base, status=201, body=own)
    tell.unknown("POST", base, own)
    tell.call("A customer's user without a customer", "POST", base, status=422, body={**own, "customer_id": None})
    tell.call("A page of users", "GET", base, status=200)
    tell.unknown("GET", base)
    tell.page_zero(base)
    tell.call("One user", "GET", one, made, status=200)
    tell.unknown("GET", one)
    tell.call("Disabled: its keys are dead", "PUT", one, made, status=200, body={"disabled": True})
    tell.unknown("PUT", one, {"disabled": True})
    tell.call("A role that there is not", "PUT", one, made, status=422, body={"role": "owner"})
    (admin,) = (user["id"] for user in documented.recorder.api.get(base).json()["users"] if user["role"] == "admin")
    tell.call("No admin key would be left", "PUT", one, admin, status=409, body={"disabled": True})
    tell.misspelt("DELETE", one, made)
    tell.call("No admin key would be left", "DELETE", one, admin, status=409)
    tell.call("Deleted, and answered in JSON", "DELETE", one, made, status=200, headers={"Accept": "application/json"})
    tell.unknown("DELETE", one)


def sign_in(documented: Documented) -> None:
    """How a person signs in to the pages is set and cleared."""
    tell, one = documented.recorder, "/v1/users/{user_id}"
    person = {"name": "Ann Accountant", "role": "operator", "email": "ann@partner.example"}
    user = tell.api.post("/v1/users", person).json()["id"]
    password = {"password": "correct horse battery staple"}
    told = (
        ("password", "By its e-mail address", password, "Too short", {"password": "short"}),
        ("subject", "Where no address is vouched for", {"subject": "9f2c-ann"}, "Of no subject", {"subject": ""}),
    )
    for name, title, sound, fault, faulty in told:
        path = f"{one}/{name}"
        tell.call(title, "PUT", path, user, status=200, body=sound)
        tell.unknown("PUT", path, sound)
        tell.call(fault, "PUT", path, user, status=422, body=faulty)
        tell.misspelt("DELETE", path, user)
        tell.call("Answered in JSON", "DELETE", path, user, status=200, headers={"Accept": "application/json"})
        tell.call("There is none any more", "DELETE", path, user, status=404)


def api_keys(documented: Documented) -> None:
    """Keys are made, rotated and revoked."""
    tell, base = documented.recorder, "/v1/api_keys"
    one = f"{base}/{{api_key_id}}"
    user = documented.recorder.api.post("/v1/users", {"name": "Billing program", "role": "operator"}).json()["id"]
    new = {"user_id": user, "name": "nightly", "expires_at": "2025-10-01T00:00:00Z"}
    repeated = {"Idempotency-Key": "9d2a6c41"}
    made = tell.call("Shown this once", "POST", base, status=201, body=new, headers=repeated)["id"]
    tell.unknown("POST", base, new)
    tell.call("Made already, and never shown again", "POST", base, status=409, body=new, headers=repeated)
    tell.call("A time that is over", "POST", base, status=422, body={**new, "expires_at": "2024-01-01"})
    tell.call("A page of keys", "GET", base, status=200)
    tell.unknown("GET", base)
    tell.page_zero(base)
    tell.call("One key", "GET", one, made, status=200)
    tell.unknown("GET", one)
    rotate = f"{one}/rotate"
    tell.call("The old one lives for a day", "POST", rotate, made, status=201, body={"overlap_seconds": 86400})
    tell.unknown("POST", rotate, {})
    tell.call("Too long an overlap", "POST", rotate, made, status=422, body={"overlap_seconds": 99999999})
    tell.misspelt("DELETE", one, made)
    (admin,) = (key["id"] for key in documented.recorder.api.get(base).json()["api_keys"] if key["role"] == "admin")
    tell.call("No admin key would be left", "DELETE", one, admin, status=409)
    tell.call("Revoked, and answered in JSON", "DELETE", one, made, status=200, headers={"Accept": "application/json"})
    tell.call("It has ended", "POST", rotate, made, status=409, body={})
    tell.unknown("DELETE", one)


def partner_settings(documented: Documented) -> None:
    """The partner's settings are read and changed."""
    tell, path = documented.recorder, "/v1/partner_settings"
    tell.call("As they are", "GET", path, status=200)
    tell.unknown("GET", path)
    tell.call("Billing starts with rebill", "PUT", path, status=200, body={"billing_start": "2024-09"})
    tell.unknown("PUT", path, {"billing_start": "2024-09"})
    tell.call("No such currency", "PUT", path, status=422, body={"currency": "Dollar"})


def partner_guards(documented: Documented) -> None:
    """The partner's guards for all its customers are changed and read."""
    tell, path = documented.recorder, "/v1/partner_guards"
    guards = {"floor_at_cost": True, "margin_floor_percent": "12.5", "from_month": "2030-01"}
    tell.call("Never below cost from a month on", "PUT", path, status=200, body=guards)
    tell.unknown("PUT", path, guards)
    tell.call("As they are", "GET", path, status=200)
    tell.unknown("GET", path)
    tell.call("No price has that margin", "PUT", path, status=422, body={"margin_floor_percent": 100})


def audit_entries(documented: Documented) -> None:
    """The trail of all that was done so far is read."""
    tell, base = documented.recorder, "/v1/audit_entries"
    query = {"act": "create_customer", "outcome": "done"}
    listed = tell.call("Customers that were created", "GET", base, status=200, query=query)
    tell.unknown("GET", base)
    tell.call("Entries of no such act", "GET", base, status=422, query={"act": "guess"})
    tell.call(
        "One entry, whole", "GET", f"{base}/{{audit_entry_number}}", listed["audit_entries"][-1]["number"], status=200
    )
    tell.unknown("GET", f"{base}/{{audit_entry_number}}")


def operation(documented: Documented) -> None:
    """The server is asked how it is."""
    documented.recorder.call("It is up", "GET", "/healthz", status=200)
    documented.recorder.call("It is ready", "GET", "/readyz", status=200)
