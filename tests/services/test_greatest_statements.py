"""Statements at the edge of what is kept: the greatest is billed to its last minor unit, a greater one is refused."""

from decimal import Decimal
from pathlib import Path

import pytest

from rebill.model.errors import ProgramError
from rebill.model.manual_line import NewManualLine
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.billing.run_bill import BillRun, run_bill
from rebill.services.costs.enter_manual_line import enter_manual_line
from tests.services.months import SEPTEMBER, Month, charge, stored


@pytest.fixture
def month(installation: Installation, partner: Caller, tmp_path: Path) -> Month:
    return Month(installation, partner, tmp_path)


def bill(month: Month) -> BillRun:
    return run_bill(month.installation, month.caller, SEPTEMBER)


@pytest.mark.parametrize(
    ("currency", "amounts", "entered"),
    [
        ("KWD", ("9999999999999999.999",), ()),
        ("CLF", ("900000000000000", "-900000000000000"), ()),
        ("USD", ("9999999999999999.99",), ("0.01",)),
        ("USD", ("-9999999999999999.99",), ("-0.01",)),
        ("USD", ("1",), ("9999999999999999", "9999999999999999")),
    ],
)
def test_a_statement_beyond_what_is_kept_is_said_and_nothing_is_stored(
    month: Month, currency: str, amounts: tuple[str, ...], entered: tuple[str, ...]
) -> None:
    first = month.customer("First")
    columns = {"SubAccountId": "s-1", "BillingCurrency": currency}
    charges = [
        charge("2024-09-01", each, each, ServiceName=f"{place}", **columns) for place, each in enumerate(amounts)
    ]
    month.cost(*charges)
    month.subscriptions(first, "s-1")
    for amount in entered:
        new = NewManualLine(first, SEPTEMBER, Decimal(amount), "Set-up", currency)
        enter_manual_line(month.installation, month.caller, new)
    with pytest.raises(ProgramError) as failed:
        bill(month)
    assert failed.value.code == "amount_out_of_range"
    assert f"The statement of customer {first} in {currency}" in str(failed.value)
    assert stored(month.installation, month.caller) == []


def test_entries_whose_costs_add_up_to_more_than_is_kept_are_said_though_nobody_is_billed(month: Month) -> None:
    house = month.customer("House", billing_enabled=False)
    for _ in range(2):
        new = NewManualLine(house, SEPTEMBER, Decimal(0), "Adjustment", "USD", cost=Decimal("9999999999999999"))
        enter_manual_line(month.installation, month.caller, new)
    with pytest.raises(ProgramError) as failed:
        bill(month)
    assert failed.value.code == "amount_out_of_range"
    assert "The cost in USD" in str(failed.value)


@pytest.mark.parametrize(("currency", "amount"), [("USD", "9999999999999999.99"), ("KWD", "4611686018427387.903")])
def test_the_greatest_statement_is_billed_to_the_last_minor_unit(month: Month, currency: str, amount: str) -> None:
    first = month.customer("First")
    month.cost(charge("2024-09-01", amount, amount, SubAccountId="s-1", BillingCurrency=currency))
    month.subscriptions(first, "s-1")
    (record,) = bill(month).statements
    assert (record.statement.price_text, record.statement.margin) == (amount, Decimal(0))
