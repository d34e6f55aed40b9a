"""Servers deliver by themselves what anybody finalizes: once, of several one at a time, and also after ``kill -9``."""

from datetime import UTC, datetime
from pathlib import Path

from rebill.model.document_delivery import DeliveryState
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.delivering.deliver_documents import DeliveryOrder, list_deliveries
from tests.api.server import serving
from tests.conftest import SettableClock
from tests.mail_server import NEVER_SAID, Mailbox, mail_server
from tests.services.accountant import Accountant, cost
from tests.services.deliveries import delivering_by_mail, finalized, ready
from tests.services.months import SEPTEMBER

OCTOBER = SEPTEMBER.following
_PATIENCE_SECONDS = 300
"""Two servers must start first, on a machine that may have more to do."""


def october_too(installation: Installation, partner: Caller, folder: Path, clock: SettableClock) -> None:
    """A month later October is finalized."""
    made = Accountant(installation, partner, folder)
    made.deliver(OCTOBER, cost(OCTOBER, "10", "sub-1"), scope="october")
    clock.now = datetime(2024, 11, 15, 12, tzinfo=UTC)
    made.run(OCTOBER)
    made.finalize(OCTOBER, override="All is well")


def arrived(box: Mailbox) -> str:
    """What the next letter that arrives is about."""
    return str(box.taken.get(timeout=_PATIENCE_SECONDS)["Subject"])


def test_of_several_servers_one_sends_what_is_finalized_while_they_run(
    installation: Installation, partner: Caller, tmp_path: Path, clock: SettableClock
) -> None:
    box = Mailbox()
    with mail_server(box) as port:
        sender = delivering_by_mail(installation, port)
        ready(sender, partner, tmp_path)
        with serving(sender, tmp_path, count=2):
            finalized(sender, partner)
            assert "September" in arrived(box)
            october_too(sender, partner, tmp_path, clock)
            assert "October" in arrived(box)
    assert len(box.letters) == 2
    found = list_deliveries(sender, partner, DeliveryOrder())
    assert [(one.state, one.attempts) for one in found] == [(DeliveryState.DELIVERED, 1)] * 2


def test_a_letter_in_hand_when_its_server_was_killed_is_not_sent_again(
    installation: Installation, partner: Caller, tmp_path: Path, clock: SettableClock
) -> None:
    box = Mailbox(answers=[NEVER_SAID])
    with mail_server(box) as port:
        sender = delivering_by_mail(installation, port)
        ready(sender, partner, tmp_path)
        finalized(sender, partner)
        with serving(sender, tmp_path, count=2) as servers:
            assert "September" in arrived(box)
            servers.kill()
            box.go_on.set()
            october_too(sender, partner, tmp_path, clock)
            servers.start(2)
            assert "October" in arrived(box)
    assert len(box.letters) == 2
    found = list_deliveries(sender, partner, DeliveryOrder())
    assert {(one.state, one.attempts) for one in found} == {(DeliveryState.UNSURE, 1), (DeliveryState.DELIVERED, 1)}
