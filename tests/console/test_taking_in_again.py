"""The same bytes under another month: refused on the page of cost data, and moved once the visitor says so there."""

from pathlib import Path

import pytest

from rebill.model.audit import Act
from rebill.model.months import BillingMonth
from rebill.services.costs.import_costs import list_data_sets
from rebill.services.keeping.read_audit_trail import AuditFilter, newest_audit_entries
from tests.console.conftest import Office
from tests.console.visitor import Shown, Visitor
from tests.focus_files import row
from tests.services.test_months_of_deliveries import written

JULY, AUGUST = BillingMonth(2024, 7), BillingMonth(2024, 8)
PLACE = "/costs/import"
BOX = "Read the file anew, in place of what its bytes were read as"


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    """A file of two charges that name no billing period."""
    return written(tmp_path, "july.csv", row(), row(BilledCost="2")).read_bytes()


def _sent(admin: Visitor, content: bytes, **fields: str) -> Shown:
    return admin.upload(PLACE, "file", "july.csv", content, **{"scope": "late", **fields})


def _months(office: Office) -> list[BillingMonth]:
    return [one.billing_month for one in list_data_sets(office.installation, office.partner) if one.scope == "late"]


def _acts(office: Office) -> list[str]:
    only = AuditFilter(act=Act.IMPORT_COSTS)
    found = newest_audit_entries(office.installation, office.partner, only, 10)
    return [one.entry.outcome for one in found if one.entry.by.channel == "console"]


def test_bytes_that_another_month_has_are_refused_and_moved_by_a_tick(
    office: Office, admin: Visitor, content: bytes
) -> None:
    admin.open("/costs")
    assert "2 charges of 2024-07 taken in." in _sent(admin, content, period=str(JULY)).text
    refused = _sent(admin, content, period=str(AUGUST))
    assert (refused.status, _months(office)) == (409, [JULY])
    assert "The bytes of july.csv are in force already" in refused.text
    assert "2024-07 (scope late)" in refused.text and BOX in refused.text
    assert "--" not in refused.text
    kept = dict(refused.form(PLACE).fields)
    assert (kept["period"], kept["scope"], "read_anew" in kept) == (str(AUGUST), "late", False)
    moved = _sent(admin, content, read_anew="yes")
    assert (moved.status, _months(office)) == (200, [AUGUST])
    assert "2 charges of 2024-08 taken in." in moved.text
    assert _acts(office) == ["done", "refused", "done"]


def test_the_very_same_bytes_are_read_anew_only_when_asked_for(office: Office, admin: Visitor, content: bytes) -> None:
    admin.open("/costs")
    _sent(admin, content, period=str(JULY))
    admin.open("/costs")
    again = _sent(admin, content, period=str(JULY))
    assert "in force already, for 2024-07" in again.text and "Read the file anew" in again.text
    assert "2 charges of 2024-07 taken in." in _sent(admin, content, period=str(JULY), read_anew="yes").text
    assert (_months(office), _acts(office)) == ([JULY], ["done", "done"])


def test_a_refused_form_keeps_its_boxes_and_its_refusal_is_in_the_audit_trail(office: Office, admin: Visitor) -> None:
    admin.open("/costs")
    refused = _sent(admin, b"neither,of,these\n1,2,3\n", read_anew="yes", accept_rejects="yes")
    assert refused.status == 422
    kept = dict(refused.form(PLACE).fields)
    assert (kept["read_anew"], kept["accept_rejects"]) == ("yes", "yes")
    assert _acts(office) == ["refused"]


def test_charges_of_another_data_set_are_refused_with_the_form_still_filled_in(
    office: Office, admin: Visitor, tmp_path: Path
) -> None:
    admin.open("/costs")
    first, second = (written(tmp_path, "a.csv", row(), row(BilledCost=cost)).read_bytes() for cost in ("2", "3"))
    assert admin.upload(PLACE, "file", "a.csv", first, period=str(JULY)).status == 200
    refused = admin.upload(PLACE, "file", "b.csv", second, period=str(JULY))
    assert (refused.status, dict(refused.form(PLACE).fields)["period"]) == (409, str(JULY))
    assert "Why charges that stand in another data set are no double" in refused.text
    counted_twice = admin.upload(PLACE, "file", "b.csv", second, overlap_reason="another meter")
    assert "2 charges of 2024-07 taken in." in counted_twice.text


def test_a_delivery_takes_the_place_of_another_scope_where_the_form_says_so(
    office: Office, admin: Visitor, tmp_path: Path
) -> None:
    admin.open("/costs")
    first, second = (written(tmp_path, "a.csv", row(), row(BilledCost=cost)).read_bytes() for cost in ("2", "3"))
    assert admin.upload(PLACE, "file", "a.csv", first, period=str(JULY), scope="by hand").status == 200
    refused = admin.upload(PLACE, "file", "b.csv", second, period=str(JULY), scope="late")
    assert (refused.status, "--" in refused.text) == (409, False)
    assert "Scope in whose place this comes" in refused.text
    unknown = admin.upload(PLACE, "file", "b.csv", second, in_place_of="by nobody")
    assert (unknown.status, dict(unknown.form(PLACE).fields)["in_place_of"]) == (422, "by nobody")
    assert "no cost of scope 'by nobody' is in force" in unknown.text and "--" not in unknown.text
    assert admin.upload(PLACE, "file", "b.csv", second, in_place_of="by hand").status == 200
    assert _months(office) == [JULY]
    assert "by hand" not in {one.scope for one in list_data_sets(office.installation, office.partner)}
