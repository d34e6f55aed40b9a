"""A month is stale as soon as what it is priced by changes, and not before: what is remembered hides nothing."""

from decimal import Decimal
from pathlib import Path

from rebill.model.customer import CustomerChange, TermsChange
from rebill.model.party import Caller
from rebill.model.terms import GuardsChange
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import run_bill
from rebill.services.parties.change_customer import change_customer
from rebill.services.parties.partner_guards import change_partner_guards
from rebill.services.runs.month_state import MonthState, state_of_month
from rebill.services.runs.refund_months import month_inputs
from rebill.services.runs.run_manifest import manifest_inputs, sha256_of_inputs
from rebill.store.scope import Scope
from tests.services.months import SEPTEMBER, Month, charge


def _state(month: Month) -> MonthState:
    """The month's state, whose hash must be that of everything which a run writes down of its inputs."""
    with month.installation.database.reading() as connection:
        scope = Scope.of(connection, month.caller)
        state = state_of_month(month.installation, scope, SEPTEMBER)
        inputs = month_inputs(month.installation, scope, SEPTEMBER, state.data_sets)
    assert state.inputs_sha256 == sha256_of_inputs(manifest_inputs(inputs, state.data_sets))
    return state


def _is_fresh(month: Month) -> bool:
    state = _state(month)
    return state.runs[0].inputs_sha256 == state.inputs_sha256


def test_every_change_makes_a_month_stale_until_it_is_taken_back(
    installation: Installation, partner: Caller, tmp_path: Path
) -> None:
    month = Month(installation, partner, tmp_path)
    first, second = month.customer("First"), month.customer("Second")
    month.cost(charge("2024-09-12", "8", "10", SubAccountId="s-1"))
    month.subscriptions(first, "s-1")
    run_bill(installation, partner, SEPTEMBER)
    assert _is_fresh(month)

    def agree(markup: int) -> None:
        terms = TermsChange(fallback_markup_percent=Decimal(markup))
        change_customer(installation, partner, second, CustomerChange(terms=terms))

    agree(5)
    assert not _is_fresh(month)
    agree(0)
    assert _is_fresh(month)
    for guarded, fresh in ((True, False), (False, True)):
        change_partner_guards(installation, partner, GuardsChange(floor_at_cost=guarded), None)
        assert _is_fresh(month) is fresh
    month.move(second, "2024-09-20", "s-1")
    assert not _is_fresh(month)
    run_bill(installation, partner, SEPTEMBER)
    assert _is_fresh(month)


def test_partners_with_the_same_rows_but_for_their_own_are_told_apart(
    installation: Installation, partner: Caller, other_partner: Caller, tmp_path: Path
) -> None:
    found = []
    for caller in (partner, other_partner):
        folder = tmp_path / str(caller.partner_id)
        folder.mkdir()
        month = Month(installation, caller, folder)
        month.cost(charge("2024-09-12", "8", "10", SubAccountId="s-1"))
        month.subscriptions(month.customer("First"), "s-1")
        run_bill(installation, caller, SEPTEMBER)
        found.append(month)
    assert [_is_fresh(month) for month in (*found, *found)] == [True] * 4
    assert _state(found[0]).inputs_sha256 != _state(found[1]).inputs_sha256
