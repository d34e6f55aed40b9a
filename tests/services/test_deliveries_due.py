"""Whatever issues a document orders its delivery, and a server brings what is due: once, with growing pauses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rebill.lake.folders import exclusive_lock
from rebill.model.closing import Numbering
from rebill.model.customer import CustomerChange
from rebill.model.document_delivery import DeliveryState, DeliveryWay, DocumentDelivery
from rebill.model.party import Caller, Occasion
from rebill.services.acting.installation import Installation
from rebill.services.billing.approve_closing import approve_closing
from rebill.services.billing.give_number import give_number
from rebill.services.delivering.deliver_documents import (
    DeliveryOrder,
    deliver_documents,
    deliver_due,
    list_deliveries,
    read_issued_beside_deliveries,
)
from rebill.services.keeping.back_up import back_up
from rebill.services.keeping.restore_backup import restore_backup
from rebill.services.parties.change_customer import change_customer
from rebill.settings import Settings
from rebill.store.database import Database
from tests.conftest import SettableClock
from tests.mail_server import Mailbox, mail_server
from tests.services.accountant import Accountant, cost
from tests.services.deliveries import delivering_by_mail, delivering_to, files_below, finalized, issued, ready
from tests.services.months import SEPTEMBER, stored

NOW = datetime(2024, 10, 15, 12, tzinfo=UTC)
PAUSES = [1, 4, 16, 64, 256, 1024, 1440, 1440, 1440, None]
"""The minutes before each next round of what fails again and again; after the tenth nothing is tried by itself."""


def told(installation: Installation, caller: Caller) -> list[DocumentDelivery]:
    return list_deliveries(installation, caller, DeliveryOrder())


def states(installation: Installation, caller: Caller) -> list[DeliveryState]:
    return [one.state for one in told(installation, caller)]


def bring_due(installation: Installation) -> int:
    """How many documents a server tried to deliver."""
    return sum(len(attempts) for attempts in deliver_due(installation, lambda: False).values())


def pauses_until_given_up(sender: Installation, partner: Caller, clock: SettableClock, asked: int) -> list[int | None]:
    """The minutes between the rounds of the one document, in each of which its place is asked so often."""
    pauses: list[int | None] = []
    while (due_at := told(sender, partner)[0].due_at) is not None:
        clock.now = due_at - timedelta(seconds=1)
        assert bring_due(sender) == 0
        clock.now = due_at
        assert bring_due(sender) == asked
        later = told(sender, partner)[0].due_at
        pauses.append(None if later is None else (later - due_at) // timedelta(minutes=1))
    return pauses


def test_what_is_finalized_waits_for_the_server_that_brings_it_once(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    root = tmp_path / "delivered"
    sender = delivering_to(installation, str(root))
    one = issued(sender, partner, tmp_path)
    (waiting,) = told(sender, partner)
    assert (waiting.customer_id, waiting.way, waiting.attempts) == (one, DeliveryWay.FOLDER, 0)
    assert (waiting.state, waiting.target, waiting.due_at) == (DeliveryState.WAITING, "indigo/bills", NOW)
    assert bring_due(sender) == 1
    written = files_below(root)
    assert len(written) == 3
    (done,) = told(sender, partner)
    assert (done.state, done.attempts, done.due_at) == (DeliveryState.DELIVERED, 1, None)
    assert bring_due(sender) == 0
    assert files_below(root) == written


def test_whoever_approves_corrects_or_takes_back_orders_it_too(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    sender = delivering_to(installation, str(tmp_path / "delivered"))
    ann, bob = (replace(partner, occasion=Occasion(operating_system_user=name)) for name in ("ann", "bob"))
    made = Accountant(sender, ann, tmp_path)
    first = made.customer("First")
    change_customer(sender, partner, first, CustomerChange(billing_folder="first"))
    made.deliver(SEPTEMBER, cost(SEPTEMBER, "10"))
    made.subscriptions(first, "s-1")
    made.settle(needs_approval=True)
    made.run()
    asked = made.finalize()
    assert asked.closing is not None
    assert told(sender, partner) == []
    approve_closing(sender, bob, asked.closing.closing_id)
    assert states(sender, partner) == [DeliveryState.WAITING]
    made.settle()
    made.deliver(SEPTEMBER, cost(SEPTEMBER, "12"))
    made.run()
    made.correct()
    made.void(made.statement_id("S2024-000001"))
    assert states(sender, partner) == [DeliveryState.WAITING] * 3
    assert bring_due(sender) == 3
    assert states(sender, partner) == [DeliveryState.DELIVERED] * 3


def test_what_was_issued_before_there_was_a_way_is_brought_by_nobody_but_a_person(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    issued(installation, partner, tmp_path)
    sender = delivering_to(installation, str(tmp_path / "delivered"))
    assert bring_due(sender) == 0
    assert told(sender, partner) == []
    assert [one.state for one in deliver_documents(sender, partner, DeliveryOrder())] == [DeliveryState.DELIVERED]


def test_a_document_without_a_number_waits_for_it(installation: Installation, partner: Caller, tmp_path: Path) -> None:
    sender = delivering_to(installation, str(tmp_path / "delivered"))
    Accountant(sender, partner, tmp_path).settle(numbering=Numbering.EXTERNAL)
    one = issued(sender, partner, tmp_path)
    assert bring_due(sender) == 0
    assert [found.state for found in deliver_documents(sender, partner, DeliveryOrder())] == [DeliveryState.WAITING]
    (record,) = [found for found in stored(sender, partner) if found.statement.customer_id == one]
    give_number(sender, partner, record.statement_id, "RE-1")
    assert bring_due(sender) == 1


def test_a_folder_that_is_gone_from_the_customer_leaves_nothing_due(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    sender = delivering_to(installation, str(tmp_path / "delivered"))
    one = issued(sender, partner, tmp_path)
    change_customer(sender, partner, one, CustomerChange(billing_folder=""))
    assert bring_due(sender) == 0
    assert told(sender, partner) == []


def test_a_server_that_is_down_is_asked_again_after_growing_pauses(
    installation: Installation, partner: Caller, tmp_path: Path, clock: SettableClock
) -> None:
    with mail_server(Mailbox()) as port:
        pass
    sender = delivering_by_mail(installation, port)
    issued(sender, partner, tmp_path)
    assert pauses_until_given_up(sender, partner, clock, asked=1) == PAUSES
    (failed,) = told(sender, partner)
    assert (failed.state, failed.attempts) == (DeliveryState.FAILED, 10)
    with mail_server(box := Mailbox()) as other:
        (done,) = deliver_documents(delivering_by_mail(installation, other), partner, DeliveryOrder())
    assert (done.state, len(box.letters)) == (DeliveryState.DELIVERED, 1)


def test_a_letter_that_is_not_taken_for_the_moment_is_asked_for_twice_a_round_and_a_round_counts_once(
    installation: Installation, partner: Caller, tmp_path: Path, clock: SettableClock
) -> None:
    box = Mailbox(answers=["451 later"] * 20)
    with mail_server(box) as port:
        sender = delivering_by_mail(installation, port)
        issued(sender, partner, tmp_path)
        assert pauses_until_given_up(sender, partner, clock, asked=2) == PAUSES
    (failed,) = told(sender, partner)
    assert (failed.state, failed.attempts, box.answers) == (DeliveryState.FAILED, 10, [])


def test_a_server_that_is_down_is_asked_for_one_letter_and_the_others_wait(
    installation: Installation, partner: Caller, tmp_path: Path, clock: SettableClock
) -> None:
    with mail_server(Mailbox()) as port:
        pass
    sender = delivering_by_mail(installation, port)
    issued(sender, partner, tmp_path)
    made = Accountant(sender, partner, tmp_path)
    made.deliver(SEPTEMBER.following, cost(SEPTEMBER.following, "10", "sub-1"), scope="october")
    clock.now = datetime(2024, 11, 15, 12, tzinfo=UTC)
    made.run(SEPTEMBER.following)
    made.finalize(SEPTEMBER.following, override="All is well")
    assert bring_due(sender) == 1
    second, first = sorted(told(sender, partner), key=lambda one: one.attempts)
    assert (first.state, first.attempts) == (DeliveryState.FAILED, 1)
    assert (second.state, second.attempts) == (DeliveryState.WAITING, 0)
    assert first.due_at == second.due_at == clock.now + timedelta(minutes=1)


def test_what_nobody_ordered_waits_for_a_server_that_is_down_too(
    installation: Installation, partner: Caller, tmp_path: Path, clock: SettableClock
) -> None:
    one = issued(installation, partner, tmp_path)
    made = Accountant(installation, partner, tmp_path)
    made.deliver(SEPTEMBER.following, cost(SEPTEMBER.following, "10", "sub-1"), scope="october")
    clock.now = datetime(2024, 11, 15, 12, tzinfo=UTC)
    made.run(SEPTEMBER.following)
    made.finalize(SEPTEMBER.following, override="All is well")
    with mail_server(Mailbox()) as port:
        pass
    sender = delivering_by_mail(installation, port)
    deliver_documents(sender, partner, DeliveryOrder())
    second, first = sorted(told(sender, partner), key=lambda one: one.attempts)
    assert (first.state, first.attempts) == (DeliveryState.FAILED, 1)
    assert (second.state, second.attempts, second.target) == (DeliveryState.WAITING, 0, first.target)
    assert first.due_at == second.due_at == clock.now + timedelta(minutes=1)
    assert second in deliver_documents(sender, partner, DeliveryOrder())
    beside = read_issued_beside_deliveries(sender, partner, DeliveryOrder())
    assert (beside.issued, beside.waiting) == (3, {DeliveryWay.EMAIL: 1})
    assert (one in beside.without_place, sum(beside.without_place.values())) == (False, 1)
    with mail_server(box := Mailbox()) as port:
        assert bring_due(delivering_by_mail(installation, port)) == 0
        clock.now += timedelta(days=1)
        assert bring_due(delivering_by_mail(installation, port)) == 2
    assert len(box.letters) == 2


def test_an_address_that_is_refused_for_good_is_not_asked_again_by_itself(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    box = Mailbox(refused=("ap@indigo.example", "cfo@indigo.example"))
    with mail_server(box) as port:
        sender = delivering_by_mail(installation, port)
        issued(sender, partner, tmp_path)
        assert bring_due(sender) == 1
        (failed,) = told(sender, partner)
        assert (failed.state, failed.attempts, failed.due_at) == (DeliveryState.FAILED, 1, None)
        assert failed.fault == "the mail server refused every address (550)"
        assert bring_due(sender) == 0


def test_nobody_delivers_for_a_partner_while_another_process_does(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    sender = delivering_to(installation, str(tmp_path / "delivered"))
    issued(sender, partner, tmp_path)
    with exclusive_lock(sender.settings.home / "delivery" / f"{partner.partner_id}.lock") as held:
        assert held
        assert bring_due(sender) == 0
    assert bring_due(sender) == 1


def test_a_server_that_stops_leaves_the_rest_for_the_next(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    sender = delivering_to(installation, str(tmp_path / "delivered"))
    issued(sender, partner, tmp_path)
    assert deliver_due(sender, lambda: True) == {partner.partner_id: []}
    assert states(sender, partner) == [DeliveryState.WAITING]


def test_what_a_backup_brings_back_is_sent_by_nobody_but_a_person(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    sender = delivering_to(installation, str(tmp_path / "delivered"))
    ready(sender, partner, tmp_path)
    finalized(sender, partner)
    back_up(sender, tmp_path / "kept.zip")
    home = tmp_path / "restored"
    url = f"sqlite:///{home / 'rebill.sqlite3'}"
    settings = Settings(home=home, database_url=url, delivery=sender.settings.delivery)
    home.mkdir()
    restored = Installation(settings, Database(url), sender.clock)
    restore_backup(restored, tmp_path / "kept.zip")
    assert bring_due(restored) == 0
    (waiting,) = told(restored, partner)
    assert (waiting.state, waiting.due_at) == (DeliveryState.WAITING, None)
    restored.close()
