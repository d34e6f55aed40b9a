"""A small world to call the API in: two partners, customers of both, every kind of key."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import select, update

from rebill.model.customer import NewCustomer
from rebill.model.identifiers import AccountKind
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Classification, Role
from rebill.model.statement import PricedLine, drawn_up
from rebill.services.acting.installation import Installation
from rebill.services.callers.keys import create_key
from rebill.services.keeping.initialise import create_partner
from rebill.services.parties.create_customer import create_customer
from rebill.settings import OpenIdSettings
from rebill.store.accounts import SeenAccount, remember_accounts
from rebill.store.identity import draw_id
from rebill.store.scope import Scope
from rebill.store.statements import replace_estimated_statements, save_run
from rebill.store.tables import customers, runs, statements
from tests.services.steps import listed

CATALOGUE = ("ab123", "fgh345", "AB-three", "four", "five")
SUBSCRIPTIONS = ("11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222", "aws-account-3")
KINDS = ("admin", "operator", "read_only", "own_customer", "other_customer", "other_partner")
ADDRESS = {"street1": "1 Main St", "city": "Springfield", "state": "MA", "zipcode": "01234", "country": "US"}
RULE = {
    "name": "Managed service",
    "cloud": "azure",
    "billing_rule_type": "custom",
    "rule_action": "flat_fee",
    "product_name": "Managed service",
    "product_description": "Watching over it, day and night",
    "apply_flat_fee_cost": 1000,
}
"""A billing rule that is for nobody yet."""
ADD = "/v1/azure_partner_customer_accounts/add"
REMOVE = "/v1/azure_partner_customer_accounts/remove"
MOVE = "/v1/azure_partner_customer_accounts/move"
LIST = "/v1/azure_partner_customer_accounts/list"


@dataclass(frozen=True)
class World:
    """``customer_id`` is the customer in question, ``neighbour_id`` another one of the same partner.

    ``keys`` by kind of caller; ``foreign_customer_id`` is a customer of the other partner.
    """

    installation: Installation
    partner: Caller
    keys: Mapping[str, str]
    customer_id: int
    neighbour_id: int
    foreign_customer_id: int


def build_world(installation: Installation) -> World:
    """The world, in an empty record: "Indigo" and "Neighbour Ltd" of one partner, "Foreign Ltd" of another."""
    installation = naming_provider(installation)
    first = create_partner(installation, "First Partner")
    second = create_partner(installation, "Second Partner")
    partner, stranger = Caller(first.partner_id, Role.ADMIN), Caller(second.partner_id, Role.ADMIN)
    assert first.api_key is not None
    assert second.api_key is not None
    listed(installation, partner, *CATALOGUE)
    listed(installation, stranger, *CATALOGUE)
    seen_subscriptions(installation, partner, *SUBSCRIPTIONS)
    _seen(installation, partner, AccountKind.CHARGE_KIND, "purchase", "adjustment")
    _seen(installation, partner, AccountKind.COMMITMENT, "reservation-1", "reservation-2")
    own, neighbour = _customer(installation, partner, "Indigo"), _customer(installation, partner, "Neighbour Ltd")
    keys = {
        "admin": first.api_key,
        "operator": create_key(installation, partner, Role.OPERATOR, None).api_key,
        "read_only": create_key(installation, partner, Role.READ_ONLY, None).api_key,
        "own_customer": create_key(installation, partner, Role.CUSTOMER_READ_ONLY, own).api_key,
        "other_customer": create_key(installation, partner, Role.CUSTOMER_READ_ONLY, neighbour).api_key,
        "other_partner": second.api_key,
    }
    foreign = _customer(installation, stranger, "Foreign Ltd")
    return World(installation, partner, keys, own, neighbour, foreign)


def naming_provider(installation: Installation) -> Installation:
    """The installation with an identity provider, which nobody asks anything: it is only named."""
    provider = OpenIdSettings("https://identity.example", "rebill", "secret", "https://rebill.example/back")
    return replace(installation, settings=replace(installation.settings, openid=provider))


def partner_of(installation: Installation, customer_id: int) -> Caller:
    """An administrator of the partner whose customer this is."""
    owner = select(customers.c.partner_id).where(customers.c.customer_id == customer_id)
    with installation.database.reading() as connection:
        return Caller(connection.scalars(owner).one(), Role.ADMIN)


def _customer(installation: Installation, partner: Caller, name: str) -> int:
    """A customer whose own keys live."""
    new = NewCustomer(name, classification=Classification.MANAGED_WITH_ACCESS)
    return create_customer(installation, partner, new).customer_id


def seen_subscriptions(installation: Installation, partner: Caller, *identifiers: str) -> None:
    """Imported cost names these subscriptions."""
    _seen(installation, partner, AccountKind.SUBSCRIPTION, *identifiers)


def _seen(installation: Installation, partner: Caller, kind: AccountKind, *identifiers: str) -> None:
    seen = [SeenAccount(one, f"Name of {one}", "", "") for one in identifiers]
    moment = datetime(2024, 10, 1, tzinfo=UTC)
    with installation.database.writing() as connection:
        remember_accounts(Scope.of(connection, partner), kind, seen, moment)


INVOICE: dict[str, object] = {
    "number": "G016907411",
    "billing_period": "2024-09",
    "currency": "USD",
    "total": "1204.55",
}
"""An invoice of Microsoft's, as the API takes it."""


def entry(customer_id: int) -> dict[str, object]:
    """A manual line of this customer, as the API takes it."""
    return {"client_api_id": customer_id, "billing_period": "2024-09", "amount": "7.50", "reason": "Set-up"}


def drawn_statement(
    installation: Installation,
    customer_id: int,
    *lines: tuple[str | None, str],
    month: str = "2024-09",
    currency: str = "USD",
    final: bool = False,
) -> int:
    """The statement of a month as a run draws it up from lines of (provider, exact amount); its id.

    It costs the partner 7.77. ``final``: it is issued.
    """
    priced = [
        PricedLine(provider, f"subscription-{place}", "Virtual Machines", "Usage", None, None, Decimal(amount), 1)
        for place, (provider, amount) in enumerate(lines or (("Microsoft", "10"),))
    ]
    billing_month = BillingMonth.parse(month)
    statement = drawn_up(customer_id, billing_month, currency, priced, Decimal("7.77"))
    now = installation.clock()
    with installation.database.writing() as connection:
        owner = select(customers.c.partner_id).where(customers.c.customer_id == customer_id)
        scope = Scope(connection, connection.scalars(owner).one())
        run_id = draw_id(connection, runs.c.run_id)
        proof: dict[str, object] = {"engine": "duckdb", "folder": "", "balance": [], "attention": {}}
        proof |= {"manifest_sha256": "", "outcome_sha256": ""}
        save_run(scope, run_id=run_id, billing_month=month, customer_id=customer_id, finished_at=now, **proof)
        replace_estimated_statements(scope, billing_month, [statement], run_id, now, customer_id)
        of_customer = (statements.c.customer_id == customer_id) & (statements.c.billing_month == month)
        if final:
            connection.execute(update(statements).where(of_customer).values(status="Final", issued_at=now))
        query = select(statements.c.statement_id).where(of_customer, statements.c.currency == currency)
        return int(connection.scalars(query).one())
