"""What refusals call fields, as pages and commands say it: in the words of forms, and by options."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rebill
from rebill.cli.option_words import in_options
from rebill.console.field_words import IDENTIFIER, IN_SENTENCES, labelled, not_said_in
from rebill.console.pointing import with_links

_SOURCES = Path(rebill.__file__).parent
_NAME = re.compile(r"(?<![\w./{\"-])[a-z]+(?:_[a-z0-9]+)+(?:\.[a-z]+)?(?![\w(}=\"])")
_NEVER_ON_PAGES = {
    "as_of",  # days of assignments are asked for by calls alone
    "audit_chains",  # a table of the database
    "effective_to",  # assignments end on pages by a day of transfer
    "spend_ratio",  # the code of an action, which the form of rules never sends at odds with its fields
    "union_by_name",  # SQL
    "file_row_number",
    "source_sha256",
    "source_row",
    "customer_id",
}


def _sentences() -> Iterator[str]:
    """Every text of services and model that has words in it, values left out."""
    for file in (file for room in ("services", "model", "documents") for file in (_SOURCES / room).rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        kept = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr | ast.JoinedStr)
            for part in ([node.value] if isinstance(node, ast.Expr) else node.values)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in kept:
                yield node.value


def test_every_name_of_a_field_in_a_sentence_has_words_on_pages() -> None:
    told = {name for text in _sentences() if " " in text and "SELECT" not in text for name in _NAME.findall(text)}
    assert {"correct_issued", "billing_start"} <= told, "the search finds what there is"
    assert told - set(IN_SENTENCES) - {IDENTIFIER} - _NEVER_ON_PAGES == set()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("address.state", "State"),
        ("letterhead.tax_id", "Tax number in the letterhead"),
        ("letterhead.address.country", "Country in the letterhead"),
        ("customer.address.country", "Country of the customer"),
        ("markup_percent", "Markup in percent"),
        ("client_api_id", "Customer"),
        ("unassigned_cost", "unassigned cost"),
        ("my_file.csv:2:BilledCost", "my_file.csv:2:BilledCost"),
    ],
)
def test_fields_stand_in_the_words_of_their_forms(name: str, said: str) -> None:
    assert labelled(name) == said


def test_sentences_say_the_words_of_forms_and_the_options_of_commands() -> None:
    sentence = "s-1 would change issued statements: allow it with correct_issued and a reason"
    assert "<em>Days of issued statements may change hands</em> and a reason" in with_links(sentence)
    assert "allow it with --correct-issued and a reason" in in_options(sentence)
    assert in_options("letterhead.tax_id is needed") == "partners letterhead --tax-id is needed"
    assert in_options("address.street2") == "--street-more"
    assert "list the customers to find its id" in with_links("list the customers to find its client_api_id")


def test_what_a_sentence_says_is_not_said_again() -> None:
    assert not_said_in({"cost.csv": "is empty", "scope": "is required"}, "cost.csv is empty.") == {
        "scope": "is required"
    }
