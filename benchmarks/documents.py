"""How fast statements become PDFs on this machine: ``python -m benchmarks.documents [--documents N]``.

Each is an invoice of forty lines over five subscriptions with tax, its electronic invoice made and embedded. They are
made one after the other and let go, as a delivery does it.
"""

import argparse
import time
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product

from benchmarks.memory import resident_megabytes
from rebill.documents.cii import cii
from rebill.documents.electronic_invoice import electronic_invoice
from rebill.documents.presented import PresentedStatement
from rebill.documents.statement_pdf import statement_pdf
from rebill.model.document import Document
from rebill.model.months import BillingMonth
from rebill.model.particulars import Letterhead, Particulars, Recipient
from rebill.model.party import Address
from rebill.model.statement import PricedLine, StatementStatus, drawn_up
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment

_MONTH = BillingMonth(2024, 9)
_STANDARD = TaxRule(None, TaxedLines.ALL, "0000-00", TaxTreatment(TaxCategory.STANDARD, Decimal(19)))
_WARM_UP = 100


def example(number: int) -> PresentedStatement:
    """The invoice of one of many customers: no two have the same texts or amounts."""
    lines = [
        PricedLine(
            "Microsoft",
            f"00000000-0000-4000-{subscription:04d}-{number:012d}",
            f"Service {service}",
            "Usage",
            Decimal(number) / 8 + service,
            "1 Hour",
            Decimal(number * 7 + service * 13 + subscription) / 16,
            3,
        )
        for subscription, service in product(range(5), range(8))
    ]
    statement = drawn_up(100_000_000 + number, _MONTH, "EUR", lines, Decimal(0))
    head = Letterhead("Contoso GmbH", Address("Hauptstraße 1", "", "Berlin", "", "10115", "DE"), "DE136695976")
    recipient = Recipient(
        statement.customer_id, f"Customer {number} Ltd", Address("1 Main St", city="Paris", country="FR")
    )
    return PresentedStatement(
        number,
        replace(statement, status=StatementStatus.FINAL),
        Document(invoice_id=f"S2024-{number:06d}", invoice_date=date(2024, 10, 8)),
        Particulars("Contoso", head, recipient, (_STANDARD,)),
    )


def main() -> None:
    """Measure, and print it."""
    parser = argparse.ArgumentParser(description="How fast statements become PDFs.")
    parser.add_argument("--documents", type=int, default=1000)
    count: int = parser.parse_args().documents
    begun, worked, size, warm = time.monotonic(), time.process_time(), 0, 0
    for number in range(count):
        presented = example(number)
        size += len(statement_pdf(presented, cii(electronic_invoice(presented))))
        if number == min(_WARM_UP, count - 1):
            warm = resident_megabytes()
    wall, processor = time.monotonic() - begun, time.process_time() - worked
    print(f"{count:,} PDFs of 40 lines, each with its electronic invoice inside, {size / count / 1024:.0f} KiB each")
    print(f"wall {wall:.1f} s, processor {processor:.1f} s: {processor / count * 1000:.1f} ms of one core each")
    print(f"memory after {min(_WARM_UP, count)}: {warm} MB, at the end: {resident_megabytes()} MB")


if __name__ == "__main__":
    main()
