"""A trail to tamper with, and tampering."""

from sqlalchemy import text

from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.keeping.verify_audit_trail import TrailReport, verify_audit_trail
from tests.services.steps import customer


def six_entries(installation: Installation, partner: Caller) -> TrailReport:
    """A sound trail of six entries, 1 to 6."""
    for number in range(5):
        customer(installation, partner, f"Customer {number}")
    report = verify_audit_trail(installation, partner)
    assert (report.is_sound, report.entry_count) == (True, 6)
    return report


def tamper(installation: Installation, *statements: str) -> None:
    """Run what the database itself refuses: as who owns it, and has taken the triggers away."""
    with installation.database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            names = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit_%'"
            for name in connection.scalars(text(names)).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        for statement in statements:
            connection.execute(text(statement))
