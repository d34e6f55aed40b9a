"""Setting up, several partners in one database, and keys, on each of the two databases."""

from contextlib import closing

from rebill.model.partner import PartnerSettingsChange
from rebill.model.party import Caller, Role
from rebill.services.acting.installation import Installation
from rebill.services.parties.partner_settings import change_partner_settings
from rebill.settings import Settings
from rebill.store.database import Database
from tests.cli.command_line import CommandLine


def test_a_second_init_upgrades_and_creates_nothing(rebill: CommandLine) -> None:
    again = rebill.answer("init", "--partner", "Another Name")
    assert again["api_key"] is None
    assert rebill.answer("init")["partner_id"] == again["partner_id"]
    assert len(rebill.answer("keys", "list")["keys"]) == 1


def test_commands_act_for_the_first_partner_unless_told_otherwise(rebill: CommandLine) -> None:
    second = rebill.answer("partners", "create", "Second Partner")
    assert second["api_key"]
    rebill.answer("customers", "create", "Of The First")
    rebill.answer("customers", "create", "Of The Second", "--partner", "Second Partner")
    first_list = rebill.answer("customers", "list")["customers"]
    assert [customer["name"] for customer in first_list] == ["Of The First"]
    by_id = rebill.answer("customers", "list", "--partner", str(second["partner_id"]))["customers"]
    by_environment = rebill.run("customers", "list", "--json", REBILL_PARTNER="Second Partner").document["customers"]
    assert [customer["name"] for customer in by_id] == ["Of The Second"]
    assert by_environment == by_id
    assert rebill.refusal("customers", "list", "--partner", "Nobody")["code"] == "partner_not_found"


def test_a_partner_that_calls_itself_otherwise_is_called_as_before_by_commands(
    rebill: CommandLine, migrated_url: str
) -> None:
    second = rebill.answer("partners", "create", "Second Partner")["partner_id"]
    with closing(Installation(Settings(rebill.home, migrated_url), Database(migrated_url))) as installation:
        change_partner_settings(installation, Caller(second, Role.ADMIN), PartnerSettingsChange(name="Renamed"))
    refused = rebill.refusal("customers", "list", "--partner", "Renamed")
    assert (refused["code"], refused["error"]) == (
        "partner_not_found",
        "Commands call no partner 'Renamed', whatever it calls itself: give its id, or the name that "
        "rebill init, partners create or partners settings --name gave it last.",
    )
    for called in ("Second Partner", str(second)):
        shown = rebill.answer("partners", "settings", "--partner", called)
        assert list(shown)[:3] == ["partner_id", "name_for_commands", "name"]
        assert (shown["partner_id"], shown["name_for_commands"], shown["name"]) == (second, "Second Partner", "Renamed")
        text = rebill.run("partners", "settings", "--partner", called).out.splitlines()
        assert [line.split(maxsplit=1) for line in text[:3]] == [
            ["partner_id", str(second)],
            ["name_for_commands", "Second Partner"],
            ["name", "Renamed"],
        ]
    again = rebill.answer("partners", "settings", "--name", "Renamed", "--partner", str(second))
    assert (again["name_for_commands"], again["name"]) == ("Renamed", "Renamed")
    assert rebill.answer("customers", "list", "--partner", "Renamed") == {"customers": []}


def test_keys_are_made_listed_and_revoked(rebill: CommandLine) -> None:
    operator = rebill.answer("keys", "create", "--role", "operator", "--name", "scripts")
    customer = rebill.answer("customers", "create", "Acorn")
    own = rebill.answer("keys", "create", "--role", "read_only", "--customer", str(customer["id"]))
    keys = {key["key_id"]: key for key in rebill.answer("keys", "list")["keys"]}
    assert keys[operator["key_id"]]["role"] == "operator"
    assert keys[operator["key_id"]]["name"] == "scripts"
    same = rebill.answer("keys", "create", "--role", "customer_read_only", "--customer", str(customer["id"]))
    keys = {key["key_id"]: key for key in rebill.answer("keys", "list")["keys"]}
    for key_id in (own["key_id"], same["key_id"]):
        assert (keys[key_id]["role"], keys[key_id]["customer_id"]) == ("customer_read_only", customer["id"])
    assert not any(operator["api_key"] in str(key) for key in keys.values())
    rebill.answer("keys", "revoke", str(operator["key_id"]))
    keys = {key["key_id"]: key for key in rebill.answer("keys", "list")["keys"]}
    assert keys[operator["key_id"]]["revoked_at"] is not None
    assert rebill.refusal("keys", "revoke", "5")["fields"] == {}


def test_a_key_that_opens_nothing_now_says_so(rebill: CommandLine) -> None:
    customer = str(rebill.answer("customers", "create", "Acorn")["id"])
    arguments = ("keys", "create", "--role", "read_only")
    assert rebill.answer(*arguments)["usable"] is True
    assert rebill.answer(*arguments, "--customer", customer)["usable"] is False
    last = rebill.run(*arguments, "--customer", customer).out.splitlines()[-1]
    assert "opens nothing now" in last
    assert "managed_without_access" in last
    assert "opens nothing now" not in rebill.run(*arguments).out


def test_a_customer_is_answered_as_the_api_does(rebill: CommandLine) -> None:
    customer = rebill.answer("customers", "create", "Acorn", "--no-billing")
    assert customer["partner_billing_configuration"] == {"enabled": False, "folder": ""}
    assert customer["_links"] == {"self": {"href": f"/v1/customers/{customer['id']}"}}
    assert rebill.answer("customers", "create", "Beech")["partner_billing_configuration"]["enabled"] is True
    again = rebill.refusal("customers", "create", "Acorn")
    assert list(again["fields"]) == ["name"]
    assert "name" in rebill.run("customers", "create", "Acorn").err


def test_a_customer_is_changed_from_a_month_on_and_deleted(rebill: CommandLine) -> None:
    customer = str(rebill.answer("customers", "create", "Acorn")["id"])
    changed = rebill.answer(
        "customers", "update", customer, "--name", "Beech", "--contact", "bills@beech.example", "--folder", "beech",
        "--classification", "managed_with_access", "--basis", "billed", "--commitments", "retail",
        "--fallback-markup", "2.5", "--from", "2024-12",
    )  # fmt: skip
    assert (changed["name"], changed["billing_contact"]) == ("Beech", "bills@beech.example")
    assert changed["classification"] == "managed_with_access"
    assert changed["partner_billing_configuration"] == {"enabled": True, "folder": "beech"}
    off = rebill.answer("customers", "update", customer, "--no-billing")
    assert off["partner_billing_configuration"]["enabled"] is False
    assert rebill.refusal("customers", "update", customer, "--name", "")["fields"] == {"name": "is required"}
    assert rebill.run("customers", "update", customer).code == 2
    assert rebill.answer("customers", "delete", customer) == {"id": int(customer), "deleted": True}
    assert rebill.refusal("customers", "delete", customer)["code"] == "customer_not_found"
    assert rebill.answer("customers", "list")["customers"] == []
    (deleted,) = rebill.answer("customers", "list", "--deleted")["customers"]
    assert deleted["name"] == "Beech"
    assert deleted["deleted_at"] == deleted["updated_at"]


def test_amounts_that_cannot_be_kept_are_refused_and_change_nothing(rebill: CommandLine) -> None:
    too_great = "an amount has at most 16 digits before the point"
    customer = str(rebill.answer("customers", "create", "Acorn")["id"])
    before = rebill.answer("partners", "settings")
    for amount in ("1e16", "-1e999999999", "9" * 5_000):
        refused = rebill.refusal(
            "partners", "settings", f"--unassigned-threshold={amount}", f"--tolerance-amount={amount}"
        )
        assert refused["fields"] == dict.fromkeys(("unassigned_threshold", "tolerance_amount"), too_great)
        entry = ("--period", "2024-09", "--reason", "Agreed", f"--amount={amount}", f"--cost={amount}")
        assert rebill.refusal("manual-lines", "add", customer, *entry)["fields"] == {
            "amount": too_great,
            "cost": too_great,
        }
    assert rebill.answer("partners", "settings") == before
    assert rebill.answer("manual-lines", "list") == {"manual_lines": []}
