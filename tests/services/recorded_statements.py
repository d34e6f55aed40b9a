"""Statements put straight into the record, for what depends on which months are issued."""

from decimal import Decimal

from sqlalchemy import insert, select

from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.store.tables import runs, statements


def recorded_statement(
    installation: Installation,
    partner: Caller,
    customer_id: int,
    month: str,
    currency: str,
    total: int,
    cost: str,
    status: str = "Estimated",
    lines: int = 1,
) -> None:
    """A statement of ``total`` minor units stands in the record, and the run it came from."""
    times = {"created_at": installation.clock(), "updated_at": installation.clock()}
    with installation.database.writing() as connection:
        number = len(connection.execute(select(statements)).all()) + 1
        run: dict[str, object] = {
            "run_id": number,
            "billing_month": month,
            "customer_id": None,
            "engine": "duckdb",
            "folder": "",
            "number": number,
            "attention": {},
        }
        run |= {"partner_id": partner.partner_id, "finished_at": installation.clock(), "balance": []}
        connection.execute(insert(runs), run | {"manifest_sha256": "", "outcome_sha256": ""})
        row: dict[str, object] = {
            "statement_id": number,
            "partner_id": partner.partner_id,
            "customer_id": customer_id,
            "run_id": number,
        }
        row |= {"billing_month": month, "currency": currency, "status": status, "total_minor_units": total}
        row |= {"document_kind": "statement", "edition": 1, "carried_minor_units": 0, "block_minor_units": 0}
        row |= {
            "block_cost": Decimal(0),
            "reason": "",
            "issued_at": installation.clock() if status == "Final" else None,
        }
        connection.execute(insert(statements), row | {"statement_cost": Decimal(cost), "line_count": lines} | times)
