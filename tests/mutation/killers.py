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

_AT_THE_EDGES: Final = "tests/rating/test_at_the_edges.py"
_OF_MONTHS: Final = (
    _AT_THE_EDGES,
    "tests/scenarios/test_scenarios.py",
    "tests/rating/test_price_book_words.py",
)
_OF_A_RUN: Final = "tests/rating/test_told_of_a_run.py"
_AT_LENGTH: Final = (
    "tests/rating/test_engine_against_oracle.py::test_months_are_rated_alike",
    "tests/rating/test_engine_against_oracle.py::test_random_charges_are_rated_alike",
)
_FIRST: Final[dict[str, tuple[str, ...]]] = {
    "accounts.py": ("tests/services/test_spans_transfer.py",),
    **dict.fromkeys(
        ("book_matching.py", "line_columns.py", "line_kinds.py", "rule_matching.py", "text_matching.py"),
        ("tests/rating/test_rules_matched.py",),
    ),
    "attention.py": (_OF_A_RUN, "tests/services/test_accepting_lines.py", "tests/services/test_spans_transfer.py"),
    "customer_data_set.py": (
        _OF_A_RUN,
        "tests/services/test_customer_data_set.py",
    ),
    "customer_rules.py": ("tests/rating/test_added_lines.py", "tests/services/test_billed_by_rules.py"),
    "explained.py": (
        _OF_A_RUN,
        "tests/services/test_explain_statement.py",
        "tests/services/test_margins.py",
        "tests/services/test_customer_data_set.py",
        "tests/console/test_portal.py",
        "tests/rating/test_derivations.py",
    ),
    "manual_lines.py": ("tests/rating/test_added_lines.py", "tests/services/test_manual_lines.py"),
    "line_rules.py": ("tests/rating/test_support_fees.py",),
    "near_misses.py": ("tests/rating/test_near_misses.py",),
    "passed_over.py": ("tests/services/test_rates_passed_over.py",),
    "plan.py": ("tests/rating/test_narrowed_columns.py",),
    "products.py": ("tests/rating/test_line_keys.py",),
    "service_categories.py": ("tests/rating/test_service_categories.py",),
    "statement_rules.py": (
        "tests/rating/test_added_lines.py",
        "tests/rating/test_support_fees.py",
        "tests/services/test_billed_by_rules.py",
    ),
    "transfers.py": (
        _AT_THE_EDGES,
        "tests/services/test_spans_transfer.py",
    ),
}
_OF_TEXTS: Final = tuple(f"tests.rating.test_{name}" for name in ("texts_of_lines", "line_kinds", "rules_matched"))
_OF_ADDED_LINES: Final = ("tests.rating.test_added_lines", "tests.rating.test_support_fees")
_PLAIN: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ("book_matching.py", "line_columns.py", "line_kinds.py", "rule_matching.py", "text_matching.py"), _OF_TEXTS
    ),
    **dict.fromkeys(("customer_rules.py", "manual_lines.py", "statement_rules.py"), _OF_ADDED_LINES),
    "customer_data_set.py": ("tests.rating.test_data_set_columns",),
    "explained.py": ("tests.rating.test_bound_by",),
    "line_rules.py": ("tests.rating.test_line_rules",),
    "guards.py": ("tests.rating.test_rules_on_prices", "tests.rating.test_input_tables"),
    "ruled_lines.py": ("tests.rating.test_rules_on_prices",),
    **dict.fromkeys(("rule_sets.py", "tables.py"), ("tests.rating.test_input_tables",)),
    "passed_over.py": ("tests.rating.test_passed_over", "tests.rating.test_input_tables"),
    "near_misses.py": ("tests.rating.test_near_misses",),
    "plan.py": ("tests.rating.test_plan", "tests.rating.test_narrowed_columns"),
    "products.py": ("tests.rating.test_line_keys",),
    "service_categories.py": ("tests.rating.test_service_categories",),
    "accounts.py": ("tests.rating.test_crossing_lines", "tests.rating.test_plan"),
    **dict.fromkeys(("folding.py", "transfers.py"), ("tests.rating.test_crossing_lines",)),
}
_ONLY: Final = frozenset(
    {
        *("attention.py", "customer_data_set.py", "explained.py", "near_misses.py", "passed_over.py", "transfers.py"),
        *("customer_rules.py", "manual_lines.py", "service_categories.py", "statement_rules.py"),
    }
)
"""Files that price nothing, of which months say nothing, and plain arithmetic, which needs no engine to be tried."""


def months_tell_of(file: str) -> bool:
    """Whether what a file of ``rating`` does shows in the prices of a month."""
    return file not in _ONLY


def plain_tests_of(file: str) -> tuple[str, ...]:
    """The modules whose plain tests see what a file of ``rating`` does, without an engine and a store."""
    return _PLAIN.get(file, ())


def killers_of(file: str, at_length: bool = False) -> tuple[str, ...]:
    """The tests that see what a file of ``rating`` does, beside the kept months; the quickest to notice stand first.

    ``at_length``: with the random months that those tests make themselves, for what nothing else noticed.
    """
    first = _FIRST.get(file, ())
    if not months_tell_of(file):
        return first
    return tuple(dict.fromkeys((*first, *_OF_MONTHS, *(_AT_LENGTH if at_length else ()))))
