"""Spans of billing months, against the plain sets of months that they stand for."""

from hypothesis import given
from hypothesis import strategies as st

from rebill.model.months import BillingMonth, Months

YEAR = [BillingMonth(2024, number) for number in range(1, 13)]
AROUND = [BillingMonth(2023, 12), *YEAR, BillingMonth(2025, 1)]
months_of_year = st.sampled_from(YEAR)


@st.composite
def spans(draw: st.DrawFn) -> Months:
    first = draw(st.none() | months_of_year)
    last = draw(st.none() | months_of_year.filter(lambda month: first is None or month >= first))
    return Months(first, last)


def told(span: Months | None) -> set[BillingMonth]:
    """The months of the year, and of its two neighbours, that lie in a span."""
    if span is None:
        return set()
    begun = {month for month in AROUND if span.first is None or month >= span.first}
    return {month for month in begun if span.last is None or month <= span.last}


@given(spans(), spans())
def test_spans_meet_where_their_months_do(one: Months, other: Months) -> None:
    assert told(one.within(other)) == told(one) & told(other)
    assert one.overlaps(other) == other.overlaps(one) == bool(told(one) & told(other))


@given(spans(), st.none() | months_of_year)
def test_a_month_parts_a_span_in_two(span: Months, month: BillingMonth | None) -> None:
    before, after = told(span.part_before(month)), told(span.part_from(month))
    assert before | after == told(span)
    assert before == {one for one in told(span) if month is not None and one < month}


def test_a_month_follows_the_one_before_it() -> None:
    assert [month.preceding for month in AROUND[1:]] == AROUND[:-1]
    assert all(month.preceding.following == month for month in AROUND)
