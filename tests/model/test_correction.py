"""Everything issued for a month adds up to its rounded amount, however often it changes, is corrected or voided."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from rebill.model.correction import MonthSum, corrected, sum_of_lines
from rebill.model.months import BillingMonth
from rebill.model.statement import PricedLine, Statement, drawn_up
from tests.model import correction_oracle as oracle

MONTH = BillingMonth(2024, 9)
CURRENCIES = {"USD": 2, "JPY": 0, "KWD": 3}
SERVICES = ("A", "B", "C", "D")

tie_heavy = st.integers(-4000, 4000).map(lambda units: Decimal(units) / Decimal(800))
whole = st.integers(-30, 30).map(lambda units: Decimal(units) / Decimal(2))
fine = st.integers(-(10**14), 10**14).map(lambda units: Decimal(units).scaleb(-12))
months = st.dictionaries(st.sampled_from(SERVICES), st.one_of(tie_heavy, whole, fine), max_size=4)
acts = st.lists(st.tuples(st.sampled_from(["correct", "correct", "void"]), months), min_size=1, max_size=8)


def lines(amounts: oracle.Amounts) -> list[PricedLine]:
    return [
        PricedLine("Microsoft", "s-1", service, "Usage", None, None, amount, 1) for service, amount in amounts.items()
    ]


def whole_month(amounts: oracle.Amounts, currency: str) -> Statement:
    return drawn_up(1, MONTH, currency, lines(amounts), Decimal(0))


def sum_of(issued: list[Statement]) -> MonthSum:
    own = [line.priced for statement in issued for line in statement.lines]
    return MonthSum(sum_of_lines(own), sum(statement.total_minor_units for statement in issued))


def as_oracle(statement: Statement) -> tuple[oracle.Amounts, oracle.Amounts, Decimal]:
    digits = CURRENCIES[statement.currency]
    exact = {line.priced.service or "": line.priced.exact_amount for line in statement.lines}
    shown = {line.priced.service or "": Decimal(line.amount_minor_units).scaleb(-digits) for line in statement.lines}
    return exact, shown, Decimal(statement.total_minor_units).scaleb(-digits)


@settings(max_examples=400, deadline=None)
@given(currency=st.sampled_from(sorted(CURRENCIES)), first=months, changes=acts)
def test_all_documents_of_a_month_add_up_to_its_rounded_amount(
    currency: str, first: oracle.Amounts, changes: list[tuple[str, oracle.Amounts]]
) -> None:
    """A month is issued, then changed, corrected and voided at random; an edition begins anew after each void."""
    digits = CURRENCIES[currency]
    issued = [whole_month(first, currency)]
    by_oracle = [oracle.statement(first, digits)]
    assert as_oracle(issued[0]) == by_oracle[0]
    everything = list(issued)
    for act, now in changes:
        wanted = {} if act == "void" else now
        month = whole_month(wanted, currency)
        note = corrected(1, MONTH, currency, MonthSum(tuple(lines(wanted)), month.total_minor_units), sum_of(issued))
        expected = oracle.correction(wanted, by_oracle, digits)
        assert as_oracle(note) == expected
        if note.total_minor_units:
            issued.append(note)
            by_oracle.append(expected)
            everything.append(note)
        assert sum(one.total_minor_units for one in issued) == month.total_minor_units
        if act == "void":
            issued = [whole_month(now, currency)]
            by_oracle = [oracle.statement(now, digits)]
            everything += issued
            month = issued[0]
        total = sum(statement.total_minor_units for statement in everything)
        assert Decimal(total).scaleb(-digits) == oracle.rounded(
            sum((now if act == "void" else wanted).values(), Decimal(0)), digits
        )


def test_a_quantity_is_corrected_where_both_have_the_unit() -> None:
    def line(quantity: str | None, unit: str | None, amount: str) -> PricedLine:
        kept = None if quantity is None else Decimal(quantity)
        return PricedLine("Microsoft", "s-1", "A", "Usage", kept, unit, Decimal(amount), 2)

    before, after = MonthSum((line("3", "Hour", "6"),), 600), MonthSum((line("5", "Hour", "10"),), 1000)
    (corrected_line,) = corrected(1, MONTH, "USD", after, before).lines
    assert (corrected_line.priced.quantity, corrected_line.priced.pricing_unit) == (Decimal(2), "Hour")
    other_unit = MonthSum((line("5", "GB", "10"),), 1000)
    (corrected_line,) = corrected(1, MONTH, "USD", other_unit, before).lines
    assert (corrected_line.priced.quantity, corrected_line.priced.pricing_unit) == (None, None)
