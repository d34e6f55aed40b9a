"""The page of deliveries: what arrived and what did not, and a button that tries again."""

from rebill.model.party import Role
from rebill.services.billing.run_bill import run_bill
from rebill.services.delivering.deliver_documents import deliver_due
from rebill.services.parties.billing_details import BillingDetailsChange, change_billing_details
from tests.console.conftest import Office
from tests.console.visitor import visiting
from tests.mail_server import Mailbox, mail_server
from tests.services.deliveries import delivering_by_mail, finalized
from tests.services.months import SEPTEMBER

PLACE = "/bills/deliveries"


def test_what_did_not_arrive_says_why_and_is_tried_again_once(office: Office) -> None:
    details = BillingDetailsChange({"email": "ap@indigo.example"})
    change_billing_details(office.installation, office.partner, office.own, details)
    run_bill(office.installation, office.partner, SEPTEMBER)
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
