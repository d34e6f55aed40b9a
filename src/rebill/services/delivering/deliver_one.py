"""Bring one document to its customer by one way, and record what became of it."""

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from rebill.documents.presented import PresentedStatement
from rebill.model.document import DocumentForm
from rebill.model.document_delivery import DeliveryState, DeliveryWay
from rebill.model.errors import Conflict, RebillError
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.delivering.faults import DeliveryFault, FaultKind, Unsure
from rebill.services.delivering.letter import letter, send
from rebill.services.presenting.customer_data_set import write_customer_data_set
from rebill.services.presenting.presented_statement import presented_statement
from rebill.services.presenting.statement_file import file_of
from rebill.storage.writing import WritingFault, write_files
from rebill.store.customers import billing_folders
from rebill.store.document_deliveries import begin_delivery, end_delivery, forget_order
from rebill.store.particulars import details_in_force
from rebill.store.partners import first_partner, hold_partner
from rebill.store.scope import Scope

FILED = (DocumentForm.PDF, DocumentForm.CSV, DocumentForm.CII, DocumentForm.FOCUS_PARQUET)
"""What is written into a customer's folder; an electronic invoice where there can be one."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Attempt:
    """How an attempt to deliver a document ended, what is to be told of it, and of a fault its kind."""

    statement_id: int
    way: DeliveryWay
    state: DeliveryState
    told: str = ""
    fault: FaultKind | None = None


def deliver_one(
    installation: Installation, caller: Caller, statement_id: int, way: DeliveryWay, *, is_repeated: bool = False
) -> Attempt | None:
    """Deliver a document; ``None`` where there is nowhere to, or another process has it in hand.

    ``is_repeated``: it was tried in this round before, and is counted.
    """
    presented = presented_statement(installation, caller, statement_id)
    target = _target(installation, caller, presented, way)
    customer_id = presented.statement.customer_id

    def begin(connection: Connection) -> bool:
        scope = Scope.of(connection, caller)
        hold_partner(scope)
        if not target:
            forget_order(scope, statement_id, way)
            return False
        now = installation.clock()
        return begin_delivery(scope, statement_id, customer_id, way, target, now, is_repeated=is_repeated)

    # What is about to leave is in the record before it does: a process that is killed sends nothing twice.
    if not installation.database.write(begin):
        return None
    ended = _attempted(installation, caller, presented, target, way)

    def end(connection: Connection) -> None:
        scope, is_lasting = Scope.of(connection, caller), ended.fault is FaultKind.LASTING
        end_delivery(scope, statement_id, way, ended.state, ended.told, installation.clock(), is_lasting)

    installation.database.write(end)
    return ended


def _attempted(
    installation: Installation, caller: Caller, presented: PresentedStatement, target: str, way: DeliveryWay
) -> Attempt:
    bring = _bring_to_folder if way is DeliveryWay.FOLDER else _bring_by_mail
    document = (presented.statement_id, way)
    try:
        return Attempt(*document, DeliveryState.DELIVERED, bring(installation, caller, presented, target))
    except DeliveryFault as fault:
        return Attempt(*document, DeliveryState.FAILED, str(fault), fault.kind)
    except RebillError as fault:
        # A document that cannot be made has not left either.
        return Attempt(*document, DeliveryState.FAILED, str(fault), FaultKind.PASSING)
    except Unsure as fault:
        return Attempt(*document, DeliveryState.UNSURE, str(fault))


def _target(installation: Installation, caller: Caller, presented: PresentedStatement, way: DeliveryWay) -> str:
    """The customer's folder, or its addresses, as they are today; ``""`` where it has none.

    A document shows what it was issued with, and still goes to an address that was mended since.
    """
    customer_id = presented.statement.customer_id
    with installation.database.reading() as connection:
        scope = Scope.of(connection, caller)
        if way is DeliveryWay.EMAIL:
            return details_in_force(scope, customer_id).email
        return billing_folders(scope, [customer_id]).get(customer_id, "")


def _bring_to_folder(installation: Installation, caller: Caller, presented: PresentedStatement, target: str) -> str:
    stem = f"{_UNSAFE.sub('_', presented.document.invoice_id)}-{presented.statement_id}"
    with TemporaryDirectory(prefix="rebill-delivery-") as folder:
        files: dict[str, Path] = {}
        told = []
        for form in FILED:
            file = Path(folder) / f"{stem}.{form.ending}"
            told.append(_written(installation, caller, presented, form, file))
            if file.exists():
                files[file.name] = file
        settings = installation.settings
        try:
            place = _place_of_partner(installation, caller) + target
            write_files(settings.delivery.folder, place, files, settings.storage_connection_string_file)
        except WritingFault as fault:
            kind = FaultKind.UNREACHABLE if fault.is_of_place else FaultKind.PASSING
            raise DeliveryFault(str(fault), kind) from None
    return "; ".join(filter(None, told))


def _place_of_partner(installation: Installation, caller: Caller) -> str:
    """Below which partners' folders lie, so that none writes into what is another's customer's: the first has no own.

    No customer's folder is called so: ``=`` cannot stand in its name.
    """
    with installation.database.reading() as connection:
        first = first_partner(connection)
    return "" if first is None or first.partner_id == caller.partner_id else f"partner={caller.partner_id}/"


def _written(
    installation: Installation, caller: Caller, presented: PresentedStatement, form: DocumentForm, file: Path
) -> str:
    """Write a document to a file, but no electronic invoice of which too little is told; answers what is to be told."""
    if form.is_data_set:
        write_customer_data_set(installation, caller, presented.statement_id, form, file)
        return ""
    try:
        made = file_of(installation, presented, form)
    except Conflict:
        return ""
    file.write_bytes(made.content)
    return made.told


def _bring_by_mail(installation: Installation, _: Caller, presented: PresentedStatement, target: str) -> str:
    settings = installation.settings.delivery
    file = file_of(installation, presented, DocumentForm.PDF)
    told = send(settings, letter(settings, presented, target, file, installation.clock().timestamp()))
    return "; ".join(filter(None, (told, file.told)))
