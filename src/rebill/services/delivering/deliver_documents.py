"""Deliver issued documents: into customers' folders, and by electronic mail. Safe to run again, at any time."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from rebill.documents.presented import PresentedStatement
from rebill.model.audit import Act
from rebill.model.document import DocumentForm
from rebill.model.document_delivery import DeliveryState, DeliveryWay, DocumentDelivery
from rebill.model.errors import Conflict, Invalid, NotFound, RebillError
from rebill.model.months import BillingMonth
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.services.billing.read_statements import unknown_statement
from rebill.services.delivering.folder import DeliveryFault, write_files
from rebill.services.delivering.letter import Unsure, letter, send
from rebill.services.parties.read_customers import unknown_customer
from rebill.services.presenting.customer_data_set import write_customer_data_set
from rebill.services.presenting.presented_statement import presented_statement
from rebill.services.presenting.statement_file import file_of
from rebill.store.customers import billing_folders, customer_name
from rebill.store.document_deliveries import begin_delivery, deliveries_of, end_delivery, forget_unsure, to_deliver
from rebill.store.partners import hold_partner
from rebill.store.scope import Scope
from rebill.store.statements import find_statement

FILED = (DocumentForm.PDF, DocumentForm.CSV, DocumentForm.CII, DocumentForm.FOCUS_PARQUET)
"""What is written into a customer's folder; an electronic invoice where there can be one."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


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

    One that fails does not hold up the others, and is tried again by the next call. Raises ``Forbidden``,
    ``NotFound``, and ``Invalid`` where the settings name neither folder nor mail server.
    """
    require(caller, Permission.CHANGE)
    settings = installation.settings.delivery
    ways = [
        way for way, named in ((DeliveryWay.FOLDER, settings.folder), (DeliveryWay.EMAIL, settings.smtp_host)) if named
    ]
    if not ways:
        raise Invalid(
            "nowhere_to_deliver",
            "Nothing was delivered: set REBILL_DELIVERY_FOLDER, or REBILL_SMTP_HOST and REBILL_MAIL_FROM.",
        )
    _prepare(installation, caller, order)
    changed = {way.value: 0 for way in ways}
    for way in ways:
        for statement_id, customer_id in _waiting(installation, caller, way, order):
            changed[way.value] += _delivered(installation, caller, statement_id, customer_id, way)
    if any(changed.values()):
        _record(installation, caller, changed)
    return list_deliveries(installation, caller, order)


def list_deliveries(installation: Installation, caller: Caller, order: DeliveryOrder) -> list[DocumentDelivery]:
    """What became of the deliveries that the order is about. Raises ``Forbidden``."""
    require(caller, Permission.READ)
    with installation.database.reading() as connection:
        return deliveries_of(Scope.of(connection, caller), order.month, order.customer_id)


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


def _waiting(
    installation: Installation, caller: Caller, way: DeliveryWay, order: DeliveryOrder
) -> list[tuple[int, int]]:
    with installation.database.reading() as connection:
        return to_deliver(Scope.of(connection, caller), way, order.month, order.customer_id)


def _delivered(
    installation: Installation, caller: Caller, statement_id: int, customer_id: int, way: DeliveryWay
) -> int:
    """Deliver one document one way; 1 where that was done, 0 where it failed or there is nowhere to."""
    presented = presented_statement(installation, caller, statement_id)
    target = _target(installation, caller, presented, way)
    if not target:
        return 0

    def begin(connection: Connection) -> bool:
        scope = Scope.of(connection, caller)
        hold_partner(scope)
        return begin_delivery(scope, statement_id, customer_id, way, target, installation.clock())

    # What is about to leave is in the record before it does: a process that is killed sends nothing twice.
    if not installation.database.write(begin):
        return 0
    bring = _bring_to_folder if way is DeliveryWay.FOLDER else _bring_by_mail
    state, told = _tried(lambda: bring(installation, caller, presented, target))

    def end(connection: Connection) -> None:
        end_delivery(Scope.of(connection, caller), statement_id, way, state, told, installation.clock())

    installation.database.write(end)
    return int(state is DeliveryState.DELIVERED)


def _tried(bring: Callable[[], str]) -> tuple[DeliveryState, str]:
    try:
        return DeliveryState.DELIVERED, bring()
    except (DeliveryFault, RebillError) as fault:
        # A document that cannot be made has not left either.
        return DeliveryState.FAILED, str(fault)
    except Unsure as fault:
        return DeliveryState.UNSURE, str(fault)


def _target(installation: Installation, caller: Caller, presented: PresentedStatement, way: DeliveryWay) -> str:
    """The customer's folder, or its addresses; ``""`` where it has none."""
    if way is DeliveryWay.EMAIL:
        return presented.particulars.recipient.details.email
    customer_id = presented.statement.customer_id
    with installation.database.reading() as connection:
        return billing_folders(Scope.of(connection, caller), [customer_id]).get(customer_id, "")


def _bring_to_folder(installation: Installation, caller: Caller, presented: PresentedStatement, target: str) -> str:
    stem = f"{_UNSAFE.sub('_', presented.document.invoice_id)}-{presented.statement_id}"
    with TemporaryDirectory(prefix="rebill-delivery-") as folder:
        files: dict[str, Path] = {}
        for form in FILED:
            name = f"{stem}.{form.ending}"
            if _written(installation, caller, presented, form, Path(folder) / name):
                files[name] = Path(folder) / name
        write_files(installation, target, files)
    return ""


def _written(
    installation: Installation, caller: Caller, presented: PresentedStatement, form: DocumentForm, file: Path
) -> bool:
    """Write a document to a file; ``False`` for an electronic invoice of which too little is told."""
    if form.is_data_set:
        write_customer_data_set(installation, caller, presented.statement_id, form, file)
        return True
    try:
        file.write_bytes(file_of(installation, presented, form).content)
    except Conflict:
        return False
    return True


def _bring_by_mail(installation: Installation, _: Caller, presented: PresentedStatement, __: str) -> str:
    settings = installation.settings.delivery
    file = file_of(installation, presented, DocumentForm.PDF)
    return send(settings, letter(settings, presented, file, installation.clock().timestamp()))


def _record(installation: Installation, caller: Caller, changed: dict[str, int]) -> None:
    now = installation.clock()

    def act(connection: Connection) -> None:
        scope = Scope.of(connection, caller)
        record_change(scope, caller, Act.DELIVER_DOCUMENTS, scope.partner_id, now, after=changed)

    installation.database.write(act)
