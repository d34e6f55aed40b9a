"""Documents reach customers: into folders and by mail, once, and again only where it is known that they did not."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from rebill.model.closing import ClosingAct, ClosingOrder
from rebill.model.customer import CustomerChange
from rebill.model.document_delivery import DeliveryState, DeliveryWay
from rebill.model.errors import Forbidden, Invalid, NotFound
from rebill.model.months import BillingMonth
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.billing.finalize_month import finalize_month
from rebill.services.billing.run_bill import run_bill
from rebill.services.delivering.deliver_documents import DeliveryOrder, deliver_documents
from rebill.services.parties.billing_details import BillingDetailsChange, change_billing_details
from rebill.services.parties.change_customer import change_customer
from rebill.store.document_deliveries import begin_delivery
from rebill.store.scope import Scope
from tests.documents.pdf_reading import pages_of
from tests.mail_server import Mailbox, mail_server
from tests.services.deliveries import (
    WITHOUT_INVOICE,
    delivering_by_mail,
    delivering_to,
    files_below,
    finalized,
    issued,
    ready,
)
from tests.services.months import SEPTEMBER, Month, charge, stored

EVERYTHING = DeliveryOrder()
OCTOBER = SEPTEMBER.following


def test_documents_are_written_to_the_customers_folder_once(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    one = issued(installation, partner, tmp_path)
    root = tmp_path / "delivered"
    sender = delivering_to(installation, str(root))
    (done,) = deliver_documents(sender, partner, EVERYTHING)
    assert (done.customer_id, done.way, done.attempts) == (one, DeliveryWay.FOLDER, 1)
    assert done.state is DeliveryState.DELIVERED
    (record,) = [found for found in stored(installation, partner) if found.statement.customer_id == one]
    stem = f"{record.document.invoice_id}-{record.statement_id}"
    written = files_below(root)
    assert written.keys() == {f"indigo/bills/{stem}.{ending}" for ending in ("pdf", "csv", "focus.parquet")}
    assert "Indigo" in pages_of((root / f"indigo/bills/{stem}.pdf").read_bytes())[0]
    assert deliver_documents(sender, partner, EVERYTHING) == [done]
    assert files_below(root) == written


def test_a_folder_at_an_address_takes_them_too(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    from fsspec import filesystem

    issued(installation, partner, tmp_path)
    sender = delivering_to(installation, f"memory://{tmp_path.name}")
    (done,) = deliver_documents(sender, partner, EVERYTHING)
    assert done.state is DeliveryState.DELIVERED
    found = filesystem("memory").find(f"/{tmp_path.name}/indigo/bills")
    assert len(found) == 3


def test_a_folder_that_takes_nothing_is_tried_again(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    issued(installation, partner, tmp_path)
    place = tmp_path / "place"
    place.write_text("a file stands where the folder should be")
    (failed,) = deliver_documents(delivering_to(installation, str(place)), partner, EVERYTHING)
    assert (failed.state, failed.attempts) == (DeliveryState.FAILED, 1)
    assert "indigo/bills cannot be written to" in failed.fault
    place.unlink()
    (done,) = deliver_documents(delivering_to(installation, str(place)), partner, EVERYTHING)
    assert (done.state, done.attempts, done.fault) == (DeliveryState.DELIVERED, 2, WITHOUT_INVOICE)


def test_a_letter_is_sent_once_with_the_document_in_it(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    issued(installation, partner, tmp_path)
    box = Mailbox()
    with mail_server(box) as port:
        sender = delivering_by_mail(installation, port)
        for _ in range(2):
            (done,) = deliver_documents(sender, partner, EVERYTHING)
            assert (done.way, done.state, done.attempts) == (DeliveryWay.EMAIL, DeliveryState.DELIVERED, 1)
    (letter,) = box.messages
    assert letter["To"] == "ap@indigo.example, cfo@indigo.example"
    assert letter["Subject"].startswith("Invoice S2024-")
    (attached,) = letter.iter_attachments()
    assert isinstance(attached, EmailMessage)
    assert "Indigo" in pages_of(attached.get_content())[0]


def test_a_letter_goes_to_the_address_of_today_however_the_document_was_issued(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    one = issued(installation, partner, tmp_path)
    box = Mailbox(answers=["550 no such address"])
    with mail_server(box) as port:
        sender = delivering_by_mail(installation, port)
        assert [found.state for found in deliver_documents(sender, partner, EVERYTHING)] == [DeliveryState.FAILED]
        change_billing_details(installation, partner, one, BillingDetailsChange({"email": "bills@indigo.example"}))
        (done,) = deliver_documents(sender, partner, EVERYTHING)
    assert (done.state, done.target) == (DeliveryState.DELIVERED, "bills@indigo.example")
    assert [letter["To"] for letter in box.messages] == ["bills@indigo.example"]


def test_what_the_server_refuses_is_sent_once_more_and_by_the_next_call(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    issued(installation, partner, tmp_path)
    box = Mailbox(answers=["451 later, password=hunter2"] * 3)
    with mail_server(box) as port:
        sender = delivering_by_mail(installation, port)
        (failed,) = deliver_documents(sender, partner, EVERYTHING)
        assert (failed.state, failed.attempts, len(box.answers)) == (DeliveryState.FAILED, 1, 1)
        assert "451" in failed.fault
        assert "hunter2" not in failed.fault
        (done,) = deliver_documents(sender, partner, EVERYTHING)
    assert (done.state, done.attempts) == (DeliveryState.DELIVERED, 2)
    assert len(box.letters) == 1
    (still,) = deliver_documents(sender, partner, EVERYTHING)
    assert still == done


def test_a_server_that_is_down_fails_and_holds_nothing_up(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    issued(installation, partner, tmp_path)
    with mail_server(Mailbox()) as port:
        pass
    sender = delivering_by_mail(installation, port)
    (failed,) = deliver_documents(sender, partner, EVERYTHING)
    assert (failed.state, failed.fault) == (
        DeliveryState.FAILED,
        "the mail server cannot be spoken to (ConnectionRefusedError)",
    )


def test_a_document_that_cannot_be_made_holds_no_other_up(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    issued(installation, partner, tmp_path)
    month = Month(installation, partner, tmp_path)
    later = charge("2024-10-05", "7", SubAccountId="sub-1", BillingPeriodStart="2024-10-01T00:00:00Z")
    month.cost(later, scope="october", name="october.csv")
    run_bill(installation, partner, OCTOBER)
    finalize_month(installation, partner, ClosingOrder(ClosingAct.FINALIZE, OCTOBER, reason="All is well"))
    (lines,) = installation.settings.lake_folder.rglob("runs/2024-09/*/rated_lines.parquet")
    lines.rename(tmp_path / "kept")
    sender = delivering_to(installation, str(tmp_path / "delivered"))
    found = deliver_documents(sender, partner, EVERYTHING)
    assert sorted(one.state for one in found) == [DeliveryState.DELIVERED, DeliveryState.FAILED]
    assert "rated_lines.parquet" in "".join(one.fault for one in found)
    (tmp_path / "kept").rename(lines)
    assert {one.state for one in deliver_documents(sender, partner, EVERYTHING)} == {DeliveryState.DELIVERED}


def test_nothing_of_which_nobody_knows_is_sent_again_by_itself(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    issued(installation, partner, tmp_path)
    box = Mailbox(answers=["hang up"])
    with mail_server(box) as port:
        sender = delivering_by_mail(installation, port)
        (unsure,) = deliver_documents(sender, partner, EVERYTHING)
        assert (unsure.state, unsure.attempts) == (DeliveryState.UNSURE, 1)
        assert deliver_documents(sender, partner, EVERYTHING) == [unsure]
        assert box.letters == []
        (done,) = deliver_documents(sender, partner, DeliveryOrder(again=unsure.statement_id))
        assert (done.state, done.attempts) == (DeliveryState.DELIVERED, 2)
        with pytest.raises(NotFound):
            deliver_documents(sender, partner, DeliveryOrder(again=unsure.statement_id))
    assert len(box.letters) == 1


def test_a_process_that_was_killed_while_it_sent_leaves_it_unsure(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    one = issued(installation, partner, tmp_path)
    (record,) = [found for found in stored(installation, partner) if found.statement.customer_id == one]
    with installation.database.writing() as connection:
        scope = Scope.of(connection, partner)
        now = installation.clock()
        begun = (scope, record.statement_id, one, DeliveryWay.EMAIL, "ap@indigo.example", now)
        assert begin_delivery(*begun)
        assert not begin_delivery(*begun)
    box = Mailbox()
    with mail_server(box) as port:
        (unsure,) = deliver_documents(delivering_by_mail(installation, port), partner, EVERYTHING)
    assert unsure.state is DeliveryState.UNSURE
    assert box.letters == []


def test_a_name_that_no_font_has_is_delivered_and_told_of(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    one = ready(installation, partner, tmp_path)
    change_customer(installation, partner, one, CustomerChange(name="株式会社 Indigo"))
    finalized(installation, partner)
    told = f"4 characters have no font and are shown as \ufffd: set REBILL_FONT_FOLDER (会式株社); {WITHOUT_INVOICE}"
    (done,) = deliver_documents(delivering_to(installation, str(tmp_path / "delivered")), partner, EVERYTHING)
    assert (done.state, done.fault) == (DeliveryState.DELIVERED, told)
    with mail_server(box := Mailbox()) as port:
        found = deliver_documents(delivering_by_mail(installation, port), partner, EVERYTHING)
    assert {(one.state, one.fault) for one in found} == {(DeliveryState.DELIVERED, told)}
    assert len(box.letters) == 1


def test_only_what_is_asked_for_and_only_by_who_may(
    installation: Installation, partner: Caller, other_partner: Caller, tmp_path: Path
) -> None:
    one = issued(installation, partner, tmp_path)
    sender = delivering_to(installation, str(tmp_path / "delivered"))
    assert deliver_documents(sender, other_partner, EVERYTHING) == []
    assert deliver_documents(sender, partner, DeliveryOrder(BillingMonth(2024, 8))) == []
    with pytest.raises(NotFound):
        deliver_documents(sender, other_partner, DeliveryOrder(customer_id=one))
    with pytest.raises(Forbidden):
        deliver_documents(sender, Caller(partner.partner_id, Role.READ_ONLY), EVERYTHING)
    with pytest.raises(Invalid) as refused:
        deliver_documents(installation, partner, EVERYTHING)
    assert refused.value.code == "nowhere_to_deliver"
    assert len(deliver_documents(sender, partner, DeliveryOrder(SEPTEMBER, one))) == 1
