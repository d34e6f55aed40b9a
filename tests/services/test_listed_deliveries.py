"""Deliveries as lists show them, and one that is tried again because somebody says so."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rebill.model.customer import CustomerChange
from rebill.model.document_delivery import DeliveryFilter, DeliveryState, DeliveryWay
from rebill.model.errors import Conflict, Forbidden, Invalid, NotFound
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.delivering.deliver_documents import deliver_due
from rebill.services.delivering.read_deliveries import read_deliveries
from rebill.services.delivering.try_delivery_again import try_delivery_again
from rebill.services.keeping.read_audit_trail import newest_audit_entries
from rebill.services.parties.change_customer import change_customer
from rebill.store.audit_entries import AuditFilter
from tests.conftest import SettableClock
from tests.mail_server import Mailbox, mail_server
from tests.services.deliveries import delivering_by_mail, issued
from tests.services.months import SEPTEMBER, stored

LATER = datetime(2024, 10, 16, 12, tzinfo=UTC)
BOTH = ("ap@indigo.example", "cfo@indigo.example")


def _refused(installation: Installation, partner: Caller, folder: Path) -> int:
    """September is issued, and the mail server refused Indigo's letter for good; the letter's document."""
    with mail_server(Mailbox(refused=BOTH)) as port:
        sender = delivering_by_mail(installation, port)
        change_customer(sender, partner, issued(sender, partner, folder), CustomerChange(billing_folder=""))
        deliver_due(sender, lambda: False)
    (one,) = read_deliveries(installation, partner, DeliveryFilter(), 10).deliveries
    return one.delivery.statement_id


def test_a_list_says_what_became_of_which_document(
    installation: Installation, partner: Caller, other_partner: Caller, tmp_path: Path
) -> None:
    statement_id = _refused(installation, partner, tmp_path)
    found = read_deliveries(installation, partner, DeliveryFilter(SEPTEMBER), 10)
    (one,) = found.deliveries
    assert (one.delivery.statement_id, one.delivery.state) == (statement_id, DeliveryState.FAILED)
    (number,) = (
        kept.document.invoice_id for kept in stored(installation, partner) if kept.statement_id == statement_id
    )
    assert (one.customer_name, one.month, one.invoice_id) == ("Indigo", SEPTEMBER, number)
    assert found.counts == {**dict.fromkeys(DeliveryState, 0), DeliveryState.FAILED: 1}
    delivered = read_deliveries(installation, partner, DeliveryFilter(state=DeliveryState.DELIVERED), 10)
    assert (delivered.deliveries, delivered.counts) == ((), found.counts)
    assert read_deliveries(installation, partner, DeliveryFilter(), 10, offset=1).deliveries == ()
    for wanted in (DeliveryFilter(SEPTEMBER.following), DeliveryFilter(customer_id=1)):
        assert sum(read_deliveries(installation, partner, wanted, 10).counts.values()) == 0
    assert read_deliveries(installation, other_partner, DeliveryFilter(), 10).deliveries == ()


def test_what_was_refused_for_good_is_brought_when_somebody_says_so(
    installation: Installation, partner: Caller, tmp_path: Path, clock: SettableClock
) -> None:
    statement_id = _refused(installation, partner, tmp_path)
    clock.now = LATER
    with mail_server(box := Mailbox()) as port:
        sender = delivering_by_mail(installation, port)
        assert deliver_due(sender, lambda: False) == {}
        try_delivery_again(sender, partner, statement_id, DeliveryWay.EMAIL)
        assert len(deliver_due(sender, lambda: False)[partner.partner_id]) == 1
        with pytest.raises(Conflict):
            try_delivery_again(sender, partner, statement_id, DeliveryWay.EMAIL)
    assert len(box.letters) == 1
    (done,) = read_deliveries(installation, partner, DeliveryFilter(), 10).deliveries
    assert (done.delivery.state, done.delivery.attempts) == (DeliveryState.DELIVERED, 2)
    told = newest_audit_entries(installation, partner, AuditFilter(act="deliver_documents"), 10)
    asked, brought = (kept.entry for kept in told)
    assert (asked.customer_id, brought.customer_id) == (done.delivery.customer_id, None)
    assert asked.after is not None
    assert str(statement_id) in asked.after


def test_only_what_is_to_be_delivered_can_be_tried_again(
    installation: Installation, partner: Caller, other_partner: Caller, tmp_path: Path
) -> None:
    statement_id = _refused(installation, partner, tmp_path)
    with pytest.raises(Invalid):
        try_delivery_again(installation, partner, statement_id, DeliveryWay.EMAIL)
    sender = delivering_by_mail(installation, 1)
    for caller, document in ((partner, 2**70), (partner, statement_id + 1), (other_partner, statement_id)):
        with pytest.raises(NotFound):
            try_delivery_again(sender, caller, document, DeliveryWay.EMAIL)
    with pytest.raises(Forbidden):
        try_delivery_again(sender, Caller(partner.partner_id, Role.READ_ONLY), statement_id, DeliveryWay.EMAIL)
