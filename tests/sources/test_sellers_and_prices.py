"""Who sold a charge, and at what prices: what layouts tell beside its cost."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from tests.focus_files import SOUND_ROW, write_csv
from tests.sources.delivered import FileReader
from tests.sources.test_layouts import COST_MANAGEMENT, INVOICE, USAGE


def test_minus_one_is_no_reseller_in_any_layout(reader: FileReader, tmp_path: Path) -> None:
    named: Sequence[tuple[Mapping[str, str], str]] = (
        (SOUND_ROW, "x_ResellerId"),
        (COST_MANAGEMENT, "resellerMpnId"),
        (USAGE, "Tier2MpnId"),
        (INVOICE, "ResellerMpnId"),
    )
    for row, name in named:
        file = write_csv(tmp_path / f"{name}.csv", [{**row, name: number} for number in ("-1", "7654321", "")])
        lines = reader.read(file, period="2024-09").lines
        assert [line["x_ResellerId"] for line in lines] == [None, "7654321", None], name


@pytest.mark.parametrize("layout", ["cost-management-actual", "cost-management-amortized"])
def test_prices_of_cost_management_are_told_in_the_currency_of_billing(
    reader: FileReader, tmp_path: Path, layout: str
) -> None:
    """Of reservations and marketplace Microsoft writes no price; that is none of 0."""
    priced = {**COST_MANAGEMENT, "PayGPrice": "0.096", "unitPrice": "0.0912"}
    in_euro = {**priced, "billingCurrency": "EUR", "exchangeRatePricingToBilling": "0.846202666"}
    rows = (
        priced,
        {**priced, "exchangeRatePricingToBilling": ""},
        in_euro,
        {**in_euro, "exchangeRatePricingToBilling": ""},
        {**priced, "PayGPrice": "", "unitPrice": ""},
    )
    lines = reader.read(write_csv(tmp_path / "prices.csv", rows), layout=layout).lines
    assert [(line["ListUnitPrice"], line["ContractedUnitPrice"]) for line in lines] == [
        (Decimal("0.096"), Decimal("0.0912")),
        (Decimal("0.096"), Decimal("0.0912")),
        (Decimal("0.081235455936"), Decimal("0.077173683139")),
        (None, None),
        (None, None),
    ]
    assert lines[2]["unitPrice"] == "0.0912"
