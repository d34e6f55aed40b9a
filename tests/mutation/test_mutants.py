"""Mutants of SQL are what they are meant to be, and a few of them are put on trial."""

import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from tests.mutation.__main__ import sampled
from tests.mutation.conversation import Overheard, Repeated, SaysOtherwise
from tests.mutation.harmless import is_harmless
from tests.mutation.mutant import RATING, Mutant, original
from tests.mutation.plain_tests import fail, plain_tests
from tests.mutation.record import Record
from tests.mutation.sql_mutants import KINDS, sql_mutants

SOURCE = '''"""Says SELECT and AND, and is no SQL."""
ZERO = "CAST('0' AS DECIMAL(28,12))"
SUMS = f"""
SELECT SUM(price) AS price FROM lines AS l
LEFT JOIN spans AS s ON s.number >= l.number AND l.kind = {KIND_AND_MORE} WHERE name IS NOT NULL"""
'''


def told(source: str) -> list[tuple[str, str, str]]:
    """(kind, line before, line after) of every mutant."""
    return [(found.kind, *found.lines(source)) for found in sql_mutants("plan.py", source)]


def test_what_counts_in_sql_is_changed_once_each_and_nothing_else() -> None:
    joined = 'LEFT JOIN spans AS s ON s.number >= l.number AND l.kind = {KIND_AND_MORE} WHERE name IS NOT NULL"""'
    zero = "ZERO = \"CAST('0' AS DECIMAL(28,12))\""
    summed = "SELECT SUM(price) AS price FROM lines AS l"
    assert sorted(told(SOURCE)) == sorted(
        [
            ("digits", zero, zero.replace("28,12", "28,11")),
            ("literal", zero, zero.replace("'0'", "'1'")),
            ("literal", zero, zero.replace("'0'", "'no_0'")),
            ("aggregate", summed, summed.replace("SUM", "MAX")),
            ("join", joined, joined.replace("LEFT JOIN", "JOIN")),
            ("comparison", joined, joined.replace(">=", ">")),
            ("comparison", joined, joined.replace("kind =", "kind <>")),
            ("logic", joined, joined.replace("number AND", "number OR")),
            ("null", joined, joined.replace("IS NOT NULL", "IS NULL")),
        ]
    )


def test_every_kind_occurs_in_rating_and_a_seed_always_chooses_the_same() -> None:
    files = sorted(path.name for path in RATING.glob("[a-z]*.py"))
    mutants = [mutant for file in files for mutant in sql_mutants(file, original(file))]
    assert {mutant.kind for mutant in mutants} == set(KINDS)
    assert all(mutant.source(original(mutant.file)) != original(mutant.file) for mutant in mutants)
    assert sampled(mutants, 7, 3) == sampled(mutants, 7, 3) != sampled(mutants, 8, 3)
    assert sorted(sampled(mutants, 7, None)) == sorted(mutants)


class Adding:
    """Stands for an engine: it answers what its numbers come to."""

    def rows(self, numbers: list[int], file: Path) -> int:
        return sum(numbers)

    def create_sums(self, sums: Any) -> None:
        """Answers nothing."""


def test_who_says_the_same_to_an_engine_gets_the_same_answers_and_who_does_not_is_told() -> None:
    overheard = Overheard(cast(Any, Adding()))
    assert overheard.rows([1, 2], Path("/one/folder/sums")) == 3
    overheard.create_sums(lambda rows: f"sums of {rows}")
    repeated = Repeated(overheard.conversation)
    assert repeated.rows([1, 2], Path("/another/folder/sums")) == 3
    with pytest.raises(SaysOtherwise):
        repeated.create_sums(lambda rows: f"no sums of {rows}")
    for said in (([2, 1], Path("sums")), ([1, 2], Path("other")), (["1", 2], Path("sums"))):
        with pytest.raises(SaysOtherwise):
            Repeated(overheard.conversation).rows(*said)
    with pytest.raises(SaysOtherwise):
        Repeated([]).rows([1, 2], Path("sums"))


def test_a_later_campaign_knows_what_was_tried_as_long_as_the_file_is_the_same(tmp_path: Path) -> None:
    first, second, *_ = sql_mutants("plan.py", SOURCE)
    record = Record(tmp_path / "tried.jsonl")
    record.add(first, SOURCE, "survived", "months", 0.5)
    record.add(first, SOURCE, "killed", "tests", 2.5)
    later = Record(tmp_path / "tried.jsonl")
    assert later.outcome(first, SOURCE) == "killed"
    assert later.outcome(second, SOURCE) is None
    assert later.outcome(first, SOURCE + "\n") is None


@pytest.mark.parametrize(
    ("before", "after", "harmless"),
    [
        ("l.PricingUnit", "L.PRICINGUNIT", True),
        ("COALESCE(c.Name, d.name)", "coalesce(c.name, d.name)", True),
        ("INTEGER", "integer", True),
        ("l.Kind = 'Usage' AND l.Price", "l.kind = 'Usage' and l.price", True),
        ("l.Kind = 'Usage' AND l.Price", "l.kind = 'usage' and l.price", False),
        ("l.PricingUnit", "l.PricingUnits", False),
        ("Virtual Machines", "VIRTUAL MACHINES", False),
        ("price", "PRICE", False),
    ],
)
def test_sql_in_other_letters_is_harmless_and_nothing_else_is(before: str, after: str, harmless: bool) -> None:
    source, start = f'COLUMNS = ("{before}", "other")', len('COLUMNS = ("')
    assert (
        is_harmless(Mutant("python", "plan.py", start, start + len(before), after, "SimpleString"), source) is harmless
    )


def test_plain_tests_are_all_that_ask_for_no_fixture_with_each_of_their_parameters() -> None:
    # Of its tests three have no parameter, one has twelve and one six.
    assert len(list(plain_tests("tests.rating.test_line_kinds"))) == 3 + 12 + 6
    # All of its tests rate months with an engine, in a folder that pytest gives.
    assert list(plain_tests("tests.rating.test_at_the_edges")) == []
    assert not fail(["tests.rating.test_line_kinds"])
    assert fail(["tests.rating.test_line_kinds", "tests.rating.no_such_test"])


@pytest.mark.long
def test_faults_of_arithmetic_and_bounds_are_noticed() -> None:
    chosen = ["--family", "sql", "--file", "plan.py", "--kind", "comparison", "--sample", "3", "--seed", "20240917"]
    command = [sys.executable, "-m", "tests.mutation", "--unchecked", "--again", *chosen]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("0 survived\n")
