"""A parallel run: the month beside what the former tool billed, both sides' missing customers named."""

from decimal import Decimal
from pathlib import Path

import pytest

from rebill.api.month_comparison import ComparedTotalAnswer
from rebill.model.comparison import ComparedTotal
from rebill.model.errors import Invalid, NotFound
from rebill.services.acting.installation import Installation
from rebill.services.billing.compare_totals import compare_totals
from tests.beginnings import Beginnings
from tests.services.accountant import Accountant, begun, cost
from tests.services.months import SEPTEMBER


@pytest.fixture
def september(installation: Installation, tmp_path: Path, beginnings: Beginnings) -> Accountant:
    """First owes 10.00, Second 20.00 and 5.00 EUR; Third has no statement."""
    return begun(beginnings, installation, tmp_path, "September in two currencies", _september_begins)


def _september_begins(made: Accountant) -> None:
    for name in ("First", "Second", "Third"):
        made.customer(name)
    made.deliver(
        SEPTEMBER,
        cost(SEPTEMBER, "10"),
        cost(SEPTEMBER, "20", "s-2"),
        cost(SEPTEMBER, "5", "s-2", BillingCurrency="EUR"),
    )
    made.subscriptions(made.customers["First"].customer_id, "s-1")
    made.subscriptions(made.customers["Second"].customer_id, "s-2")
    made.run()


def told(accountant: Accountant, text: str) -> list[str]:
    file = accountant.folder / "former.csv"
    file.write_text(text, encoding="utf-8")
    found = compare_totals(accountant.installation, accountant.caller, SEPTEMBER, file)
    return [
        f"{one.customer} {one.currency}: {_text(one.former)} {_text(one.stated)} {one.difference:.2f}"
        f"{' unknown' if one.customer_id is None else ''}"
        for one in found
    ]


def _text(amount: Decimal | None) -> str:
    return "none" if amount is None else f"{amount:.2f}"


def test_each_customer_and_currency_is_compared_and_the_missing_are_named(september: Accountant) -> None:
    first = september.customers["First"].customer_id
    text = f"customer,currency,total\n{first},USD,10.00\nSecond,USD,12\nSecond,USD,7.5\nThird,USD,3\nFourth,USD,1e1\n"
    assert told(september, text) == [
        "First USD: 10.00 10.00 0.00",
        "Fourth USD: 10.00 none -10.00 unknown",
        "Second EUR: none 5.00 5.00",
        "Second USD: 19.50 20.00 0.50",
        "Third USD: 3.00 none -3.00",
    ]


def test_a_former_tool_may_write_columns_and_currencies_in_any_case(september: Accountant) -> None:
    assert told(september, " Customer,Note,Currency ,TOTAL\nFirst,,usd,9.99\n")[0] == "First USD: 9.99 10.00 0.01"
    assert "Second USD: 20.00 20.00 0.00" in told(september, "customer,currency,total\nSecond,USD,12\nSecond,Usd,8\n")


def test_every_faulty_row_is_named(september: Accountant) -> None:
    text = "currency,total,customer,note\nUSD,ten,First,\nXYZ,1,First,\nUSD,1, ,\nUSD,2,First,\nUSD,1e16,First,\n"
    with pytest.raises(Invalid) as invalid:
        told(september, text)
    assert invalid.value.fields.keys() == {"row 1", "row 2", "row 3", "row 5"}
    for broken in ("customer,total\nFirst,1\n", "", 'customer,currency,total\n"First,USD,1\n'):
        with pytest.raises(Invalid):
            told(september, broken)
    with pytest.raises(Invalid) as invalid:
        told(september, "customer;currency;total\nFirst;USD;1\n")
    assert "separated by commas" in str(invalid.value)
    with pytest.raises(NotFound):
        compare_totals(september.installation, september.caller, SEPTEMBER, september.folder / "none.csv")


def test_amounts_have_the_decimals_of_their_currency_or_all_that_the_former_tool_wrote() -> None:
    def told_of(currency: str, former: str | None, stated: str | None) -> list[str | None]:
        amounts = [None if one is None else Decimal(one) for one in (former, stated)]
        answer = ComparedTotalAnswer.of(ComparedTotal(1, "First", currency, *amounts))
        return [answer.former, answer.rebill, answer.difference]

    assert told_of("JPY", "1200.00", "1234") == ["1200", "1234", "34"]
    assert told_of("JPY", None, "1000") == [None, "1000", "1000"]
    assert told_of("JPY", "1200.5", "1234") == ["1200.5", "1234", "33.5"]
    assert told_of("KWD", "1.5", "1.504") == ["1.500", "1.504", "0.004"]
    assert told_of("USD", "10", None) == ["10.00", None, "-10.00"]
