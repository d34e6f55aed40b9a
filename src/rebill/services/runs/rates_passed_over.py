"""The fixed rates of a rated month that did not price lines which their rules are for, by book and rule."""

from collections import Counter

from rebill.engines.engine import Engine
from rebill.model.passed_over import RatePassedOver
from rebill.model.rating import RatingInputs
from rebill.rating.passed_over import LINES_PASSED_OVER
from rebill.rating.rule_sets import rule_sets_of


def rates_passed_over(engine: Engine, inputs: RatingInputs) -> tuple[RatePassedOver, ...]:
    """Those of the month that ``engine`` has rated from ``inputs``, in the order of books and rules."""
    numbered = rule_sets_of(inputs).numbered
    recorded_books = (*inputs.books, *(book for rules in inputs.refund_rules for book in rules.books))
    books = {id(rule): recorded.name for recorded in recorded_books for rule in recorded.book.rules}
    counts: Counter[tuple[str, int, str, str]] = Counter()
    for rule_set, position, reason, lines in engine.rows(LINES_PASSED_OVER):
        rule = next(rule for rule in numbered[rule_set - 1].rules if rule.position == position)
        counts[books[id(rule)], position, rule.name, reason] += lines
    return tuple(RatePassedOver(*key, lines=lines) for key, lines in sorted(counts.items()))
