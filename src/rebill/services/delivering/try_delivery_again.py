"""Let a delivery that failed, or of which nobody knows, be tried again: the server that delivers brings it at once."""

from sqlalchemy import Connection

from rebill.model.audit import Act
from rebill.model.document_delivery import DeliveryState, DeliveryWay
from rebill.model.errors import Conflict, Invalid, NotFound
from rebill.model.party import Caller
from rebill.services.acting.audit_trail import record_change
from rebill.services.acting.installation import Installation
from rebill.services.acting.permission import Permission, require
from rebill.store.document_deliveries import find_delivery, make_due
from rebill.store.scope import Scope


def try_delivery_again(installation: Installation, caller: Caller, statement_id: int, way: DeliveryWay) -> None:
    """Order a document's delivery by one way again; what waits for its time is brought at once.

    Raises ``Forbidden``, ``NotFound``, ``Conflict`` for what is delivered already, and ``Invalid`` where the settings
    of the server do not name this way.
    """
    require(caller, Permission.CHANGE)
    if way not in installation.settings.delivery.ways:
        raise Invalid(
            "nowhere_to_deliver",
            "Nothing is delivered this way: set REBILL_DELIVERY_FOLDER, or REBILL_SMTP_HOST and REBILL_MAIL_FROM.",
        )
    now = installation.clock()

    def act(connection: Connection) -> None:
        scope = Scope.of(connection, caller)
        found = find_delivery(scope, statement_id, way)
        if found is None:
            raise NotFound(
                "delivery_not_found", f"Document {statement_id} was never to be delivered by {way.value}: list them."
            )
        if found.state is DeliveryState.DELIVERED or not make_due(scope, statement_id, way, now):
            raise Conflict("already_delivered", f"Document {statement_id} is delivered, and never sent twice.")
        record_change(
            scope,
            caller,
            Act.DELIVER_DOCUMENTS,
            scope.partner_id,
            now,
            before={"state": found.state.value},
            after={"tried_again": statement_id, "way": way.value},
            customer_id=found.customer_id,
        )

    installation.database.write(act)
