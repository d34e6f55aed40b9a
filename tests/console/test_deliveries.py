"""The page of deliveries: what arrived and what did not, and a button that tries again."""

import threading
from datetime import timedelta

from rebill.model.party import Role
from rebill.services.billing.run_bill import run_bill
from rebill.services.delivering.deliver_documents import deliver_due
from rebill.services.parties.billing_details import BillingDetailsChange, change_billing_details
from tests.conftest import SettableClock
from tests.console.conftest import Office
from tests.console.visitor import visiting
from tests.mail_server import NEVER_SAID, Mailbox, mail_server
from tests.services.deliveries import delivering_by_mail, finalized
from tests.services.months import SEPTEMBER

PLACE = "/bills/deliveries"


def run_for_a_letter(office: Office) -> None:
    """September is run, and a customer has an address."""
    details = BillingDetailsChange({"email": "ap@indigo.example"})
    change_billing_details(office.installation, office.partner, office.own, details)
    run_bill(office.installation, office.partner, SEPTEMBER)


def test_what_did_not_arrive_says_why_and_is_tried_again_once(office: Office) -> None:
    run_for_a_letter(office)
    box = Mailbox(refused=("ap@indigo.example",))
    with mail_server(box) as port:
        sender = delivering_by_mail(office.installation, port)
        finalized(sender, office.partner)
        deliver_due(sender, lambda: False)
        with visiting(sender) as visitor:
            visitor.sign_in(office.key(Role.OPERATOR))
            shown = visitor.open(f"{PLACE}?month=2024-09")
            assert "0 waiting, 0 unsure, 0 delivered, 1 failed." in shown.text
            assert "the mail server refused every address (550)" in shown.text
            assert "Indigo" in shown.text
            form = shown.form(f"{PLACE}/again")
            box.refused = ()
            assert "The server brings it within seconds." in visitor.send_form(form).text
            deliver_due(sender, lambda: False)
            assert len(box.letters) == 1
            visitor.send_form(form)
            deliver_due(sender, lambda: False)
            arrived = visitor.open(f"{PLACE}?state=delivered")
            assert "1 delivered" in arrived.text
            assert PLACE in arrived.path
            assert [one for one in arrived.forms if one.action.endswith("/again")] == []
            assert "No delivery." in visitor.open(f"{PLACE}?state=failed").text
            visitor.sign_in(office.key(Role.READ_ONLY))
            assert visitor.open(PLACE).status == 200
    assert len(box.letters) == 1


def test_a_retry_that_is_under_way_has_neither_the_old_fault_nor_a_button(office: Office, clock: SettableClock) -> None:
    run_for_a_letter(office)
    box = Mailbox(answers=["451 later", "451 later", NEVER_SAID])
    with mail_server(box) as port:
        sender = delivering_by_mail(office.installation, port)
        finalized(sender, office.partner)
        deliver_due(sender, lambda: False)
        with visiting(sender) as visitor:
            visitor.sign_in(office.key(Role.OPERATOR))
            failed = visitor.open(PLACE)
            assert "the mail server refused it" in failed.text
            failed.form(f"{PLACE}/again")
            clock.now += timedelta(minutes=1)
            retry = threading.Thread(target=deliver_due, args=(sender, lambda: False))
            retry.start()
            try:
                box.taken.get(timeout=60)
                under_way = visitor.open(PLACE)
                assert "Under way" in under_way.text
                assert "the mail server refused it" not in under_way.text
                assert [one for one in under_way.forms if one.action.endswith("/again")] == []
                clock.now += timedelta(minutes=15)
                lost = visitor.open(PLACE)
                assert "Under way" not in lost.text
                lost.form(f"{PLACE}/again")
            finally:
                box.go_on.set()
                retry.join()
            assert "1 delivered" in visitor.open(PLACE).text


def test_a_letter_whose_connection_was_lost_is_unsure_at_once(office: Office) -> None:
    run_for_a_letter(office)
    with mail_server(Mailbox(answers=["hang up"])) as port:
        sender = delivering_by_mail(office.installation, port)
        finalized(sender, office.partner)
        deliver_due(sender, lambda: False)
        with visiting(sender) as visitor:
            visitor.sign_in(office.key(Role.OPERATOR))
            unsure = visitor.open(PLACE)
            assert "Under way" not in unsure.text
            assert "the connection was lost" in unsure.text
            unsure.form(f"{PLACE}/again")
