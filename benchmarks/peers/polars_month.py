"""The statement lines of a month by Polars, lazily and streaming, in its decimals."""

from typing import Final

import polars as pl

from benchmarks.peers.month import COLUMNS, LINE, Answer, Binding, Month, tell

_AMOUNT: Final = pl.Decimal(28, 12)
_WIDE: Final = pl.Decimal(38, 18)
"""Keeps a product of an amount and a factor exact until it is rounded."""
_NOTHING: Final = pl.lit("0").cast(_AMOUNT)


def statement_lines(month: Month) -> Answer:
    """Prices, quantities and costs of every statement line, exact."""
    lines = pl.scan_parquet(month.parts).select(COLUMNS)
    lines = _owned(lines, month).join(_terms(month).lazy(), on="customer_id")
    priced = lines.with_columns(price=_price(), statement_cost=_statement_cost())
    unit = pl.col("PricingUnit")
    has_one_unit = (unit.min() == unit.max()) & (unit.count() == pl.len())
    found = (
        priced.group_by("customer_id", *LINE)
        .agg(
            pl.col("PricingQuantity").sum().alias("quantity"),
            has_one_unit.alias("has_one_unit"),
            pl.col("price", "statement_cost").sum(),
        )
        .with_columns(quantity=pl.when("has_one_unit").then("quantity"))
        .collect(engine="streaming")
    )
    totals = found.group_by("BillingCurrency").agg(pl.col("price").sum())
    return Answer(len(found), dict(totals.iter_rows()))


def _owned(lines: pl.LazyFrame, month: Month) -> pl.LazyFrame:
    """The lines that a customer owns on their day: a subscription's owner before a tenant's."""
    lines = lines.with_columns(day=pl.col("ChargePeriodStart").dt.date())
    owners: list[pl.Expr] = []
    for kind, column in (("subscription", "SubAccountId"), ("azure_customer", "x_AzureCustomerId")):
        for number, bindings in enumerate(month.bindings(kind)):
            first, until, customer = (f"{kind}_{number}_{what}" for what in ("first", "until", "customer"))
            held = _table_of(bindings, column, (customer, first, until))
            lines = lines.join(held.lazy(), on=column, how="left")
            owners.append(pl.when(pl.col("day") >= pl.col(first), pl.col("day") < pl.col(until)).then(pl.col(customer)))
    return lines.with_columns(customer_id=pl.coalesce(owners)).filter(pl.col("customer_id").is_not_null())


def _table_of(bindings: list[Binding], column: str, names: tuple[str, str, str]) -> pl.DataFrame:
    rows = [(one.account_key, one.customer_id, one.first_day, one.until_day) for one in bindings]
    return pl.DataFrame(rows, schema=[column, *names], orient="row")


def _terms(month: Month) -> pl.DataFrame:
    rows = [(one.customer_id, one.basis, one.commitments, one.factor, one.cost_factor) for one in month.terms()]
    read = pl.DataFrame(rows, schema=["customer_id", "basis", "commitments", "factor", "cost_factor"], orient="row")
    return read.with_columns(pl.col("factor", "cost_factor").cast(pl.Decimal(9, 6)))


def _price() -> pl.Expr:
    category, billed, listed = pl.col("ChargeCategory"), pl.col("BilledCost"), pl.col("ListCost")
    is_plain, has_list = pl.col("CommitmentDiscountId").is_null(), (listed != 0) | (billed == 0)
    of_cost, of_list = _product(billed, "cost_factor"), _product(listed, "factor")
    return (
        pl.when(category == "Tax")
        .then(_NOTHING)
        .when(category.is_in(["Credit", "Adjustment"]))
        .then(billed.cast(_AMOUNT))
        .when(is_plain & (pl.col("basis") == "list") & has_list.fill_null(value=False))
        .then(of_list)
        .when(is_plain | (pl.col("commitments") == "as_bought"))
        .then(of_cost)
        .when(category == "Purchase")
        .then(_NOTHING)
        .when(pl.col("commitments") == "amortized")
        .then(_product(pl.col("EffectiveCost").fill_null(0), "cost_factor"))
        .when(pl.col("CommitmentDiscountStatus") == "Used")
        .then(of_list.fill_null(0))
        .otherwise(_NOTHING)
    )


def _product(amount: pl.Expr, factor: str) -> pl.Expr:
    return (amount.cast(_WIDE) * pl.col(factor)).round(12, mode="half_away_from_zero").cast(_AMOUNT)


def _statement_cost() -> pl.Expr:
    category = pl.col("ChargeCategory")
    is_amortized = (
        (pl.col("commitments") == "amortized")
        & pl.col("CommitmentDiscountId").is_not_null()
        & category.is_in(["Usage", "Purchase"])
    )
    effective = pl.col("EffectiveCost").fill_null(0).cast(_AMOUNT)
    cost = pl.when(is_amortized).then(effective).otherwise(pl.col("BilledCost").cast(_AMOUNT))
    return pl.when(category == "Tax").then(_NOTHING).otherwise(cost)


if __name__ == "__main__":
    tell(statement_lines)
