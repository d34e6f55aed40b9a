"""Deliver issued documents: into customers' folders, and by electronic mail. Safe to run again, at any time."""

from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from rebill.lake.folders import exclusive_lock
from rebill.model.audit import Act
from rebill.model.document_delivery import DeliveryState, DeliveryWay, DocumentDelivery, IssuedBesideDeliveries
from rebill.model.errors import Invalid, NotFound
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Occasion, Role
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.read_statements import unknown_statement
from rebill.services.delivering.deliver_one import Attempt, deliver_one
from rebill.services.delivering.faults import FaultKind
from rebill.services.parties.read_customers import unknown_customer
from rebill.store.customers import customer_name
from rebill.store.document_deliveries import (
    DeliveryChoice,
    customers_of_unordered,
    deliveries_of,
    forget_unsure,
    issued_beside_deliveries,
    order_deliveries,
    partners_with_due_deliveries,
    postpone,
    to_deliver,
)
from rebill.store.particulars import particulars_in_force
from rebill.store.partners import hold_partner
from rebill.store.scope import Scope
from rebill.store.statements import find_statement

IsStopping = Callable[[], bool]


@dataclass(frozen=True)
class DeliveryOrder:
    """What is to be delivered: everything that was not, or that of a month or customer.

    ``again``: a document of which nobody knows whether it was delivered, and which is to be delivered once more.
    """

    month: BillingMonth | None = None
    customer_id: int | None = None
    again: int | None = None


def deliver_documents(installation: Installation, caller: Caller, order: DeliveryOrder) -> list[DocumentDelivery]:
    """Deliver what was not delivered yet; answers every delivery that the order is about, as it stands now.

    One that fails does not hold up the others. Waits while another process delivers documents of this partner. Raises
    ``Forbidden``, ``NotFound``, and ``Invalid`` where the settings name neither folder nor mail server.
    """
    require(caller, Permission.CHANGE)
    if not installation.settings.delivery.ways:
        raise Invalid(
            "nowhere_to_deliver",
            "Nothing was delivered: set REBILL_DELIVERY_FOLDER, or REBILL_SMTP_HOST and REBILL_MAIL_FROM.",
        )
    _prepare(installation, caller, order)
    with exclusive_lock(_lock_of(installation, caller.partner_id), waits=True):
        _deliver(installation, caller, DeliveryChoice(order.month, order.customer_id), lambda: False)
    return list_deliveries(installation, caller, order)


def deliver_due(installation: Installation, is_stopping: IsStopping) -> dict[int, list[Attempt]]:
    """Deliver what is due, of every partner that no other process delivers for: partner id → what was tried.

    Serves no caller: a server does it by itself, again and again. ``is_stopping`` is asked before each document.
    """
    now = installation.clock()
    with installation.database.reading() as connection:
        partner_ids = partners_with_due_deliveries(connection, now)
    tried: dict[int, list[Attempt]] = {}
    for partner_id in partner_ids:
        caller = Caller(partner_id, Role.OPERATOR, occasion=Occasion(reason="due, and delivered by the server"))
        with exclusive_lock(_lock_of(installation, partner_id)) as held:
            if held:
                tried[partner_id] = _deliver(installation, caller, DeliveryChoice(due_at=now), is_stopping)
    return tried


def list_deliveries(installation: Installation, caller: Caller, order: DeliveryOrder) -> list[DocumentDelivery]:
    """What became of the deliveries that the order is about. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return deliveries_of(Scope.of(connection, caller), order.month, order.customer_id)


def read_issued_beside_deliveries(
    installation: Installation, caller: Caller, order: DeliveryOrder
) -> IssuedBesideDeliveries:
    """What is issued of that which the order is about, and what of it nobody tried to deliver. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return issued_beside_deliveries(Scope.of(connection, caller), DeliveryChoice(order.month, order.customer_id))


def _lock_of(installation: Installation, partner_id: int) -> Path:
    return installation.settings.home / "delivery" / f"{partner_id}.lock"


def _prepare(installation: Installation, caller: Caller, order: DeliveryOrder) -> None:
    now = installation.clock()

    def act(connection: Connection) -> None:
        scope = Scope.of(connection, caller)
        if order.customer_id is not None and customer_name(scope, order.customer_id, even_deleted=True) is None:
            raise unknown_customer(order.customer_id)
        if order.again is None:
            return
        if find_statement(scope, order.again) is None:
            raise unknown_statement(order.again)
        if not forget_unsure(scope, order.again, now):
            raise NotFound(
                "delivery_not_unsure", f"What became of document {order.again} is known: rebill deliver shows it."
            )

    installation.database.write(act)


def _deliver(
    installation: Installation, caller: Caller, choice: DeliveryChoice, is_stopping: IsStopping
) -> list[Attempt]:
    """Deliver what the choice is about by every way of the settings. The partner's lock must be held."""
    tried: list[Attempt] = []
    for way in installation.settings.delivery.ways:
        with installation.database.reading() as connection:
            waiting = deque(to_deliver(Scope.of(connection, caller), way, choice))
        second: set[int] = set()
        while waiting and not is_stopping():
            statement_id = waiting.popleft()
            attempt = deliver_one(installation, caller, statement_id, way, is_repeated=statement_id in second)
            if attempt is None:
                continue
            tried.append(attempt)
            if attempt.fault is FaultKind.UNREACHABLE:
                _postpone(installation, caller, way, waiting)
                break
            if attempt.fault is FaultKind.PASSING and way is DeliveryWay.EMAIL and statement_id not in second:
                # Much of what keeps a mail server from taking a letter has passed when the others are through.
                second.add(statement_id)
                waiting.append(statement_id)
    delivered = Counter(attempt.way for attempt in tried if attempt.state is DeliveryState.DELIVERED)
    if delivered:
        _record(installation, caller, {way: delivered[way] for way in installation.settings.delivery.ways})
    return tried


def _postpone(installation: Installation, caller: Caller, way: DeliveryWay, untried: Collection[int]) -> None:
    """What is due by a way that takes nothing waits as long as what was tried, and so does what nobody ordered yet."""

    def act(connection: Connection) -> None:
        scope, now = Scope.of(connection, caller), installation.clock()
        hold_partner(scope)
        customer_ids = customers_of_unordered(scope, way, untried)
        shown = particulars_in_force(scope, set(customer_ids.values()))
        order_deliveries(scope, [way], {document: shown[customer_ids[document]] for document in customer_ids}, now)
        postpone(scope, way, now)

    installation.database.write(act)


def _record(installation: Installation, caller: Caller, delivered: Mapping[str, int]) -> None:
    now = installation.clock()

    def act(connection: Connection) -> None:
        scope = Scope.of(connection, caller)
        record_change(scope, caller, Act.DELIVER_DOCUMENTS, scope.partner_id, now, after=delivered)

    installation.database.write(act)
