"""Partners. They are the scopes themselves, so these queries take a bare connection."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, insert, select, text, update

from rebill.model.months import BillingMonth
from rebill.model.partner import PartnerSettings
from rebill.store.identity import draw_id
from rebill.store.scope import Scope
from rebill.store.tables import partners

_CREATION_LOCK = 7_245_411_905_118_002


@dataclass(frozen=True)
class PartnerRecord:
    """A partner as it is kept. ``name``: what commands call it."""

    partner_id: int
    name: str
    currency: str


def first_partner(connection: Connection) -> PartnerRecord | None:
    """The partner created first, or ``None`` where there is none yet."""
    order = (partners.c.created_at, partners.c.partner_id)
    return _one(connection, select(*_COLUMNS).order_by(*order).limit(1))


def partner_by_name(connection: Connection, name: str) -> PartnerRecord | None:
    """The partner that commands call exactly this."""
    return _one(connection, select(*_COLUMNS).where(partners.c.name == name))


def partner_by_id(connection: Connection, partner_id: int) -> PartnerRecord | None:
    """The partner of this id."""
    return _one(connection, select(*_COLUMNS).where(partners.c.partner_id == partner_id))


def every_partner(connection: Connection) -> list[PartnerRecord]:
    """All partners, the first created first."""
    order = (partners.c.created_at, partners.c.partner_id)
    return [PartnerRecord(*row) for row in connection.execute(select(*_COLUMNS).order_by(*order))]


def add_partner(connection: Connection, name: str, currency: str, created_at: datetime) -> int:
    """Create a partner, which commands call by its name; answers its id."""
    partner_id = draw_id(connection, partners.c.partner_id)
    row = {"partner_id": partner_id, "name": name, "shown_name": name, "currency": currency, "created_at": created_at}
    connection.execute(insert(partners), {**row, "bill_input_tax": False, "billing_start": None})
    return partner_id


def hold_creation(connection: Connection) -> None:
    """Let no other transaction say what commands call a partner until this one ends.

    SQLite's writers stand in line anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CREATION_LOCK})


def hold_partner(scope: Scope) -> None:
    """Let no other transaction that holds this partner go on until this one ends."""
    held = select(partners.c.partner_id).where(partners.c.partner_id == scope.partner_id)
    scope.connection.execute(held.with_for_update(key_share=True))


def settings_of(scope: Scope) -> PartnerSettings:
    """The settings of the scope's partner."""
    row = scope.connection.execute(select(partners).where(partners.c.partner_id == scope.partner_id)).one()
    start = None if row.billing_start is None else BillingMonth.parse(row.billing_start)
    return PartnerSettings(row.shown_name, row.name, row.currency, row.bill_input_tax, start)


def store_settings(scope: Scope, settings: PartnerSettings) -> None:
    """Keep the settings of the scope's partner as they are now."""
    values = {
        "shown_name": settings.name,
        "name": settings.name_for_commands,
        "currency": settings.currency,
        "bill_input_tax": settings.bill_input_tax,
        "billing_start": None if settings.billing_start is None else str(settings.billing_start),
    }
    scope.connection.execute(update(partners).where(partners.c.partner_id == scope.partner_id).values(**values))


_COLUMNS = (partners.c.partner_id, partners.c.name, partners.c.currency)


def _one(connection: Connection, query: Select[tuple[int, str, str]]) -> PartnerRecord | None:
    row = connection.execute(query).one_or_none()
    return None if row is None else PartnerRecord(row.partner_id, row.name, row.currency)
