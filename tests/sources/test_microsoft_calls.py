"""What calls to Microsoft keep to: so many a minute, one address, and entries that are whole."""

from pathlib import Path

import pytest

from rebill.model.errors import Invalid
from rebill.settings import MicrosoftSettings
from rebill.sources.microsoft.calls import MicrosoftCalls
from rebill.sources.microsoft.pacing import Pacer
from rebill.sources.spool import Spool

SIGNED_IN = {
    "REBILL_MICROSOFT_TENANT_ID": "tenant",
    "REBILL_MICROSOFT_CLIENT_ID": "client",
    "REBILL_MICROSOFT_CLIENT_SECRET": "secret",
}


def test_no_minute_has_more_calls_than_are_allowed() -> None:
    now = [0.0]
    made: list[float] = []

    def wait(seconds: float) -> None:
        now[0] += seconds

    pacer = Pacer(5, clock=lambda: now[0], wait=wait)
    for _ in range(23):
        pacer.before_call()
        made.append(now[0])
        now[0] += 1
    assert all(later - earlier >= 60 for earlier, later in zip(made, made[5:], strict=False))
    assert made[-1] < 60 * 5


def test_an_address_outside_of_the_service_is_never_called_with_a_token() -> None:
    with MicrosoftCalls(MicrosoftSettings.from_environment(SIGNED_IN)) as calls:
        for foreign in ("https://elsewhere.example/v1/customers", "customers", "//elsewhere.example/v1"):
            with pytest.raises(Invalid) as refused:
                calls.partner_center(foreign)
            assert refused.value.code == "microsoft_answer_invalid"
        assert calls.made == 0


def test_an_entry_that_was_cut_off_is_not_there_and_the_next_one_begins_a_line(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool" / "entries.jsonl")
    spool.add({"number": 1})
    with (tmp_path / "spool" / "entries.jsonl").open("ab") as stream:
        stream.write(b'{"number": 2')
    assert spool.entries() == [{"number": 1}]
    spool.mend()
    spool.add({"number": 3})
    assert spool.entries() == [{"number": 1}, {"number": 3}]
