"""Tax on documents: which rule a line falls under, one rounding a treatment, and what a treatment may say."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebill.model.months import BillingMonth
from rebill.model.statement import CorrectionBlock, LineKind, PricedLine, Statement, StatementLine, drawn_up
from rebill.model.tax import TaxCategory, TaxedLines, TaxRule, TaxTreatment, tax_of, taxed

SEPTEMBER = BillingMonth(2024, 9)
STANDARD = TaxTreatment(TaxCategory.STANDARD, Decimal(19))
REDUCED = TaxTreatment(TaxCategory.STANDARD, Decimal(7))
REVERSE = TaxTreatment(TaxCategory.REVERSE_CHARGE, reason="Reverse charge")


def _rule(
    treatment: TaxTreatment, lines: TaxedLines = TaxedLines.ALL, own: bool = False, month: str = "0000-00"
) -> TaxRule:
    return TaxRule(1 if own else None, lines, month, treatment)


def _line(category: str | None, amount: str, kind: LineKind = LineKind.CHARGES) -> PricedLine:
    return PricedLine("Microsoft", "s", category, category, None, None, Decimal(amount), 1, kind, None, "")


def _statement(*lines: PricedLine) -> Statement:
    return drawn_up(1, SEPTEMBER, "EUR", list(lines), Decimal(0))


def test_the_tax_is_computed_once_of_the_sum_of_each_treatment() -> None:
    """Three lines of 0.03 have 0.0057 of tax each: line by line that would be 0.03, of their sum it is 0.02."""
    three = _statement(*(_line(category, "0.03") for category in ("Usage", "Purchase", "Credit")))
    found = taxed(three, [_rule(STANDARD)])
    assert [(part.base_minor_units, part.tax_minor_units) for part in found.parts] == [(9, 2)]
    assert (found.net_minor_units, found.tax_minor_units, found.payable_minor_units) == (9, 2, 11)


def test_the_closest_rule_counts() -> None:
    one = _statement(_line("Usage", "100"), _line("Purchase", "10"), _line(None, "1", LineKind.CUSTOM))
    treated = {line.line.priced.charge_category or "custom": place for place, line in enumerate(one.shown_lines)}

    def found(*rules: TaxRule) -> list[TaxTreatment | None]:
        of_lines = taxed(one, rules).treatments
        return [of_lines[treated[name]] for name in ("Usage", "Purchase", "custom")]

    assert found() == [None, None, None]
    general, of_purchases = _rule(STANDARD), _rule(REDUCED, TaxedLines.PURCHASE)
    assert found(general, of_purchases) == [STANDARD, REDUCED, STANDARD]
    assert found(general, of_purchases, _rule(REVERSE, own=True)) == [REVERSE, REVERSE, REVERSE]
    own_custom = _rule(REDUCED, TaxedLines.CUSTOM, own=True)
    assert found(general, own_custom) == [STANDARD, STANDARD, REDUCED]
    ended = _rule(TaxTreatment(TaxCategory.NONE), own=True)
    assert found(general, ended) == [None, None, None]
    assert not taxed(one, [of_purchases]).is_whole


def test_rules_are_in_force_from_their_month_on() -> None:
    rules = [_rule(STANDARD), _rule(REDUCED, month="2024-09"), _rule(REVERSE, month="2024-10")]
    assert taxed(_statement(_line("Usage", "1")), rules).treatments == (REDUCED,)


def test_a_block_falls_under_the_rules_of_the_month_it_corrects() -> None:
    line = StatementLine(1, _line("Usage", "1"), 100)
    block = CorrectionBlock(5, 6, BillingMonth(2024, 8), (line,), 100)
    own = _statement(_line("Usage", "2"))
    both = replace(own, blocks=(block,), total_minor_units=300)
    found = taxed(both, [_rule(STANDARD), _rule(REDUCED, month="2024-09")])
    assert found.treatments == (REDUCED, STANDARD)
    assert [(part.base_minor_units, part.tax_minor_units) for part in found.parts] == [(200, 14), (100, 19)]


def test_credit_that_is_carried_is_taxed_where_it_is_taken_up() -> None:
    """-100 is carried: no tax now; the next statement of 300 is taxed on 200."""
    rules = [_rule(STANDARD)]
    carried = StatementLine(2, _line(None, "100", LineKind.CARRIED_FORWARD), 10000)
    first = replace(
        _statement(_line("Usage", "-100")), carry_lines=(carried,), carried_minor_units=10000, total_minor_units=0
    )
    assert taxed(first, rules).payable_minor_units == 0
    brought = StatementLine(2, _line(None, "-100", LineKind.BROUGHT_FORWARD), -10000)
    second = replace(
        _statement(_line("Usage", "300")), carry_lines=(brought,), carried_minor_units=-10000, total_minor_units=20000
    )
    assert taxed(second, rules).tax_minor_units == 3800


@given(st.integers(-(10**12), 10**12), st.decimals(0, 100, places=4))
def test_tax_is_rounded_half_away_from_zero_and_alike_for_both_signs(base: int, percent: Decimal) -> None:
    exact = Decimal(base) * percent / 100
    assert abs(tax_of(base, percent) - exact) <= Decimal("0.5")
    assert tax_of(-base, percent) == -tax_of(base, percent)
    assert tax_of(50, Decimal(1)) == 1


@pytest.mark.parametrize(
    ("treatment", "faulty"),
    [
        (STANDARD, set()),
        (REVERSE, set()),
        (TaxTreatment(TaxCategory.EXEMPT, reason_code="VATEX-EU-132"), set()),
        (TaxTreatment(TaxCategory.EXEMPT, reason_code="vatex-eu-132"), set()),
        (TaxTreatment(TaxCategory.EXEMPT, reason_code="VATEX-EU-BOGUS"), {"reason_code"}),
        (TaxTreatment(TaxCategory.EXEMPT, reason="Because", reason_code="132"), {"reason_code"}),
        (TaxTreatment(TaxCategory.INTRA_COMMUNITY, reason_code="vatex-eu-ic"), set()),
        (TaxTreatment(TaxCategory.NOT_SUBJECT, reason_code="VATEX-EU-O"), set()),
        (TaxTreatment(TaxCategory.EXEMPT, reason_code="VATEX-EU-AE"), {"reason_code"}),
        (TaxTreatment(TaxCategory.REVERSE_CHARGE, reason_code="VATEX-EU-IC"), {"reason_code"}),
        (TaxTreatment(TaxCategory.EXPORT, reason_code="VATEX-EU-D"), {"reason_code"}),
        (TaxTreatment(TaxCategory.REVERSE_CHARGE, reason_code="VATEX-FR-AE"), set()),
        (TaxTreatment(TaxCategory.ZERO_RATED), set()),
        (TaxTreatment(TaxCategory.NONE), set()),
        (TaxTreatment(TaxCategory.STANDARD), {"percent"}),
        (TaxTreatment(TaxCategory.STANDARD, Decimal("19.00001")), {"percent"}),
        (TaxTreatment(TaxCategory.STANDARD, Decimal(-1)), {"percent"}),
        (TaxTreatment(TaxCategory.EXEMPT), {"reason"}),
        (TaxTreatment(TaxCategory.EXEMPT, Decimal(5), "Because"), {"percent"}),
        (TaxTreatment(TaxCategory.STANDARD, Decimal(19), "Because"), {"reason"}),
    ],
)
def test_what_a_treatment_may_say(treatment: TaxTreatment, faulty: set[str]) -> None:
    assert treatment.faults().keys() == faulty
