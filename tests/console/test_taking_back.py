"""What was taken back bears a mark and the way to its note wherever it is shown, and the month comes to what stands."""

import re

import pytest

from rebill.model.party import Role
from rebill.model.statement import StatementFilter
from rebill.services.billing.read_statements import every_statement
from rebill.services.parties.billing_details import BillingDetailsChange, change_billing_details
from tests.console.conftest import NOBODYS, Office
from tests.console.visitor import Visitor


@pytest.fixture
def taken_back(office: Office, admin: Visitor) -> dict[str, int]:
    """September is finalized, taken back and issued anew: Indigo's documents, first, note and second."""
    office.month.subscriptions(office.own, NOBODYS)
    admin.open("/bills?month=2024-09")
    admin.send("/bills/run")
    assert "2 documents of September 2024 issued." in admin.send("/bills/finalize").text
    for statement_id in _documents(office).values():
        admin.open(f"/statements/{statement_id}")
        answer = admin.send(f"/statements/{statement_id}/void", reason="Wrong address")
        assert "The statement is taken back by a note." in answer.text
    admin.open("/bills?month=2024-09")
    admin.send("/bills/run")
    assert "1 document of September 2024 issued." in admin.send("/bills/finalize").text
    return dict(zip(("first", "note", "second"), _documents(office).values(), strict=True))


def _documents(office: Office) -> dict[str, int]:
    """Indigo's documents, number → id: its first statement, the note, its second."""
    found = every_statement(office.installation, office.partner, StatementFilter(office.own, with_notes=True))
    ids = {one.document.invoice_id: one.statement_id for one in found}
    statements, notes = (sorted(number for number in ids if number[0] == series) for series in "SN")
    return {number: ids[number] for number in (*statements[:1], *notes, *statements[1:])}


def _row(page: str, link: str) -> str:
    """The text of the table row that a link stands in first."""
    rows = [re.sub(r"<[^>]+>", " ", row) for row in page.split("<tr>") if f'"{link}"' in row.split("</th>")[0]]
    return " ".join(rows[0].split())


def test_the_month_is_listed_whole_and_sums_up_to_what_home_says(
    office: Office, admin: Visitor, taken_back: dict[str, int]
) -> None:
    first, note, second = _documents(office)
    bills = admin.open("/bills?month=2024-09")
    assert "4 documents" in bills.text
    page = bills.answer.text
    assert "taken back" in _row(page, f"/statements/{taken_back['first']}")
    assert f"taken back by {note}" in _row(page, f"/statements/{taken_back['first']}")
    assert f"takes back {first}" in _row(page, f"/statements/{taken_back['note']}")
    assert "taken back" not in _row(page, f"/statements/{taken_back['second']}")
    assert second in _row(page, f"/statements/{taken_back['second']}")
    assert "All in USD 150.75 USD 180.00 USD 29.25 USD 16.3 % +180.00 USD" in bills.text
    home = admin.open("/?month=2024-09").text
    assert "Price 180.00 USD" in home
    assert "Margin 29.25 USD" in home
    margins = admin.open("/margin?month=2024-09&by=month").text
    assert "180.00 USD" in margins


def test_the_console_marks_it_and_offers_to_take_back_only_what_can_be(
    office: Office, admin: Visitor, taken_back: dict[str, int]
) -> None:
    first, note, _ = _documents(office)
    customer = admin.open(f"/customers/{office.own}").answer.text
    assert f"taken back by {note}" in _row(customer, f"/statements/{taken_back['first']}")
    assert f"takes back {first}" in _row(customer, f"/statements/{taken_back['note']}")
    shown = admin.open(f"/statements/{taken_back['first']}")
    assert "set off in full" in shown.text
    assert f'href="/statements/{taken_back["note"]}"' in shown.answer.text
    offered = {
        name: any(form.action.endswith("/void") for form in admin.open(f"/statements/{statement_id}").forms)
        for name, statement_id in taken_back.items()
    }
    assert offered == {"first": False, "note": False, "second": True}
    assert f'href="/statements/{taken_back["first"]}"' in admin.open(f"/statements/{taken_back['note']}").answer.text


@pytest.mark.parametrize(
    ("language", "mark", "by", "takes_back", "set_off"),
    [
        ("en", "taken back", "taken back by", "takes back", "is set off in full"),
        ("de-AT", "zurückgenommen", "zurückgenommen durch", "nimmt zurück", "ist vollständig verrechnet"),
        ("fr", "annulé", "annulé par", "annule", "est entièrement compensé"),
    ],
)
def test_the_customer_is_told_in_its_language_what_it_does_not_owe(
    office: Office,
    stranger: Visitor,
    taken_back: dict[str, int],
    language: str,
    mark: str,
    by: str,
    takes_back: str,
    set_off: str,
) -> None:
    first, note, _ = _documents(office)
    change = BillingDetailsChange({"language": language})
    change_billing_details(office.installation, office.partner, office.own, change)
    stranger.sign_in(office.key(Role.CUSTOMER_READ_ONLY, office.own))
    place = "/portal/statements"
    page = stranger.open("/portal").answer.text
    assert f"{by} {note}" in _row(page, f"{place}/{taken_back['first']}")
    assert f"{takes_back} {first}" in _row(page, f"{place}/{taken_back['note']}")
    assert mark not in _row(page, f"{place}/{taken_back['second']}")
    shown = stranger.open(f"{place}/{taken_back['first']}")
    assert set_off in shown.text
    assert f'href="{place}/{taken_back["note"]}"' in shown.answer.text
    assert f'href="{place}/{taken_back["first"]}"' in stranger.open(f"{place}/{taken_back['note']}").answer.text
    assert set_off not in stranger.open(f"{place}/{taken_back['second']}").text


def test_another_customer_learns_nothing_of_it(office: Office, stranger: Visitor, taken_back: dict[str, int]) -> None:
    stranger.sign_in(office.key(Role.CUSTOMER_READ_ONLY, office.neighbour))
    page = stranger.open("/portal").text
    assert not [number for number in _documents(office) if number in page]
    assert "taken back" not in page
    assert stranger.open(f"/portal/statements/{taken_back['note']}").status == 404
