"""The tests that are to notice a mutant, and how they are run: quickly, and without explaining what failed."""

from typing import Final

from hypothesis import Phase, settings

PROFILE: Final = "mutation"
settings.register_profile(
    PROFILE,
    phases=(Phase.explicit, Phase.generate),  # That something fails is enough; the least example is of no use here.
    derandomize=True,
    database=None,
    print_blob=False,
)

_ORACLE: Final = "tests/rating/test_engine_against_oracle.py"
_OF_MONTHS: Final = (
    f"{_ORACLE}::test_months_are_rated_alike",
    "tests/scenarios/test_scenarios.py",
    "tests/rating/test_price_book_words.py",
    f"{_ORACLE}::test_random_charges_are_rated_alike",
)
_FIRST: Final[dict[str, tuple[str, ...]]] = {
    "attention.py": ("tests/services/test_accepting_lines.py", "tests/services/test_spans_transfer.py"),
    "explained.py": (
        "tests/services/test_explain_statement.py",
        "tests/services/test_margins.py",
        "tests/rating/test_derivations.py",
    ),
    "manual_lines.py": ("tests/scenarios/test_scenarios.py", "tests/services/test_manual_lines.py"),
    "near_misses.py": ("tests/rating/test_near_misses.py",),
    "plan.py": ("tests/rating/test_narrowed_columns.py",),
    "statement_rules.py": ("tests/scenarios/test_scenarios.py", "tests/services/test_billed_by_rules.py"),
    "transfers.py": ("tests/services/test_spans_transfer.py",),
}
_ONLY: Final = frozenset({"explained.py", "near_misses.py", "attention.py"})
"""Files that price nothing: months say nothing of them."""


def killers_of(file: str) -> tuple[str, ...]:
    """The test files that see what a file of ``rating`` does; the quickest to notice stand first."""
    first = _FIRST.get(file, ())
    return first if file in _ONLY else tuple(dict.fromkeys((*first, *_OF_MONTHS)))
