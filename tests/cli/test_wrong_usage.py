"""Wrong usage ends with 2, faults of the business with 1, and JSON mode answers in JSON either way."""

import pytest

from tests.cli.command_line import CommandLine


@pytest.mark.parametrize(
    "arguments",
    [
        ("bill", "run"),
        ("bill", "run", "--period", "2024-13"),
        ("bill", "run", "--period", "2024-09", "--engine", "abacus"),
        ("assign", "123"),
        ("assign", "abc", "ab123"),
        ("assign", "123", "ab123", "--from", "2024-02-30"),
        ("customers", "create", "Acorn", "--markup", "many"),
        ("customers", "create", "Acorn", "--markup", "12.34567"),
        ("customers", "create", "Acorn", "--fallback-markup", "-1"),
        ("customers", "create", "Acorn", "--markup", "-101"),
        ("customers", "create", "Acorn", "--basis", "moon"),
        ("costs", "import", "costs.csv", "--layout", "zzz"),
        ("keys", "create", "--role", "king"),
        ("keys", "create", "--role", "admin", "--customer", "5"),
        ("keys", "create", "--role", "customer_read_only"),
        ("serve", "--port", "70000"),
        ("statements", "export", "5", "--format", "docx"),
        ("no-such-command",),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_two_and_says_what_is_wrong(
    small_rebill: CommandLine, arguments: tuple[str, ...]
) -> None:
    ended = small_rebill.run(*arguments, "--json")
    assert ended.code == 2, ended
    assert ended.document["code"] == "wrong_usage"
    assert ended.document["error"]
    text = small_rebill.run(*arguments)
    assert (text.code, text.out) == (2, "")
    assert text.err


def test_before_init_every_command_says_to_run_it(small_rebill: CommandLine) -> None:
    for arguments in (("customers", "list"), ("bill", "run", "--period", "2024-09"), ("serve", "--port", "0")):
        refused = small_rebill.refusal(*arguments)
        assert "rebill init" in refused["error"], refused


def test_a_statement_that_is_not_there_is_refused(small_rebill: CommandLine) -> None:
    small_rebill.answer("init")
    assert small_rebill.refusal("statements", "show", "5")["code"] == "statement_not_found"
    assert small_rebill.refusal("statements", "export", "5", "-o", "x")["code"] == "statement_not_found"
    assert small_rebill.refusal("statements", "export", "5")["code"] == "statement_not_found"
    assert small_rebill.run("statements", "show", "5").out == ""
