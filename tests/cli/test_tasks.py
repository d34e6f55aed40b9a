"""The guide by task: every command of ``docs/tasks.md``, in its order, on a real installation."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, Ended
from tests.documents.test_statement_pdf import PICTURE
from tests.focus_files import row, write_csv

GUIDE = Path(__file__).parent.parent.parent / "docs" / "tasks.md"
BOOK = (
    '<CHTBillingRules date="2024-09-01"><RuleGroup><BillingRule name="All of it">'
    '<BasicBillingRule billingAdjustment="10" billingRuleType="percentIncrease"/></BillingRule></RuleGroup>'
    "</CHTBillingRules>"
)
SUBSCRIPTION, OTHER = "5b1f7a52-0000-4000-8000-000000000001", "5b1f7a52-0000-4000-8000-000000000002"
INVOICE = "G016907411"


def commands() -> Iterator[str]:
    """The lines of the guide's blocks, their comments with them."""
    for block in re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text("utf-8"), re.M | re.S):
        yield from block.splitlines()


def write_files(folder: Path) -> None:
    """The reader's own files, as the guide names them."""
    charges = [
        row(BilledCost="200", ListCost="220", SubAccountId=SUBSCRIPTION, InvoiceId=INVOICE),
        row(BilledCost="40", ListCost="44", SubAccountId=OTHER, InvoiceId=INVOICE),
    ]
    write_csv(folder / "september.csv", charges)
    write_csv(folder / "september-restated.csv", [{**charges[0], "BilledCost": "201"}, charges[1]])
    (folder / "book.xml").write_text(BOOK)
    (folder / "logo.png").write_bytes(PICTURE)
    (folder / "delivered").mkdir()


class Reader:
    """Somebody who types what the guide says, with the ids that the commands before have shown."""

    def __init__(self, rebill: CommandLine) -> None:
        self._rebill = rebill
        self._words = {"SUBSCRIPTION": SUBSCRIPTION, "OTHER_SUBSCRIPTION": OTHER, "INVOICE_NUMBER": INVOICE}

    def types(self, line: str) -> Ended:
        """Run one line; a home of its own has a database of its own."""
        words = [self._words.get(word, word) for word in shlex.split(line, comments=True)]
        at = words.index("rebill")
        environment = dict(word.split("=", 1) for word in words[:at])
        if "REBILL_HOME" in environment:
            environment["REBILL_DATABASE_URL"] = ""
        done = self._rebill.run(*words[at + 1 :], **environment)
        self._note(done.out)
        return done

    def _note(self, out: str) -> None:
        if found := re.search(r"its client_api_id is (\d+)", out):
            self._words["OTHER_CLIENT_API_ID" if "CLIENT_API_ID" in self._words else "CLIENT_API_ID"] = found[1]
        if found := re.search(r"Price book .* its id is (\d+)", out):
            self._words["BOOK_ID"] = found[1]
        if found := re.search(r"^Contoso .* Estimated +(\d+)", out, re.M):
            self._words["STATEMENT_ID"] = found[1]


def test_every_command_of_the_guide_does_what_it_says(
    rebill: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    reader = Reader(rebill)
    ended = [(line, reader.types(line)) for line in commands()]
    assert [f"{line}: {done.err}" for line, done in ended if done.code != 0] == []
    assert (tmp_path / "statement.pdf").read_bytes().startswith(b"%PDF")
    assert sorted(file.suffix for file in (tmp_path / "delivered" / "contoso").iterdir()) == [
        ".csv",
        ".parquet",
        ".pdf",
        ".xml",
    ]
    assert "urn:oasis:names:specification:ubl" in (tmp_path / "statement.xml").read_text("utf-8")
    checked = [done.out for line, done in ended if line.startswith("rebill bill checklist")]
    assert ["without an electronic invoice" in out for out in checked] == [False]
    numbers = [
        re.findall(r"S\d{4}-(\d{6})", done.out) for line, done in ended if line.startswith("rebill bill finalize")
    ]
    assert numbers == [["000001", "000002"], ["000003"]]
