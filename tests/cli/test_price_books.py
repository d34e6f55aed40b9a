"""Price books at the command line, on each of the two databases."""

from pathlib import Path

from tests.api.price_book_steps import SPECIFICATION, XML
from tests.cli.command_line import CommandLine
from tests.services.months import charge, write_focus


def _file(folder: Path, text: str = SPECIFICATION) -> str:
    file = folder / "book.xml"
    file.write_bytes(text.encode())
    return str(file)


def test_a_book_is_made_assigned_changed_and_deleted(rebill: CommandLine, tmp_path: Path) -> None:
    customer = str(rebill.answer("customers", "create", "Acorn")["id"])
    text = SPECIFICATION.replace("\n", "\r\n")
    book = rebill.answer("price-books", "create", "Gold tier", _file(tmp_path, text))
    number = str(book["id"])
    assert book.pop("notices") == []
    assert rebill.answer("price-books", "list") == {"price_books": [book]}
    made = rebill.answer("price-books", "assign", number, customer, "sub-1", "/subscriptions/SUB-2", "--to", "2999-01")
    assert (made["accounts"], made["end_month"]) == (["sub-1", "/subscriptions/SUB-2"], "2999-01")
    copy = tmp_path / "copy.xml"
    shown = rebill.answer("price-books", "show", number, "-o", str(copy))
    assert copy.read_bytes() == text.encode()
    assert shown == {**book, "specification": text, "assignments": [made]}
    assert "sub-1, /subscriptions/SUB-2" in rebill.run("price-books", "show", number).out
    other = _file(tmp_path, XML.format(percent=20))
    changed = rebill.answer("price-books", "update", number, "--name", "Platinum", "--specification", other)
    assert changed["book_name"] == "Platinum"
    assert changed["file_hash"] != book["file_hash"]
    assert rebill.refusal("price-books", "delete", number)["code"] == "price_book_in_use"
    assert rebill.answer("price-books", "unassign", str(made["id"])) == {"id": made["id"], "ended": True}
    assert rebill.answer("price-books", "delete", number) == {"id": book["id"], "deleted": True}


def test_a_book_prices_all_accounts_unless_told(rebill: CommandLine, tmp_path: Path) -> None:
    customer = str(rebill.answer("customers", "create", "Acorn", "--markup", "5")["id"])
    (markup,) = rebill.answer("price-books", "list")["price_books"]
    (own,) = rebill.answer("price-books", "show", str(markup["id"]))["assignments"]
    assert own["accounts"] == ["ALL"]
    book = rebill.answer("price-books", "create", "Gold tier", _file(tmp_path))
    taken = rebill.refusal("price-books", "assign", str(book["id"]), customer)
    assert taken["fields"].keys() == {"ALL"}
    # All of it or nothing: the book is not assigned without its accounts.
    assert rebill.answer("price-books", "show", str(book["id"]))["assignments"] == []
    rebill.answer("price-books", "unassign", str(own["id"]))
    assert rebill.answer("price-books", "assign", str(book["id"]), customer)["accounts"] == ["ALL"]


def test_a_book_that_is_assigned_takes_more_accounts(rebill: CommandLine, tmp_path: Path) -> None:
    customer = str(rebill.answer("customers", "create", "Acorn")["id"])
    number = str(rebill.answer("price-books", "create", "Gold tier", _file(tmp_path))["id"])
    assignment = str(rebill.answer("price-books", "assign", number, customer, "sub-1")["id"])
    added = rebill.answer("price-books", "add-accounts", assignment, "/subscriptions/SUB-2", "ALL")
    accounts = added["price_book_account_assignments"]
    assert [one["billing_account_owner_id"] for one in accounts] == ["/subscriptions/SUB-2", "ALL"]
    assert {str(one["price_book_assignment_id"]) for one in accounts} == {assignment}
    (standing,) = rebill.answer("price-books", "show", number)["assignments"]
    assert standing["accounts"] == ["sub-1", "/subscriptions/SUB-2", "ALL"]
    # All of them or none.
    taken = rebill.refusal("price-books", "add-accounts", assignment, "sub-3", "sub-2")
    assert taken["fields"].keys() == {"sub-2"}
    assert rebill.answer("price-books", "show", number)["assignments"] == [standing]
    assert rebill.refusal("price-books", "add-accounts", "7", "sub-3")["fields"].keys() == {"price_book_assignment_id"}


def test_a_file_that_cannot_be_a_book_says_why(rebill: CommandLine, tmp_path: Path) -> None:
    faulty = _file(tmp_path, XML.format(percent=-1))
    assert rebill.refusal("price-books", "create", "", faulty)["fields"].keys() == {
        "book_name",
        "specification[line 5]",
    }
    latin = tmp_path / "latin.xml"
    latin.write_bytes("Müll".encode("latin-1"))
    assert rebill.refusal("price-books", "create", "A", str(latin))["fields"].keys() == {"specification"}
    assert rebill.run("price-books", "update", "5").code == 2
    assert rebill.answer("price-books", "list") == {"price_books": []}


def test_a_book_is_tried_on_a_month(rebill: CommandLine, tmp_path: Path) -> None:
    customer = str(rebill.answer("customers", "create", "Acorn", "--no-billing")["id"])
    book = str(rebill.answer("price-books", "create", "Gold tier", _file(tmp_path))["id"])
    charges = [charge("2024-09-01", "80", "100", SubAccountId="sub-1")]
    rebill.answer("costs", "import", str(write_focus(tmp_path / "cost.csv", charges)), "--scope", "september")
    rebill.answer("assign", customer, "sub-1", "--subscription")
    done = rebill.answer("price-books", "dry-run", book, customer, "--period", "2024-09")
    (currency,) = done["result"]["currencies"]
    assert (currency["price_today"], currency["price_under_book"], currency["difference"]) == (
        "100.00",
        "110.00",
        "10.00",
    )
    told = rebill.run("price-books", "dry-run", book, customer, "--period", "2024-09").out
    assert "Virtual Machines" in told
    assert "10.00" in told
    assert rebill.answer("statements", "list") == {"statements": []}
    without = rebill.refusal("price-books", "dry-run", book, customer, "--period", "2024-08")
    assert without["fields"].keys() == {"month"}


NAMES = """<CHTBillingRules date="2024-10-01">
  <RuleGroup>
    <BillingRule name="Storage">
      <BasicBillingRule billingAdjustment="5" billingRuleType="percentIncrease"/>
      <Product productName="Storage"><Region name="West*"/></Product>
    </BillingRule>
    <BillingRule name="Compute">
      <BasicBillingRule billingAdjustment="10" billingRuleType="percentIncrease"/>
      <Product productName="virtual machines"/>
      <Product productName="Unheard of"/>
    </BillingRule>
  </RuleGroup>
</CHTBillingRules>
"""
MISSES = [
    'Rule 1 (Storage): no line of 2024-09 has the Region "West*"; did you mean "westeurope"?',
    'Rule 2 (Compute): no line of 2024-09 has the Product "virtual machines"; did you mean "Virtual Machines"?',
]


def test_names_in_another_case_than_the_lines_have_are_pointed_out(rebill: CommandLine, tmp_path: Path) -> None:
    file = _file(tmp_path, NAMES)
    # Without any cost there is nothing to compare with.
    assert rebill.answer("price-books", "create", "Early", file)["notices"] == []
    charges = [
        charge("2024-09-01", "80", "100", SubAccountId="sub-1", RegionId="westeurope"),
        charge("2024-09-01", "80", "100", SubAccountId="sub-1", ServiceName="Storage", RegionId="northeurope"),
    ]
    rebill.answer("costs", "import", str(write_focus(tmp_path / "cost.csv", charges)), "--scope", "september")
    book = rebill.answer("price-books", "create", "Late", file)
    assert book["notices"] == MISSES
    told = rebill.run("price-books", "update", str(book["id"]), "--specification", file).out
    assert all(sentence in told for sentence in MISSES)
    assert rebill.answer("price-books", "update", str(book["id"]), "--name", "Later")["notices"] == []
    right = _file(tmp_path, NAMES.replace("West", "west").replace("virtual machines", "Virtual Machines"))
    assert rebill.answer("price-books", "update", str(book["id"]), "--specification", right)["notices"] == []


def test_a_book_stands_although_its_names_cannot_be_compared(rebill: CommandLine, tmp_path: Path) -> None:
    charges = [charge("2024-09-01", "80", "100", SubAccountId="sub-1")]
    rebill.answer("costs", "import", str(write_focus(tmp_path / "cost.csv", charges)), "--scope", "september")
    parts = [one for one in (rebill.home / "lake").rglob("*.parquet") if "line_keys" not in one.name]
    assert parts
    for part in parts:
        part.unlink()
    (notice,) = rebill.answer("price-books", "create", "Gold tier", _file(tmp_path, NAMES))["notices"]
    assert notice.startswith("The names in the book were not compared with the lines of 2024-09: ")
    (book,) = rebill.answer("price-books", "list")["price_books"]
    assert book["book_name"] == "Gold tier"
