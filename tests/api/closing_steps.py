"""Months that can be closed over the API, and acts that wait for a second person."""

import secrets

from sqlalchemy import select

from rebill.model.closing import ClosingAct, ClosingOrder, Numbering
from rebill.store.closings import add_closing
from rebill.store.scope import Scope
from rebill.store.tables import customers
from tests.api.proof_steps import ProvenMonth, proven_month
from tests.api.world import World
from tests.services.accountant import cost
from tests.services.months import SEPTEMBER

OVERRIDE = "To be closed all the same"


def finalizable(world: World) -> dict[str, object]:
    """What finalizes September for a customer of its own."""
    return {"billing_period": "2024-09", "client_api_id": proven_month(world).customer_id, "override": OVERRIDE}


def issued(world: World, numbering: Numbering = Numbering.GAPLESS) -> ProvenMonth:
    """September is issued to a customer of its own."""
    month = proven_month(world)
    month.accountant.settle(numbering=numbering)
    month.accountant.finalize(customer_id=month.customer_id, override=OVERRIDE)
    return month


def correctable(world: World) -> dict[str, object]:
    """What corrects September for a customer whose cost became another after it was issued."""
    month = issued(world)
    month.accountant.deliver(SEPTEMBER, cost(SEPTEMBER, "12.5", month.subscription), scope=month.scope)
    month.accountant.run()
    return {"billing_period": "2024-09", "client_api_id": month.customer_id, "reason": "Late cost"}


def proposed(world: World, customer_id: int) -> int:
    """Somebody else asked to finalize September, for the partner of ``customer_id``, and it waits; the closing's id."""
    if customer_id == world.foreign_customer_id:
        order = ClosingOrder(ClosingAct.FINALIZE, SEPTEMBER, customer_id)
        with world.installation.database.writing() as connection:
            owner = select(customers.c.partner_id).where(customers.c.customer_id == customer_id)
            scope = Scope(connection, connection.scalars(owner).one())
            return add_closing(
                scope, order, (), secrets.token_hex(32), "user 1", world.installation.clock(), waits=True
            ).closing_id
    month = proven_month(world)
    month.accountant.settle(needs_approval=True)
    waiting = month.accountant.finalize(customer_id=month.customer_id, override=OVERRIDE).closing
    assert waiting is not None
    return waiting.closing_id
