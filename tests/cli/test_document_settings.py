"""Letterhead, billing details and tax at the command line."""

from pathlib import Path

from tests.cli.command_line import CommandLine
from tests.documents.test_statement_pdf import PICTURE


def test_rules_of_tax_are_set_with_a_percent_and_without(rebill: CommandLine) -> None:
    standard = rebill.answer("tax", "set", "S", "--percent", "19")
    assert (standard["category"], standard["percent"], standard["from_month"]) == ("S", "19", None)
    reverse = rebill.answer("tax", "set", "AE", "--exemption", "Reverse charge", "--lines", "purchase")
    assert (reverse["percent"], reverse["reason"], reverse["lines"]) == ("0", "Reverse charge", "purchase")
    assert rebill.refusal("tax", "set", "E")["fields"].keys() == {"reason"}
    assert rebill.answer("tax", "list")["tax_rules"] == [standard, reverse]
    exempt = ("tax", "set", "E", "--lines", "manual", "--exemption-code")
    unknown = rebill.refusal(*exempt, "VATEX-EU-BOGUS")["fields"]
    assert unknown == {"reason_code": "must be a code of the VATEX list of EN 16931, such as VATEX-EU-AE"}
    assert rebill.answer(*exempt, "vatex-eu-132")["reason_code"] == "VATEX-EU-132"


def test_what_documents_show_is_set_and_left_out_again(rebill: CommandLine, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(PICTURE)
    words = ("partners", "letterhead", "--street", "Hauptstraße 1", "--city", "Berlin", "--country", "DE")
    shown = rebill.answer(*words, "--logo", str(logo), "--payment-days", "30")
    assert (shown["address"]["city"], shown["payment_days"], len(shown["logo_sha256"])) == ("Berlin", 30, 64)
    left = rebill.answer("partners", "letterhead", "--no-logo", "--payment-days", "-1", "--city", "")
    assert (left["address"]["city"], left["payment_days"], left["logo_sha256"]) == ("", None, "")
    assert rebill.refusal("partners", "letterhead", "--logo", str(tmp_path / "none.png"))["code"] == "cannot_read"
    customer = str(rebill.answer("customers", "create", "Indigo")["id"])
    assert rebill.answer("customers", "details", customer, "--language", "fr-CH")["language"] == "fr-CH"


def test_a_customers_address_is_given_and_changed_part_by_part(rebill: CommandLine) -> None:
    address = ("--street", "Kanalstraße 1", "--city", "Berlin", "--state", "Berlin", "--zipcode", "10115")
    lacking = rebill.refusal("customers", "create", "Indigo", *address)
    assert lacking["fields"].keys() == {"address.country"}
    made = rebill.answer("customers", "create", "Indigo", *address, "--country", "DE")
    told = {"street1": "Kanalstraße 1", "street2": "", "city": "Berlin", "state": "Berlin", "zipcode": "10115"}
    assert made["address"] == {**told, "country": "DE"}
    moved = ("--street-more", "3. OG", "--zipcode", "10999")
    changed = rebill.answer("customers", "update", str(made["id"]), *moved)
    assert changed["address"] == {**told, "street2": "3. OG", "zipcode": "10999", "country": "DE"}
    assert rebill.answer("customers", "update", str(made["id"]), "--name", "Uno")["address"] == changed["address"]
