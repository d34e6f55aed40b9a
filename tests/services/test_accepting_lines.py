"""Lines that need attention hold a month back until they are accepted, each by its source row, or mended."""

from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.attention import Acceptance, AcceptanceOrder, AttentionList
from rebill.model.audit import Act
from rebill.model.data_set import CostImportOrder
from rebill.model.errors import Conflict, Forbidden, Invalid
from rebill.model.party import Caller, Role
from rebill.model.rating import Attention
from rebill.model.terms import CommitmentsPolicy
from rebill.services.acting.installation import Installation
from rebill.services.billing.accept_lines import accept_lines
from rebill.services.billing.read_attention import list_attention
from rebill.services.billing.reopen_lines import reopen_lines
from rebill.services.costs.import_costs import import_costs
from rebill.services.keeping.read_audit_trail import AuditFilter, newest_audit_entries
from tests.services.accountant import Accountant
from tests.services.months import SEPTEMBER, charge, write_focus


@pytest.fixture
def month(installation: Installation, partner: Caller, tmp_path: Path) -> Accountant:
    return Accountant(installation, partner, tmp_path)


def across(cost: str, subscription: str = "s-1", first: str = "2024-09-10") -> dict[str, str]:
    """Usage up to the 20th of September."""
    return charge(first, cost, cost, SubAccountId=subscription, ChargePeriodEnd="2024-09-20T00:00:00Z")


def covered(subscription: str = "s-1") -> dict[str, str]:
    """Usage that a reservation covers, without a retail price."""
    return charge(
        "2024-09-05", "0", "", SubAccountId=subscription, CommitmentDiscountId="r-1", CommitmentDiscountStatus="Used"
    )


def accept(month: Accountant, reason: str = "Agreed", **order: object) -> Acceptance:
    return accept_lines(month.installation, month.caller, AcceptanceOrder(SEPTEMBER, reason, **order))  # type: ignore[arg-type]  # names are the order's


def reopen(month: Accountant, reason: str = "Not agreed", **order: object) -> tuple[int, dict[str, int]]:
    done = reopen_lines(month.installation, month.caller, AcceptanceOrder(SEPTEMBER, reason, **order))  # type: ignore[arg-type]  # names are the order's
    return done.reopened_count, done.open_counts


def attention(month: Accountant, greatest: int = 100) -> AttentionList:
    return list_attention(month.installation, month.caller, SEPTEMBER, greatest)


def told(found: AttentionList) -> list[str]:
    return [
        f"{one.line.kind} {one.place} {'accepted' if one.line in found.accepted else 'open'}" for one in found.lines
    ]


def sentences(month: Accountant) -> list[str]:
    """What the blockers of attention say."""
    with pytest.raises(Conflict) as refusal:
        month.finalize()
    assert refusal.value.code == "finalizing_blocked"
    return [value for name, value in refusal.value.fields.items() if name.startswith("lines_need_attention")]


def blocked(month: Accountant) -> list[str]:
    """What the blockers of attention say, shortened: ``count kind``."""
    return [f"{sentence.split()[0]} {sentence.split('(')[1].split(')')[0]}" for sentence in sentences(month)]


def test_lines_of_one_delivery_in_two_files_are_listed_once_each_by_their_own_file(
    month: Accountant, tmp_path: Path
) -> None:
    first = month.customer("First", commitments=CommitmentsPolicy.RETAIL)
    one = write_focus(tmp_path / "one.csv", [covered()])
    two = write_focus(tmp_path / "two.csv", [covered(), charge("2024-09-01", "1", "1", SubAccountId="s-1")])
    import_costs(month.installation, month.caller, CostImportOrder((one, two), scope="both"))
    month.subscriptions(first, "s-1")
    month.run()
    assert told(attention(month)) == ["no_retail one.csv:1 open", "no_retail two.csv:1 open"]


@pytest.fixture
def crossed(month: Accountant) -> Accountant:
    """Two charges that crossed a transfer on the 15th, and one without retail where the policy wants it."""
    first = month.customer("First", commitments=CommitmentsPolicy.RETAIL)
    second = month.customer("Second")
    month.deliver(SEPTEMBER, across("10"), charge("2024-09-01", "1", "1", SubAccountId="s-1"), across("20"), covered())
    month.subscriptions(first, "s-1")
    month.move(second, "2024-09-15", "s-1")
    return month


def test_open_lines_hold_a_month_back_until_all_of_them_are_accepted(crossed: Accountant) -> None:
    run = crossed.run()
    assert dict(run.open_attention) == {"spans_transfer": 2, "no_retail": 1}
    assert blocked(crossed) == ["1 no_retail", "2 spans_transfer"]
    done = accept(crossed, kind=Attention.SPANS_TRANSFER)
    assert (done.accepted_count, done.open_counts) == (2, {"no_retail": 1})
    assert blocked(crossed) == ["1 no_retail"]
    assert accept(crossed).accepted_count == 1
    assert [one.document.invoice_id for one in crossed.finalize().documents] == ["S2024-000001"]


def test_one_line_is_told_as_one(crossed: Accountant) -> None:
    crossed.run()
    without_retail, across_transfer = sentences(crossed)
    assert without_retail.startswith("1 line is priced 0 because the retail that the customer's policy wants is absent")
    assert across_transfer.startswith("2 lines go over several days across a change of owner: all of it stays with")


def test_what_was_accepted_is_opened_again_and_holds_the_month_back(crossed: Accountant) -> None:
    crossed.run()
    accept(crossed)
    line = "cost-2024-09-1.csv:1"
    assert reopen(crossed, places=(line,)) == (1, {"spans_transfer": 1})
    assert blocked(crossed) == ["1 spans_transfer"]
    assert reopen(crossed, places=(line,)) == (0, {"spans_transfer": 1})
    assert dict(crossed.run().open_attention) == {"spans_transfer": 1}
    assert reopen(crossed) == (2, {"spans_transfer": 2, "no_retail": 1})
    with pytest.raises(Invalid):
        reopen(crossed, reason=" ")
    entries = newest_audit_entries(crossed.installation, crossed.caller, AuditFilter(act=Act.REOPEN_LINES), 10)
    assert ['"Not agreed"' in str(entry.entry.after) for entry in entries] == [True] * 2
    assert accept(crossed).accepted_count == 3
    assert [one.document.invoice_id for one in crossed.finalize().documents] == ["S2024-000001"]


def test_lines_are_listed_with_where_they_stand_and_the_open_ones_first(crossed: Accountant) -> None:
    crossed.run()
    file = "cost-2024-09-1.csv"
    accept(crossed, places=(f"{file}:4", f"{file}:1"))
    found = attention(crossed)
    assert told(found) == [
        f"spans_transfer {file}:3 open",
        f"no_retail {file}:4 accepted",
        f"spans_transfer {file}:1 accepted",
    ]
    assert found.counts == {"spans_transfer": 2, "no_retail": 1}
    assert found.open_counts == {"spans_transfer": 1}
    assert len(attention(crossed, greatest=1).lines) == 1
    first = found.lines[0]
    assert (first.subscription, str(first.billed_cost), first.currency) == ("s-1", "20.000000000000", "USD")
    assert first.line.customer_id == crossed.customers["First"].customer_id


def test_the_same_line_stays_accepted_and_a_new_one_is_open(crossed: Accountant) -> None:
    crossed.run()
    accept(crossed)
    assert dict(crossed.run().open_attention) == {}
    assert told(attention(crossed)) == [f"{one} accepted" for one in ("no_retail cost-2024-09-1.csv:4",)] + [
        "spans_transfer cost-2024-09-1.csv:1 accepted",
        "spans_transfer cost-2024-09-1.csv:3 accepted",
    ]
    crossed.deliver(SEPTEMBER, across("30", first="2024-09-09"), scope="late")
    run = crossed.run()
    assert dict(run.attention)[Attention.SPANS_TRANSFER] == 3
    assert dict(run.open_attention) == {"spans_transfer": 1}
    assert blocked(crossed) == ["1 spans_transfer"]


def test_a_line_that_becomes_another_customers_is_open_again(crossed: Accountant) -> None:
    third = crossed.customer("Third")
    crossed.run()
    accept(crossed)
    crossed.move(third, "1900-01-02", "s-1")
    crossed.move(crossed.customers["Second"].customer_id, "2024-09-15", "s-1")
    assert dict(crossed.run().open_attention) == {"spans_transfer": 2}


def test_one_customers_lines_are_accepted_alone_and_nothing_twice(crossed: Accountant) -> None:
    crossed.deliver(SEPTEMBER, across("5", "s-2"), scope="other")
    crossed.subscriptions(crossed.customers["Second"].customer_id, "s-2")
    crossed.move(crossed.customers["First"].customer_id, "2024-09-12", "s-2")
    crossed.run()
    second = crossed.customers["Second"].customer_id
    assert accept(crossed, customer_id=second).accepted_count == 1
    again = accept(crossed, customer_id=second)
    assert (again.acceptance_id, again.accepted_count) == (None, 0)
    assert again.open_counts == {"spans_transfer": 2, "no_retail": 1}


def test_accepting_needs_a_reason_a_run_known_lines_and_the_right_to_change(
    crossed: Accountant, partner: Caller
) -> None:
    with pytest.raises(Conflict, match="was not run yet"):
        accept(crossed)
    crossed.run()
    with pytest.raises(Invalid) as refusal:
        accept(crossed, reason=" ")
    assert refusal.value.code == "invalid_reason"
    with pytest.raises(Invalid) as refusal:
        accept(crossed, places=("cost-2024-09-1.csv:2",))
    assert set(refusal.value.fields) == {"cost-2024-09-1.csv:2"}
    reader = Caller(partner.partner_id, Role.READ_ONLY)
    with pytest.raises(Forbidden):
        accept_lines(crossed.installation, reader, AcceptanceOrder(SEPTEMBER, "Agreed"))
    assert attention(crossed).open_counts == {"spans_transfer": 2, "no_retail": 1}


def test_the_audit_trail_tells_what_was_accepted_and_why(crossed: Accountant) -> None:
    run = crossed.run()
    accept(crossed, reason="Both customers agreed", kind=Attention.NO_RETAIL)
    entries = newest_audit_entries(crossed.installation, crossed.caller, AuditFilter(), 10)
    entry = entries[-1].entry
    assert entry.act == "accept_lines"
    assert entry.subject_id == run.run_id
    assert entry.after is not None
    assert '"Both customers agreed"' in entry.after
    assert '"no_retail cost-2024-09-1.csv:4"' in entry.after


def test_another_partners_acceptances_are_not_this_ones(crossed: Accountant, other_partner: Caller) -> None:
    crossed.run()
    accept(crossed)
    with pytest.raises(Conflict):
        list_attention(crossed.installation, other_partner, SEPTEMBER, 10)


def test_charges_and_credits_that_nobody_has_do_not_hide_each_other(month: Accountant) -> None:
    first = month.customer("First")
    month.deliver(
        SEPTEMBER,
        charge("2024-09-01", "1", "1", SubAccountId="s-1"),
        charge("2024-09-02", "70", "70", SubAccountId="s-9"),
        charge("2024-09-03", "-70", "", SubAccountId="s-9", ChargeCategory="Credit"),
        charge("2024-09-03", "-4", "", SubAccountId="s-9", ChargeCategory="Credit", BillingCurrency="EUR"),
    )
    month.subscriptions(first, "s-1")
    run = month.run()
    found = [f"{one.currency} {one.unassigned:f} {one.unassigned_gross:f}" for one in run.balance]
    assert found == ["EUR -4.000000000000 4.000000000000", "USD 0.000000000000 140.000000000000"]
    month.settle(unassigned_threshold=Decimal(139))
    with pytest.raises(Conflict) as refusal:
        month.finalize()
    assert refusal.value.fields["unassigned_cost"].startswith("140 USD ")
    month.settle(unassigned_threshold=Decimal(140))
    assert month.finalize().documents
