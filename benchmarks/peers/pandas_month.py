"""The statement lines of a month by pandas, as a script that a partner would write: amounts are binary floats."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from benchmarks.peers.month import AMOUNTS, COLUMNS, LINE, Answer, Binding, Month, tell


def statement_lines(month: Month) -> Answer:
    """Prices, quantities and costs of every statement line; exact to what a float holds."""
    lines = _owned(_read(month), month)
    lines = lines.merge(_terms(month), on="customer_id")
    lines["price"], lines["statement_cost"] = _price(lines), _statement_cost(lines)
    lines["unit"] = lines["PricingUnit"].cat.codes
    found = lines.groupby(["customer_id", *LINE], observed=True, dropna=False).agg(
        quantity=("PricingQuantity", "sum"),
        least_unit=("unit", "min"),
        greatest_unit=("unit", "max"),
        price=("price", "sum"),
        statement_cost=("statement_cost", "sum"),
    )
    found.loc[(found.least_unit != found.greatest_unit) | (found.least_unit < 0), "quantity"] = np.nan
    totals = found.groupby(level="BillingCurrency", observed=True)["price"].sum()
    return Answer(len(found), {str(currency): float(total) for currency, total in totals.items()})


def _read(month: Month) -> pd.DataFrame:
    table = ds.dataset(month.parts).to_table(columns=list(COLUMNS))
    for name in (*AMOUNTS, "PricingQuantity"):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table.column(name).cast(pa.float64()))
    return table.to_pandas(strings_to_categorical=True, self_destruct=True)


def _owned(lines: pd.DataFrame, month: Month) -> pd.DataFrame:
    """The lines that a customer owns on their day: a subscription's owner before a tenant's."""
    day = lines["ChargePeriodStart"].dt.tz_localize(None).dt.floor("D")
    owner = pd.Series(np.nan, index=lines.index)
    for kind, column in (("azure_customer", "x_AzureCustomerId"), ("subscription", "SubAccountId")):
        for bindings in month.bindings(kind):
            held = _table_of(bindings)
            is_held = (day >= lines[column].map(held["first_day"]).astype("datetime64[s]")) & (
                day < lines[column].map(held["until_day"]).astype("datetime64[s]")
            )
            owner = owner.where(~is_held, lines[column].map(held["customer_id"]).astype("float64"))
    lines["customer_id"] = owner
    return lines[owner.notna()].astype({"customer_id": "int64"})


def _table_of(bindings: list[Binding]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": [one.customer_id for one in bindings],
            "first_day": np.array([one.first_day for one in bindings], dtype="datetime64[s]"),
            "until_day": np.array([one.until_day for one in bindings], dtype="datetime64[s]"),
        },
        index=[one.account_key for one in bindings],
    )


def _terms(month: Month) -> pd.DataFrame:
    rows = [
        (one.customer_id, one.basis, one.commitments, float(one.factor), float(one.cost_factor))
        for one in month.terms()
    ]
    names = ["customer_id", "basis", "commitments", "factor", "cost_factor"]
    return pd.DataFrame(rows, columns=names).astype({"basis": "category", "commitments": "category"})


def _price(lines: pd.DataFrame) -> pd.Series:
    has_list = lines.ListCost.notna() & ((lines.ListCost != 0) | (lines.BilledCost == 0))
    is_plain = lines.CommitmentDiscountId.isna()
    of_cost, of_list = lines.BilledCost * lines.cost_factor, lines.ListCost * lines.factor
    chosen = [
        (lines.ChargeCategory == "Tax", 0.0),
        (lines.ChargeCategory.isin(["Credit", "Adjustment"]), lines.BilledCost),
        (is_plain & (lines.basis == "list") & has_list, of_list),
        (is_plain | (lines.commitments == "as_bought"), of_cost),
        (lines.ChargeCategory == "Purchase", 0.0),
        (lines.commitments == "amortized", lines.EffectiveCost.fillna(0.0) * lines.cost_factor),
        (lines.CommitmentDiscountStatus == "Used", of_list.fillna(0.0)),
    ]
    prices = np.select([condition for condition, _ in chosen], [price for _, price in chosen], 0.0)
    return pd.Series(prices, index=lines.index).round(12)


def _statement_cost(lines: pd.DataFrame) -> pd.Series:
    is_amortized = (
        (lines.commitments == "amortized")
        & lines.CommitmentDiscountId.notna()
        & lines.ChargeCategory.isin(["Usage", "Purchase"])
    )
    cost = lines.BilledCost.where(~is_amortized, lines.EffectiveCost.fillna(0.0))
    return cost.where(lines.ChargeCategory != "Tax", 0.0)


if __name__ == "__main__":
    tell(statement_lines)
