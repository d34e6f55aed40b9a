"""Rows written past the product: a partner, two customers, and accounts that are assigned."""

from datetime import UTC, date, datetime

from sqlalchemy import insert

from rebill.store.database import Database
from rebill.store.tables import accounts, assignments, customers, partners

NOW = datetime(2024, 10, 15, tzinfo=UTC)
Day = str | None


def partner_row(partner_id: int) -> dict[str, object]:
    """A partner of this id."""
    row: dict[str, object] = {"partner_id": partner_id, "name": f"Partner {partner_id}", "currency": "USD"}
    return row | {"bill_input_tax": False, "created_at": NOW}


def account_row(account_id: int) -> dict[str, object]:
    """An account of partner 1."""
    row: dict[str, object] = dict.fromkeys("spelling name domain relationship search_text".split(), "")
    row |= {"account_id": account_id, "partner_id": 1, "kind": "azure_customer", "account_key": str(account_id)}
    return row | {"status": "active", "listing_position": 0, "first_seen_at": NOW, "last_seen_at": NOW}


def two_customers_and_two_accounts(database: Database) -> None:
    """Partner 1, with customers 1 and 2 and accounts 1 and 2, of which nobody has any."""
    texts = dict.fromkeys(
        "street1 street2 city state zipcode country billing_contact billing_folder classification "
        "generated_external_id".split(),
        "",
    )
    times = {"created_at": NOW, "updated_at": NOW}
    with database.writing() as connection:
        connection.execute(insert(partners), partner_row(1))
        for customer_id in (1, 2):
            row: dict[str, object] = {"customer_id": customer_id, "partner_id": 1, "name": f"Customer {customer_id}"}
            row["tags"] = []
            connection.execute(insert(customers), row | texts | times)
        connection.execute(insert(accounts), [account_row(1), account_row(2)])


def day(text: Day) -> date | None:
    """The day that is written so."""
    return None if text is None else date.fromisoformat(text)


def assignment_row(
    assignment_id: int, days: tuple[Day, Day] = (None, None), withdrawn_at: datetime | None = None, **columns: object
) -> dict[str, object]:
    """An assignment of account 1 to customer 1 on these days, but for what ``columns`` say."""
    first, until = map(day, days)
    row: dict[str, object] = {
        "assignment_id": assignment_id,
        "partner_id": 1,
        "listing_position": 0,
        "customer_id": 1,
        "account_id": 1,
    }
    row |= {"effective_from": first, "effective_to": until, "withdrawn_at": withdrawn_at}
    return {**row, "listing_position": 0, "created_at": NOW, "updated_at": NOW, **columns}


def assign(database: Database, customer_id: int, days: tuple[Day, Day], withdrawn_at: datetime | None = None) -> None:
    """Assign account 1 to a customer; the customer's id is the assignment's too."""
    with database.writing() as connection:
        row = assignment_row(customer_id, days, withdrawn_at, customer_id=customer_id)
        connection.execute(insert(assignments), row)
