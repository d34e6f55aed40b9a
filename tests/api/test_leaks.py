"""Nothing that a customer must not see reaches its key: partner costs, margins, markups, and whatever is others'."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from rebill.api.answers import Answer
from rebill.api.application import application
from rebill.api.call import Call
from rebill.api.route import Route
from rebill.api.routes import ROUTES
from rebill.model.data_set import CostImportOrder
from rebill.model.errors import Conflict, NotFound
from rebill.services.acting.permission import Permission
from rebill.services.billing.run_bill import run_bill
from rebill.services.costs.import_costs import import_costs
from tests.api.client import ApiClient, api_client
from tests.api.closing_steps import proposed
from tests.api.leak_search import Leak, Secret, search
from tests.api.price_book_steps import XML, assigned, book, noted_dry_run, priced
from tests.api.world import ADD, ADDRESS, INVOICE, RULE, SUBSCRIPTIONS, World, entry
from tests.services.months import SEPTEMBER, charge, write_focus
from tests.services.steps import listed

COST, LISTED, MARKUP = Decimal("88919331.1347"), Decimal("99731177.7129"), Decimal("17.7713")
NEIGHBOURS_COST, NEIGHBOURS_PRICE = Decimal("77120913.5513"), Decimal("86120417.3391")
PRICE = (LISTED * (100 + MARKUP) / 100).quantize(Decimal("0.000000000001"))
NUMBERS: Mapping[str, Decimal] = {
    "the partner's cost": COST,
    "the retail price": LISTED,
    "the markup": MARKUP,
    "the factor of the markup": 1 + MARKUP / 100,
    "the margin": PRICE.quantize(Decimal("0.01")) - COST,
    "the margin before minor units": PRICE - COST,
    "the margin in percent": (PRICE - COST) / PRICE * 100,
    "the margin of the rounded statement": PRICE.quantize(Decimal("0.01")) - COST.quantize(Decimal("0.01")),
    "the cost of everybody": COST + NEIGHBOURS_COST,
    "the neighbour's cost": NEIGHBOURS_COST,
    "the neighbour's total": NEIGHBOURS_PRICE,
    "the neighbour's margin": NEIGHBOURS_PRICE - NEIGHBOURS_COST,
    "the totals of everybody": PRICE + NEIGHBOURS_PRICE,
}
# The documentation is the same files for everybody, and bears the made-up names of its examples.
CALLS: Sequence[Route] = [route for route in ROUTES if not route.path.startswith(("/docs", "/openapi"))]
OPEN_CALLS: Sequence[Route] = [route for route in CALLS if route.permission is None]
TEXTS = {
    "the neighbour's name": "Neighbour Ltd",
    "the neighbour's address": "Zanzibar Crescent",
    "the neighbour's contact": "zuleika@neighbour.example",
    "the neighbour's tag": "zebra-tag",
    "the neighbour's tenant": "fgh345",
    "the neighbour's tenant's name": "Name of fgh345",
    "the neighbour's subscription": SUBSCRIPTIONS[1],
    "nobody's tenant": "AB-three",
    "the cost file": "zircon-delivery",
    "the scope of the cost": "zenith-export",
    "the billing account": "zinc-billing-account",
    "the price book": "Zephyr price book",
    "the rule in the price book": "Zodiac rule",
    "the billing rule": "Zealous billing rule",
    "a user of the partner": "Zacharias",
    "a reason in the audit trail": "zigzag reason",
    "the other partner": "Second Partner",
    "the other partner's customer": "Foreign Ltd",
    "the SQL of the record": "SELECT ",
    "a trace": "Traceback",
}


@dataclass(frozen=True)
class PlantedWorld:
    """A world with a billed month and secrets in it; ``ids`` of what exists, by their names in paths."""

    world: World
    secrets: tuple[Secret, ...]
    ids: Mapping[str, Sequence[int]]


@pytest.fixture
def planted(api: ApiClient, world: World) -> PlantedWorld:
    own, neighbour = world.customer_id, world.neighbour_id
    _bill_a_month(api, world)
    book_assignment = assigned(api, own, book(api, "Zephyr price book second")["id"], start_month="2030-01")
    user = api.post("/v1/users", {"name": "Zacharias", "role": "operator"}).json()
    key = api.post("/v1/api_keys", {"user_id": user["id"], "name": "Zacharias' key"}).json()
    rule = api.post("/v1/partner_billing_rules", {**RULE, "name": "Zealous billing rule"}).json()
    statements = api.get("/v1/customer_statements").json()["billing_artifacts"]
    accounts = api.get("/v1/azure_partner_customers").json()["azure_partner_customers"]
    book_id = book_assignment["price_book_id"]
    books = api.get("/v1/price_books").json()
    ids = {
        "client_api_id": (own, neighbour, world.foreign_customer_id),
        "statement_id": tuple(one["id"] for one in statements),
        "db_partner_customer_id": tuple(one["id"] for one in accounts),
        "partner_billing_rule_id": (rule["id"],),
        "price_book_id": tuple(one["id"] for one in books),
        "price_book_assignment_id": (book_assignment["id"],),
        "price_book_account_assignment_id": (
            priced(api, book_assignment["id"], ["a"])["price_book_account_assignments"][0]["id"],
        ),
        "closing_id": (proposed(world, world.customer_id),),
        "data_set_id": tuple(one["id"] for one in api.get("/v1/data_sets").json()["data_sets"]),
        "run_id": tuple(one["run_id"] for one in api.get("/v1/runs?billing_period=2024-09").json()["runs"]),
        "dry_run_id": (noted_dry_run(world, own, book_id),),
        "user_id": (user["id"],),
        "microsoft_invoice_id": (api.post("/v1/microsoft_invoices", INVOICE).json()["id"],),
        "manual_line_id": (api.post("/v1/manual_lines", entry(neighbour)).json()["id"],),
        "api_key_id": (key["id"],),
        "audit_entry_number": (1, 2),
    }
    of_own = {own, *(one["id"] for one in statements if one["customer_id"] == own), 1, 2}
    foreign_ids = {number for numbers in ids.values() for number in numbers} - of_own
    secrets = (
        *(Secret.number(name, value) for name, value in NUMBERS.items()),
        *(Secret.text(name, text) for name, text in TEXTS.items()),
        *(Secret.number(f"the id {number}", Decimal(number)) for number in sorted(foreign_ids)),
        Secret.text("where the record lies", str(world.installation.settings.home)),
        *(Secret.text(f"the key of {kind}", text) for kind, text in world.keys.items()),
    )
    return PlantedWorld(world, secrets, ids)


def _bill_a_month(api: ApiClient, world: World) -> None:
    """September 2024 is imported and billed, for the customer in question under a book, and for its neighbour."""
    own, neighbour = world.customer_id, world.neighbour_id
    for customer_id, tenant, subscription in ((own, "ab123", 0), (neighbour, "fgh345", 1)):
        enabled = {"partner_billing_configuration": {"enabled": True}}
        assert api.put(f"/v1/customers/{customer_id}", enabled, headers={"X-Reason": "zigzag reason"}).is_success
        assert api.put(f"{ADD}/{customer_id}", {"azure_customer_ids": [tenant]}).headers["X-Assigned"] == "1"
        bound = {"azure_ids": [SUBSCRIPTIONS[subscription]]}
        assert api.put(f"/v1/azure_subscriptions/add/{customer_id}", bound).is_success
    about = {
        "address": {**ADDRESS, "street1": "Zanzibar Crescent"},
        "billing_contact": "zuleika@neighbour.example",
        "tags": [{"key": "zebra-tag", "value": "x"}],
    }
    assert api.put(f"/v1/customers/{neighbour}", about).is_success
    listed(world.installation, world.partner, "ab123", "fgh345", "AB-three")
    specification = XML.format(percent=MARKUP).replace('name="Everything"', 'name="Zodiac rule"')
    priced(api, assigned(api, own, book(api, "Zephyr price book", specification)["id"])["id"])
    account = {"BillingAccountId": "zinc-billing-account"}
    charges = [
        charge(
            "2024-09-01",
            str(COST),
            str(LISTED),
            SubAccountId=SUBSCRIPTIONS[0],
            ChargeDescription=f"${COST} per month, as Amazon writes it",
            **account,
        ),
        charge("2024-09-01", str(NEIGHBOURS_COST), str(NEIGHBOURS_PRICE), SubAccountId=SUBSCRIPTIONS[1], **account),
    ]
    file = write_focus(world.installation.settings.home / "zircon-delivery.csv", charges)
    import_costs(world.installation, world.partner, CostImportOrder((file,), scope="zenith-export"))
    run_bill(world.installation, world.partner, SEPTEMBER)


@pytest.mark.parametrize("store", ["sqlite"])
def test_what_is_planted_can_be_found_where_it_may_be_seen(planted: PlantedWorld, api: ApiClient) -> None:
    """The search can find all that it looks for: the partner's own key sees nearly all of it."""
    names = {
        "the margin", "the partner's cost", "the markup", "the neighbour's total",
        "the neighbour's name", "the neighbour's address", "the neighbour's contact", "the neighbour's tag",
        "the neighbour's tenant", "the price book", "the rule in the price book", "the billing rule",
        "a user of the partner", "a reason in the audit trail",
    }  # fmt: skip

    def all_seen(found: Sequence[Leak]) -> bool:
        return names <= {leak.secret for leak in found}

    shown = [route for route in CALLS if route.method == "GET"]
    found, _ = search(api, shown, planted.ids, planted.secrets, all_seen)
    assert names - {leak.secret for leak in found} == set()


@pytest.mark.long
def test_no_call_shows_a_customers_key_anything_that_is_not_its_own(
    planted: PlantedWorld, anyone: ApiClient, store: str
) -> None:
    """Every call is made on SQLite, and on PostgreSQL every one that answers such a key.

    What its role may not call is refused before the record is asked for anything but the key, so on either store alike.
    """
    own = anyone.with_key(planted.world.keys["own_customer"])
    (statement,) = own.get("/v1/customer_statements").json()["billing_artifacts"]
    assert Decimal(str(statement["total_amount"])) == PRICE.quantize(Decimal("0.01"))
    calls = CALLS if store == "sqlite" else [*_of_customers(), *OPEN_CALLS]
    found, statuses = search(own, calls, planted.ids, planted.secrets)
    assert found == []
    assert statuses >= {200, 304, 403, 404, 405, 406, 414, 422}


def test_a_stranger_without_a_key_sees_nothing_either(planted: PlantedWorld, anyone: ApiClient) -> None:
    found, statuses = search(anyone, OPEN_CALLS, planted.ids, planted.secrets)
    assert (found, 200 in statuses) == ([], True)


@pytest.mark.parametrize("store", ["sqlite"])
def test_refusals_of_bodies_and_limits_show_nothing(planted: PlantedWorld) -> None:
    """No call with a body is a customer's; the same refusals are met here as if one were."""
    limited = replace(
        planted.world.installation, settings=replace(planted.world.installation.settings, calls_per_minute=1)
    )
    with api_client(application(limited), planted.world.keys["own_customer"]) as client:
        found, statuses = search(client, _of_customers(), planted.ids, planted.secrets)
    assert found == []
    assert 429 in statuses
    opened = [
        replace(route, permission=Permission.READ_OWN) for route in ROUTES if route.body and route.method == "POST"
    ]
    with api_client(application(planted.world.installation, opened), planted.world.keys["own_customer"]) as client:
        found, statuses = search(client, opened, planted.ids, planted.secrets)
    assert found == []
    assert statuses >= {403, 413, 422}


def _of_customers() -> list[Route]:
    return [route for route in ROUTES if route.permission is Permission.READ_OWN]


Planting = Callable[[PlantedWorld, Answer], Answer]


def _in_the_body(_planted: PlantedWorld, answer: Answer) -> Answer:
    return replace(answer, body=answer.body.replace(b"{", b'{"statement_cost": 88919331.13, ', 1))


def _in_minor_units(_planted: PlantedWorld, answer: Answer) -> Answer:
    return replace(answer, body=answer.body + b"8891933113")


def _in_groups_of_thousands(_planted: PlantedWorld, answer: Answer) -> Answer:
    return replace(answer, body=answer.body + b"28.535.373,37")


def _as_a_percent(_planted: PlantedWorld, answer: Answer) -> Answer:
    return replace(answer, body=answer.body + b"17.7713")


def _in_a_header(planted: PlantedWorld, answer: Answer) -> Answer:
    return replace(answer, headers={**answer.headers, "X-Served-For": str(planted.world.neighbour_id)})


def _in_an_error(_planted: PlantedWorld, _answer: Answer) -> Answer:
    raise NotFound("customer_not_found", "There is no such customer: did you mean NEIGHBOUR LTD?")


def _in_the_fields_of_an_error(_planted: PlantedWorld, _answer: Answer) -> Answer:
    raise Conflict("collision", "It collides.", {"file": "/data/Zircon-Delivery.csv"})


PLANTINGS: Sequence[Planting] = (
    _in_the_body,
    _in_minor_units,
    _in_groups_of_thousands,
    _as_a_percent,
    _in_a_header,
    _in_an_error,
    _in_the_fields_of_an_error,
)


@pytest.mark.parametrize("store", ["sqlite"])
def test_the_search_fails_where_something_leaks(planted: PlantedWorld) -> None:
    """Each route of customers in turn is made to leak, in each way that there is."""
    for planting, route in itertools.product(PLANTINGS, _of_customers()):

        def leaking(call: Call, route: Route = route, planting: Planting = planting) -> Answer:
            return planting(planted, route.handler(call))

        routes = [replace(route, handler=leaking)]
        with api_client(application(planted.world.installation, routes), planted.world.keys["own_customer"]) as client:
            found, _ = search(client, routes, planted.ids, planted.secrets, enough=bool)
        assert found, (planting.__name__, route.path)
