"""Where there is nothing to show, commands say so, and what to do: no bare heading, and never silence."""

from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine
from tests.focus_files import row, write_csv
from tests.mail_server import Mailbox, mail_server

SUBSCRIPTION = "5b1f7a52-0000-4000-8000-000000000001"
LISTS = (
    ("azure-customers", "subscriptions"),
    ("customers", "list"),
    ("customers", "list", "--deleted"),
    ("allocations", "list"),
    ("price-books", "list"),
    ("billing-rules", "list"),
    ("manual-lines", "list"),
    ("costs", "list"),
    ("costs", "reconcile", "--period", "2024-09"),
    ("invoices", "list"),
    ("bill", "run", "--period", "2024-09"),
    ("bill", "proposals"),
    ("margins",),
    ("statements", "list"),
    ("tax", "list"),
    ("sync", "--history"),
    ("audit", "--customer", "5"),
    ("partners", "guards"),
)


@pytest.mark.parametrize("arguments", LISTS, ids=" ".join)
def test_a_list_of_nothing_says_so(small_rebill: CommandLine, arguments: tuple[str, ...]) -> None:
    small_rebill.answer("init")
    ended = small_rebill.run(*arguments)
    assert ended.code == 0, ended
    assert "(none)" in ended.out.splitlines(), ended.out
    assert "(none)" not in small_rebill.run(*arguments, "--json").out


def test_a_run_of_a_month_without_cost_says_what_to_do(small_rebill: CommandLine) -> None:
    small_rebill.answer("init")
    ended = small_rebill.run("bill", "run", "--period", "2024-09")
    assert "Next: rebill costs import FILE… takes in the cost of 2024-09" in ended.out, ended.out


def issue_one(rebill: CommandLine, folder: Path) -> tuple[str, str]:
    """September 2024 is issued for one customer, which has no folder; the customer's id and the statement's."""
    customer = rebill.answer("customers", "create", "Contoso")["id"]
    charge = row(BilledCost="200", ListCost="220", SubAccountId=SUBSCRIPTION)
    rebill.answer("costs", "import", str(write_csv(folder / "september.csv", [charge])))
    rebill.answer("assign", str(customer), SUBSCRIPTION, "--subscription")
    rebill.answer("bill", "run", "--period", "2024-09")
    (document,) = rebill.answer("bill", "finalize", "--period", "2024-09", "--override", "A trial")["documents"]
    return str(customer), str(document["statement_id"])


def issue_october_too(rebill: CommandLine, folder: Path) -> None:
    """October 2024 is issued for the same customer."""
    charge = row(
        BillingPeriodStart="2024-10-01",
        BillingPeriodEnd="2024-11-01",
        ChargePeriodStart="2024-10-01",
        ChargePeriodEnd="2024-10-02",
        SubAccountId=SUBSCRIPTION,
    )
    rebill.answer("costs", "import", str(write_csv(folder / "october.csv", [charge])))
    rebill.answer("bill", "run", "--period", "2024-10")
    rebill.answer("bill", "finalize", "--period", "2024-10", "--override", "A trial")


def by_mail(port: int) -> dict[str, str]:
    """The settings of a delivery through the mail server at a port of this machine."""
    server = {"REBILL_SMTP_HOST": "127.0.0.1", "REBILL_SMTP_PORT": str(port), "REBILL_SMTP_SECURITY": "none"}
    return {**server, "REBILL_MAIL_FROM": "billing@partner.example"}


def test_a_delivery_of_nothing_says_why(rebill: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "delivered"
    folder.mkdir()

    def told(*arguments: str, **settings: str) -> str:
        ended = rebill.run("deliver", *arguments, **{"REBILL_DELIVERY_FOLDER": str(folder), **settings})
        assert ended.code == 0, ended
        return ended.out

    assert "(none)\n\nNo document is issued: rebill bill finalize" in told()
    customer, statement = issue_one(rebill, tmp_path)
    by_folder = told()
    assert f"1 document has nowhere to go: customer {customer} has no folder" in by_folder
    assert "rebill customers update CLIENT_API_ID --folder PATH" in by_folder
    mail = {"REBILL_SMTP_HOST": "mail.example", "REBILL_MAIL_FROM": "billing@partner.example"}
    assert f"customer {customer} has neither a folder nor an address" in told(**mail)
    assert f"customer {customer} has no address" in told(REBILL_DELIVERY_FOLDER="", **mail)
    assert "No document of 2024-08 is issued" in told("--period", "2024-08")
    rebill.answer("customers", "update", customer, "--folder", "contoso")
    first = told()
    assert statement in first
    assert "before" not in first
    assert "Nothing left now: everything was delivered before." in told()


def test_documents_that_wait_for_a_mail_server_that_is_down_are_not_said_to_have_no_address(
    rebill: CommandLine, tmp_path: Path
) -> None:
    customer, _ = issue_one(rebill, tmp_path)
    rebill.answer("customers", "details", customer, "--email", "ap@contoso.example")
    issue_october_too(rebill, tmp_path)
    with mail_server(Mailbox()) as port:
        pass
    for _ in range(2):
        ended = rebill.run("deliver", **by_mail(port))
        assert ended.code == 1, ended
        assert "nowhere to go" not in ended.out
        assert (
            "1 document waits for the mail server, which takes nothing now: rebill deliver brings it when it does."
            in ended.out
        )


def test_a_document_of_which_nobody_knows_is_told_of_and_not_said_to_be_delivered(
    rebill: CommandLine, tmp_path: Path
) -> None:
    customer, statement = issue_one(rebill, tmp_path)
    rebill.answer("customers", "details", customer, "--email", "ap@contoso.example")
    box = Mailbox(answers=["hang up"])
    with mail_server(box) as port:
        settings = by_mail(port)
        for _ in range(2):
            ended = rebill.run("deliver", **settings)
            assert ended.code == 1, ended
            assert (
                f"1 document is unsure: {statement}. Nobody knows what arrived: look, and "
                f"rebill deliver --again {statement} sends once more what did not." in ended.out
            )
            assert "Nothing left now" not in ended.out
        sent = rebill.run("deliver", "--again", statement, **settings)
        assert (sent.code, "unsure:" in sent.out, len(box.letters)) == (0, False, 1), sent
        assert "Nothing left now: everything was delivered before." in rebill.run("deliver", **settings).out


def test_several_documents_of_which_nobody_knows_are_named(rebill: CommandLine, tmp_path: Path) -> None:
    customer, first = issue_one(rebill, tmp_path)
    rebill.answer("customers", "details", customer, "--email", "ap@contoso.example")
    issue_october_too(rebill, tmp_path)
    with mail_server(Mailbox(answers=["hang up", "hang up"])) as port:
        ended = rebill.run("deliver", **by_mail(port))
    (second,) = (
        str(one["statement_id"]) for one in rebill.answer("statements", "list", "--period", "2024-10")["statements"]
    )
    both = ", ".join(sorted((first, second), key=int))
    assert f"2 documents are unsure: {both}. Nobody knows what arrived: look, and " in ended.out
    assert "rebill deliver --again ID sends once more what did not." in ended.out


def test_what_failed_on_a_way_that_the_settings_do_not_name_any_more_is_not_said_to_be_delivered(
    rebill: CommandLine, tmp_path: Path
) -> None:
    customer, _ = issue_one(rebill, tmp_path)
    rebill.answer("customers", "details", customer, "--email", "ap@contoso.example")
    with mail_server(Mailbox()) as port:
        pass
    assert rebill.run("deliver", **by_mail(port)).code == 1
    ended = rebill.run("deliver", REBILL_DELIVERY_FOLDER=str(tmp_path))
    assert (ended.code, "everything was delivered" in ended.out) == (1, False), ended


def test_a_document_without_a_number_is_told_of(rebill: CommandLine, tmp_path: Path) -> None:
    rebill.answer("partners", "settings", "--numbering", "external")
    issue_one(rebill, tmp_path)
    ended = rebill.run("deliver", REBILL_DELIVERY_FOLDER=str(tmp_path))
    assert "1 document waits for its number: rebill statements number ID NUMBER gives it." in ended.out
