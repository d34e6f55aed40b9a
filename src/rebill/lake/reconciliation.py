"""What imported cost comes to when it is compared with Microsoft's invoices (``docs/reconciliation.md``)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

import duckdb

from rebill.lake.cost_data_sets import part_paths
from rebill.model.cost_line import (
    AVAILABILITY,
    EXCHANGE_RATE,
    EXCHANGE_RATE_DATE,
    INPUT_TAX,
    PLAN,
    PRODUCT_SKU,
    ROLE,
    SOURCE_CHARGE_TYPE,
    TIE_OUT,
)
from rebill.model.credit_rate import credit_percent_sql
from rebill.model.currencies import MINOR_DIGITS
from rebill.model.data_set import VIEW_USAGE, DataSet
from rebill.model.errors import ProgramError
from rebill.model.money import ZERO
from rebill.model.movement import CreditedRetail
from rebill.model.reconciliation import (
    CostKind,
    CostSum,
    ExchangeRate,
    MeterComparison,
    RoundingLine,
)
from rebill.model.sql_text import sql_paths

_AMOUNT: Final = "DECIMAL(28,12)"
_ROUNDING: Final = (
    "ChargeCategory = 'Adjustment' AND SubAccountId IS NULL AND x_AzureCustomerId IS NULL AND contains("
    f"lower(concat_ws(' ', {SOURCE_CHARGE_TYPE}, ChargeDescription, ServiceName, SkuMeter)), 'rounding')"
)
_KIND: Final = f"""CASE WHEN {ROLE} = '{TIE_OUT}' THEN '{CostKind.TIE_OUT}'
     WHEN ChargeCategory = 'Tax' THEN '{CostKind.TAX}'
     WHEN {_ROUNDING} THEN '{CostKind.ROUNDING}'
     WHEN SubAccountId IS NULL AND x_AzureCustomerId IS NULL THEN '{CostKind.WITHOUT_CUSTOMER}'
     ELSE '{CostKind.CHARGE}' END"""
_USUAL_DIGITS: Final = 2
_SMALLEST: Final[str] = " ".join(
    (
        "CASE BillingCurrency",
        *(
            f"WHEN '{code}' THEN CAST({Decimal(1).scaleb(-digits)} AS {_AMOUNT})"
            for code, digits in MINOR_DIGITS.items()
            if digits != _USUAL_DIGITS
        ),
        f"ELSE CAST({Decimal(1).scaleb(-_USUAL_DIGITS)} AS {_AMOUNT}) END",
    )
)
"""The smallest amount that documents in a line's currency state."""
_METER: Final = ("InvoiceId", "BillingCurrency", PLAN, "SkuId", PRODUCT_SKU, AVAILABILITY)
_CREDIT_PERCENT: Final = "x_PartnerCreditPercent"
_CREDIT_RATE: Final = "x_PartnerCreditRate"
_CREDIT_APPLIED: Final = "x_PartnerCreditApplied"
_OTHER_NAMES: Final[Mapping[str, str]] = {
    EXCHANGE_RATE: "x_BillingExchangeRate",
    EXCHANGE_RATE_DATE: "x_BillingExchangeRateDate",
    _CREDIT_APPLIED: "partnerEarnedCreditApplied",
}
"""What other exports of Microsoft's call the exchange rate, its day, and whether a credit was given."""
_RATES: Final = (EXCHANGE_RATE, EXCHANGE_RATE_DATE, _CREDIT_PERCENT, _CREDIT_RATE, _CREDIT_APPLIED)
_TEXTS: Final = (ROLE, INPUT_TAX, SOURCE_CHARGE_TYPE, PLAN, PRODUCT_SKU, AVAILABILITY, *_RATES)
_COLUMNS: Final = (
    "InvoiceId BillingCurrency ProviderName ChargeCategory SubAccountId x_AzureCustomerId ChargeDescription "
    "ServiceName SkuMeter SkuId PricingCurrency BilledCost ListCost x_SourceFile x_SourceRow"
).split()


def cost_sums(connection: duckdb.DuckDBPyConnection, lake_folder: Path, data_set: DataSet) -> tuple[CostSum, ...]:
    """Every line of a data set, summed up for the comparison.

    Raises ``ProgramError`` where that is not exactly what the data set was recorded to come to.
    """
    rows = connection.execute(
        f"SELECT ProviderName, nullif(trim(InvoiceId), ''), BillingCurrency, {_KIND} AS kind, count(*), "
        f"CAST(sum(BilledCost) AS {_AMOUNT}), "
        f"CAST(coalesce(sum(TRY_CAST({INPUT_TAX} AS {_AMOUNT})), 0) AS {_AMOUNT}) "
        f"FROM {_lines(connection, lake_folder, [data_set])} GROUP BY ALL ORDER BY ALL NULLS FIRST"
    ).fetchall()
    found = tuple(
        CostSum(data_set.billing_month, data_set.view, provider, invoice, currency, CostKind(kind), lines, cost, tax)
        for provider, invoice, currency, kind, lines, cost, tax in rows
    )
    _must_be_all(data_set, found)
    return found


def _must_be_all(data_set: DataSet, found: Sequence[CostSum]) -> None:
    for recorded in data_set.sums:
        of_currency = [one for one in found if one.currency == recorded.currency]
        rated = sum((one.cost for one in of_currency if one.kind is not CostKind.TIE_OUT), ZERO)
        tied_out = sum((one.cost for one in of_currency if one.kind is CostKind.TIE_OUT), ZERO)
        if (rated, tied_out) != (recorded.partner_cost, recorded.tie_out_cost):
            raise _lost(data_set)
    if sum(one.lines for one in found) != data_set.rows:
        raise _lost(data_set)


def _lost(data_set: DataSet) -> ProgramError:
    return ProgramError(
        "reconciliation_lost_cost",
        f"Data set {data_set.data_set_id} of {data_set.billing_month} does not come to what was imported. Restore the "
        "lake folder from a backup, or report this.",
    )


def invoices_named(connection: duckdb.DuckDBPyConnection, lake_folder: Path, data_set: DataSet) -> frozenset[str]:
    """The invoice numbers that lines of a data set name."""
    rows = connection.execute(
        f"SELECT DISTINCT nullif(trim(InvoiceId), '') FROM {_lines(connection, lake_folder, [data_set])} "
        "WHERE InvoiceId IS NOT NULL"
    ).fetchall()
    return frozenset(number for (number,) in rows if number)


def meter_comparisons(
    connection: duckdb.DuckDBPyConnection, lake_folder: Path, data_sets: Sequence[DataSet], greatest_count: int
) -> tuple[tuple[MeterComparison, ...], int, int]:
    """Usage beside the invoice's summary of it, by plan and meter: those that differ, the greatest difference first.

    A meter differs from the smallest amount of its currency on: both sides have decimals that no invoice has. Answers
    at most ``greatest_count`` of them, how many differ, and how many there are at all.
    """
    summed = [one for one in data_sets if any(found.tie_out_rows for found in one.sums)]
    usage = [one for one in data_sets if one.view == VIEW_USAGE]
    if not summed:
        return (), 0, 0
    sides = [_side(_lines(connection, lake_folder, summed), "BilledCost", "0", f"{ROLE} = '{TIE_OUT}'")]
    if usage:
        of_usage = f"{ROLE} IS NULL AND ChargeCategory <> 'Tax'"
        sides.append(_side(_lines(connection, lake_folder, usage), "0", "BilledCost", of_usage))
    both = " UNION ALL ".join(sides)
    names = ", ".join(_METER)
    compared = (
        f"SELECT {names}, any_value(tenant) AS tenant, any_value(meter) AS meter, "
        f"CAST(sum(summed) AS {_AMOUNT}) AS summed, CAST(sum(used) AS {_AMOUNT}) AS used, "
        f"sum(summed_lines) AS summed_lines, sum(used_lines) AS used_lines FROM ({both}) "
        f"WHERE InvoiceId IN (SELECT InvoiceId FROM ({sides[0]})) GROUP BY {names}"
    )
    differs = f"abs(summed - used) >= {_SMALLEST}"
    counted = connection.execute(f"SELECT count(*) FILTER (WHERE {differs}), count(*) FROM ({compared})").fetchall()
    rows = connection.execute(
        f"SELECT * FROM ({compared}) WHERE {differs} "
        f"ORDER BY abs(summed - used) DESC, {', '.join(f'{name} NULLS FIRST' for name in _METER)} "
        f"LIMIT {greatest_count}"
    ).fetchall()
    ((differing, total),) = counted
    return tuple(MeterComparison(*row) for row in rows), differing, total


def _side(lines: str, summed: str, used: str, condition: str) -> str:
    meter = "coalesce(SkuMeter, ChargeDescription)"
    as_amount = {name: f"CAST({name} AS {_AMOUNT})" for name in (summed, used)}
    return (
        f"SELECT {', '.join(_METER)}, x_AzureCustomerId AS tenant, {meter} AS meter, {as_amount[summed]} AS summed, "
        f"{as_amount[used]} AS used, {int(summed != '0')} AS summed_lines, {int(used != '0')} AS used_lines "
        f"FROM {lines} WHERE InvoiceId IS NOT NULL AND {condition}"
    )


def credited_retail(
    connection: duckdb.DuckDBPyConnection, lake_folder: Path, data_set: DataSet
) -> tuple[CreditedRetail, ...]:
    """Retail of a data set's usage by the rate of the partner earned credit on it; nothing where it tells no rate.

    A credit that was not applied is a rate of 0.
    """
    # Rates are few texts: read once each, not in every line.
    texts = f"BillingCurrency, {_CREDIT_APPLIED}, {_CREDIT_PERCENT}, {_CREDIT_RATE}"
    retail_of_texts = (
        f"SELECT {texts}, sum(ListCost) AS retail FROM {_lines(connection, lake_folder, [data_set])} "
        f"WHERE ListCost > 0 AND ChargeCategory = 'Usage' AND {ROLE} IS NULL GROUP BY ALL"
    )
    is_applied = f"lower(coalesce({_CREDIT_APPLIED}, 'true')) NOT IN ('false', '0', 'no')"
    percent = f"coalesce(TRY_CAST({_CREDIT_PERCENT} AS DECIMAL(18,6)), {credit_percent_sql(_CREDIT_RATE)})"
    rows = connection.execute(
        f"SELECT BillingCurrency, CASE WHEN {is_applied} THEN {percent} ELSE CAST(0 AS DECIMAL(18,6)) END AS percent, "
        f"CAST(sum(retail) AS {_AMOUNT}) FROM ({retail_of_texts}) WHERE {percent} IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return tuple(CreditedRetail(*row) for row in rows)


def exchange_rates(
    connection: duckdb.DuckDBPyConnection, lake_folder: Path, data_sets: Sequence[DataSet]
) -> tuple[ExchangeRate, ...]:
    """The rates at which cost was converted, each with the cost under it; lines of one currency have none."""
    if not data_sets:
        return ()
    rows = connection.execute(
        f"SELECT PricingCurrency, BillingCurrency, {EXCHANGE_RATE}, {EXCHANGE_RATE_DATE}, count(*), "
        f"CAST(sum(BilledCost) AS {_AMOUNT}) FROM {_lines(connection, lake_folder, data_sets)} "
        f"WHERE {EXCHANGE_RATE} IS NOT NULL AND PricingCurrency IS DISTINCT FROM BillingCurrency AND {ROLE} IS NULL "
        "GROUP BY ALL ORDER BY ALL NULLS FIRST"
    ).fetchall()
    return tuple(ExchangeRate(*row) for row in rows)


def rounding_lines(
    connection: duckdb.DuckDBPyConnection, lake_folder: Path, data_sets: Sequence[DataSet], greatest_count: int
) -> tuple[RoundingLine, ...]:
    """Microsoft's rounding adjustments, at most ``greatest_count`` of them, the greatest amounts first."""
    if not data_sets:
        return ()
    rows = connection.execute(
        "SELECT nullif(trim(InvoiceId), ''), BillingCurrency, coalesce(ChargeDescription, ServiceName, SkuMeter, ''), "
        f"x_SourceFile, x_SourceRow, BilledCost FROM {_lines(connection, lake_folder, data_sets)} "
        f"WHERE {_KIND} = '{CostKind.ROUNDING}' ORDER BY abs(BilledCost) DESC, x_SourceFile, x_SourceRow "
        f"LIMIT {greatest_count}"
    ).fetchall()
    return tuple(RoundingLine(*row) for row in rows)


def _lines(connection: duckdb.DuckDBPyConnection, lake_folder: Path, data_sets: Sequence[DataSet]) -> str:
    """The lines of these data sets with every column that is asked for here; what their source lacks is NULL."""
    paths = part_paths(connection, lake_folder, data_sets)
    lines = f"read_parquet({sql_paths(paths)}, union_by_name=true)"
    described = connection.execute(f"DESCRIBE SELECT * FROM {lines}").fetchall()
    held = {name.casefold() for name, *_ in described}
    texts = ", ".join(f"{_text_of(name, held)} AS {name}" for name in _TEXTS)
    columns = ", ".join(name if name.casefold() in held else f"CAST(NULL AS VARCHAR) AS {name}" for name in _COLUMNS)
    return f"(SELECT {columns}, {texts} FROM {lines})"


def _text_of(name: str, held: set[str]) -> str:
    names = [one for one in (name, _OTHER_NAMES.get(name)) if one is not None and one.casefold() in held]
    return f"CAST(coalesce({', '.join(names)}) AS VARCHAR)" if names else "CAST(NULL AS VARCHAR)"
