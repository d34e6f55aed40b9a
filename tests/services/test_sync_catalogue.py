"""The catalogue is synced from Partner Center: complete, whatever goes wrong on the way, and never half."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pytest
import stamina

from rebill.api.telemetry import Telemetry
from rebill.lake.folders import exclusive_lock
from rebill.model.errors import Conflict, Invalid
from rebill.model.movement import AlarmKind
from rebill.model.party import Caller
from rebill.model.sync import SyncOutcome, SyncPart
from rebill.services.acting.installation import Installation
from rebill.services.syncing.newcomers import unassigned_newcomers
from rebill.services.syncing.sync import list_syncs, sync
from rebill.services.syncing.sync_standing import SyncStanding, sync_standing
from rebill.settings import MicrosoftSettings
from rebill.store.scope import Scope
from rebill.store.syncs import begin_sync
from rebill.twin.faults import Fault, Faults
from rebill.twin.signing_in import CLIENT_SECRET
from rebill.twin.world import TwinCustomer, TwinWorld
from tests.conftest import SettableClock
from tests.services.steps import assign, customer
from tests.services.syncing_partner import SyncingPartner, bridge_of, catalogue_of, syncing_with_twin

SMALL = TwinWorld(customer_count=7)
CATALOGUE = SyncPart.CATALOGUE


def test_a_sync_brings_every_customer_and_every_subscription_under_its_azure_plan(
    installation: Installation, partner: Caller
) -> None:
    with syncing_with_twin(installation, partner, SMALL) as syncing:
        (record,) = syncing.sync(CATALOGUE)
        assert (record.outcome, record.fault) == (SyncOutcome.DONE, "")
        assert syncing.catalogue() == catalogue_of(SMALL)
        assert syncing.bridge() == bridge_of(SMALL)
        assert {**record.result.counts, "requests": 0} == {
            "customers": 7,
            "new": 7,
            "changed": 0,
            "gone": 0,
            "subscriptions": 10,
            "closed_tenants": 0,
            "closed_plans": 0,
            "requests": 0,
        }
        (again,) = syncing.sync(CATALOGUE)
        assert (again.result.counts["new"], again.result.counts["changed"]) == (0, 0)


@pytest.mark.parametrize("status", [403, 404])
def test_a_plan_that_is_no_more_hides_none_of_the_other_plans_and_is_counted(
    installation: Installation, partner: Caller, status: int
) -> None:
    with syncing_with_twin(installation, partner, replace(SMALL, deleted_plans=status)) as syncing:
        (record,) = syncing.sync(CATALOGUE)
        assert (record.outcome, record.fault) == (SyncOutcome.DONE, "")
        assert syncing.bridge() == bridge_of(SMALL)
        told = {name: record.result.counts[name] for name in ("subscriptions", "closed_tenants", "closed_plans")}
        assert told == {"subscriptions": 10, "closed_tenants": 0, "closed_plans": 7}
        assert "7 closed plans" in record.result.told


@dataclass(frozen=True)
class _NamedOddly(TwinWorld):
    """A world whose first customer is listed by another name, or by what is none."""

    first_name: Any = ""

    @cached_property
    def customers(self) -> tuple[TwinCustomer, ...]:
        first, *others = super().customers
        return (replace(first, name=self.first_name), *others)


def test_one_odd_name_holds_no_other_customer_up_and_one_that_is_no_text_is_named(
    installation: Installation, partner: Caller
) -> None:
    with syncing_with_twin(installation, partner, _NamedOddly(3, first_name=" Con\ttoso\x00")) as syncing:
        (record,) = syncing.sync(CATALOGUE)
        assert (record.outcome, record.fault) == (SyncOutcome.DONE, "")
        assert syncing.catalogue() == catalogue_of(_NamedOddly(3, first_name="Con toso"))
        known = syncing.catalogue()
    world = _NamedOddly(3, first_name=42)
    with syncing_with_twin(installation, partner, world) as syncing:
        (record,) = syncing.sync(CATALOGUE)
        assert (record.outcome, record.fault_code) == (SyncOutcome.FAILED, "invalid_customers_answer")
        tenant = world.customers[0].tenant_id
        assert f"(customer {tenant}).companyProfile.companyName: must be text" in record.fault
        assert syncing.catalogue() == known


@pytest.mark.parametrize("seed", [1, 2])
def test_faults_on_the_way_change_nothing_of_what_comes(installation: Installation, partner: Caller, seed: int) -> None:
    faults = Faults.all(seed)
    with syncing_with_twin(installation, partner, SMALL, faults) as syncing:
        (record,) = syncing.sync(CATALOGUE)
        assert (record.outcome, record.fault) == (SyncOutcome.DONE, "")
        assert syncing.catalogue() == catalogue_of(SMALL)
        assert syncing.bridge() == bridge_of(SMALL)
    assert sum(faults.suffered.values()) > 10
    assert {Fault.THROTTLED, Fault.TOKEN_REFUSED} <= faults.suffered.keys()


def test_a_request_that_is_sent_again_bears_the_same_id_and_another_one_a_new_id(
    installation: Installation, partner: Caller
) -> None:
    with syncing_with_twin(installation, partner, SMALL, Faults.all(2)) as syncing:
        syncing.sync(CATALOGUE)
        asked = {key: ids for key, ids in syncing.twin.service.state.asked.items() if " /v1/" in key}
    assert any(len(ids) > 1 for ids in asked.values())
    assert all(len(set(ids)) == 1 for ids in asked.values())
    assert len({ids[0] for ids in asked.values()}) == len(asked)


def test_a_sync_that_loses_the_network_at_any_request_leaves_all_or_nothing_and_goes_on_later(
    installation: Installation, partner: Caller
) -> None:
    world = TwinWorld(customer_count=3)
    with syncing_with_twin(installation, partner, world) as syncing, stamina.set_testing(True, attempts=1):
        syncing.twin.line.cut_from = 0
        (record,) = syncing.sync(CATALOGUE)
        assert (record.outcome, record.fault_code) == (SyncOutcome.FAILED, "microsoft_unavailable")
        ended = 0
        # Each sync gets one request further than the one before: what came is not asked for again.
        for _ in range(20):
            assert syncing.catalogue() == []
            syncing.twin.line.count, syncing.twin.line.cut_from = 0, 5
            (record,) = syncing.sync(CATALOGUE)
            ended += 1
            if record.outcome is SyncOutcome.DONE:
                break
        assert syncing.catalogue() == catalogue_of(world)
        assert syncing.bridge() == bridge_of(world)
    assert 2 < ended < 20


def test_who_is_no_longer_listed_is_gone_and_the_alarm_says_when_it_is_many(
    installation: Installation, partner: Caller
) -> None:
    with syncing_with_twin(installation, partner, TwinWorld(customer_count=9)) as syncing:
        syncing.sync(CATALOGUE)
    with syncing_with_twin(installation, partner, TwinWorld(customer_count=5)) as syncing:
        (record,) = syncing.sync(CATALOGUE)
        assert record.result.counts["gone"] == 4
        assert [alarm.kind for alarm in record.result.alarms] == [AlarmKind.CATALOGUE_SHRANK]
        gone = {one.name for one in TwinWorld(customer_count=9).customers[5:]}
        assert {(one.name, one.told) for one in record.result.moved} == {(name, "gone") for name in gone}
    with syncing_with_twin(installation, partner, TwinWorld(customer_count=9)) as syncing:
        (record,) = syncing.sync(CATALOGUE)
        assert {(one.name, one.told) for one in record.result.moved} == {
            (name, "status: gone → active") for name in gone
        }
    with syncing_with_twin(installation, partner, TwinWorld(customer_count=5)) as syncing:
        syncing.sync(CATALOGUE)
    with syncing_with_twin(installation, partner, TwinWorld(customer_count=0)) as syncing:
        (record,) = syncing.sync(CATALOGUE)
        assert record.fault_code == "catalogue_empty"
        assert len([one for one in syncing.catalogue() if one[3] == "active"]) == 5


def test_newcomers_of_this_month_and_the_last_are_listed_until_they_are_assigned(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    with syncing_with_twin(installation, partner, TwinWorld(customer_count=2)) as syncing:
        clock.now = clock.now.replace(month=7)
        syncing.sync(CATALOGUE)
    clock.now = clock.now.replace(month=9)
    with syncing_with_twin(installation, partner, TwinWorld(customer_count=4)) as syncing:
        syncing.sync(CATALOGUE)
        clock.now = clock.now.replace(month=10)
        newcomers = unassigned_newcomers(installation, partner, 10)
        assert {one.identifier for one in newcomers} == {one.tenant_id for one in SMALL.customers[2:4]}
        taken = newcomers[0].identifier
        assign(installation, partner, customer(installation, partner, "Contoso"), taken)
        assert taken not in {one.identifier for one in unassigned_newcomers(installation, partner, 10)}


def test_syncs_stand_in_line_and_one_that_was_killed_is_recorded_as_interrupted(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    with syncing_with_twin(installation, partner, TwinWorld(customer_count=1)) as syncing:
        lock = installation.settings.home / "sync" / str(partner.partner_id) / "sync.lock"
        with exclusive_lock(lock), pytest.raises(Conflict) as refused:
            syncing.sync(CATALOGUE)
        assert refused.value.code == "sync_running"
        installation.database.write(lambda c: begin_sync(Scope.of(c, partner), CATALOGUE, clock.now))
        clock.now = clock.now.replace(hour=13)
        syncing.sync(CATALOGUE)
    newest, killed = list_syncs(installation, partner)
    assert (newest.outcome, killed.outcome) == (SyncOutcome.DONE, SyncOutcome.INTERRUPTED)


def test_signing_in_as_the_application_and_a_user_works_as_well(installation: Installation, partner: Caller) -> None:
    with syncing_with_twin(installation, partner, SMALL, Faults.all(4)) as syncing:
        with_user = MicrosoftSettings.from_environment(syncing.twin.environment_with_user)
        (record,) = _with_settings(syncing, with_user).sync(CATALOGUE)
        assert (record.outcome, record.fault) == (SyncOutcome.DONE, "")
        assert syncing.catalogue() == catalogue_of(SMALL)


def test_a_sign_in_that_is_refused_says_so_and_never_tells_the_secret(
    installation: Installation, partner: Caller
) -> None:
    wrong = "wrong-secret-that-must-never-be-seen"
    with syncing_with_twin(installation, partner, SMALL) as syncing:
        for environment in (syncing.twin.environment, syncing.twin.environment_with_user):
            settings = MicrosoftSettings.from_environment({**environment, "REBILL_MICROSOFT_CLIENT_SECRET": wrong})
            (record,) = _with_settings(syncing, settings).sync(CATALOGUE)
            assert record.fault_code == "microsoft_sign_in_refused"
            assert "AADSTS7000215" in record.fault
            assert wrong not in record.fault
            assert wrong not in repr(settings)


def test_a_secret_can_lie_in_a_file_and_what_is_not_set_is_named(installation: Installation, partner: Caller) -> None:
    file = installation.settings.home / "secret"
    file.write_text(f"{CLIENT_SECRET}\n")
    with syncing_with_twin(installation, partner, SMALL) as syncing:
        environment = {**syncing.twin.environment, "REBILL_MICROSOFT_CLIENT_SECRET_FILE": str(file)}
        del environment["REBILL_MICROSOFT_CLIENT_SECRET"]
        (record,) = _with_settings(syncing, MicrosoftSettings.from_environment(environment)).sync(CATALOGUE)
        assert record.outcome is SyncOutcome.DONE
    with pytest.raises(Invalid) as refused:
        sync(installation, partner, lambda part, done, total: None)
    assert refused.value.code == "microsoft_not_configured"
    assert set(refused.value.fields) == {
        "REBILL_MICROSOFT_TENANT_ID",
        "REBILL_MICROSOFT_CLIENT_ID",
        "REBILL_MICROSOFT_CLIENT_SECRET",
    }


def _with_settings(syncing: SyncingPartner, microsoft: MicrosoftSettings) -> SyncingPartner:
    settings = replace(syncing.installation.settings, microsoft=microsoft)
    return replace(syncing, installation=replace(syncing.installation, settings=settings))


def test_the_operator_sees_how_syncs_stand_and_no_partner_by_name(
    installation: Installation, partner: Caller, clock: SettableClock
) -> None:
    telemetry = Telemetry()
    assert sync_standing(installation) == {}
    with syncing_with_twin(installation, partner, TwinWorld(customer_count=1)) as syncing:
        syncing.sync(CATALOGUE)
        began = clock.now
        assert sync_standing(installation) == {CATALOGUE: SyncStanding(began, failing=0, alarms={})}
        clock.now = clock.now.replace(hour=13)
        wrong = MicrosoftSettings.from_environment(
            {**syncing.twin.environment, "REBILL_MICROSOFT_CLIENT_SECRET": "wrong"}
        )
        _with_settings(syncing, wrong).sync(CATALOGUE)
    assert sync_standing(installation) == {CATALOGUE: SyncStanding(began, failing=1, alarms={})}
    telemetry.syncs_stand(sync_standing(installation))
    assert b'rebill_sync_failing{part="catalogue"} 1.0' in telemetry.metrics()
