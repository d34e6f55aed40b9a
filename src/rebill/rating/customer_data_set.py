"""A customer's data set as SQL over what a run left: its charges in FOCUS 1.2 columns, each at the customer's price.

The partner is who provides the services and issues the invoice; what it pays stands in no column. List, contracted and
effective cost are the price too: Microsoft's own list price is the partner's cost on more than one kind of charge. But
the purchase of a commitment has no effective cost, as FOCUS wants of what covers later charges.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rebill.model.currencies import MINOR_DIGITS
from rebill.model.months import BillingMonth
from rebill.model.sql_text import sql_text
from rebill.rating.explained import LINE_CHARGES, of_customer
from rebill.rating.ruled_lines import AMOUNT
from rebill.rating.service_categories import OTHER, SERVICE_CATEGORIES, other_of

_INSTANT: Final = "TIMESTAMP"
_TEXT: Final = "VARCHAR"
_QUANTITY: Final = "DECIMAL(20,8)"
COLUMN_TYPES: Final[Mapping[str, str]] = {
    "BilledCost": AMOUNT,
    "BillingAccountId": _TEXT,
    "BillingAccountName": _TEXT,
    "BillingCurrency": _TEXT,
    "BillingPeriodEnd": _INSTANT,
    "BillingPeriodStart": _INSTANT,
    "ChargeCategory": _TEXT,
    "ChargeClass": _TEXT,
    "ChargeDescription": _TEXT,
    "ChargeFrequency": _TEXT,
    "ChargePeriodEnd": _INSTANT,
    "ChargePeriodStart": _INSTANT,
    "ContractedCost": AMOUNT,
    "EffectiveCost": AMOUNT,
    "InvoiceId": _TEXT,
    "InvoiceIssuerName": _TEXT,
    "ListCost": AMOUNT,
    "PricingQuantity": _QUANTITY,
    "PricingUnit": _TEXT,
    "ProviderName": _TEXT,
    "PublisherName": _TEXT,
    "RegionId": _TEXT,
    "RegionName": _TEXT,
    "ResourceId": _TEXT,
    "ResourceName": _TEXT,
    "ResourceType": _TEXT,
    "ServiceCategory": _TEXT,
    "ServiceName": _TEXT,
    "ServiceSubcategory": _TEXT,
    "SubAccountId": _TEXT,
    "SubAccountName": _TEXT,
    "Tags": _TEXT,
}
"""The columns of the data set, in order."""
_OF_SERVICE: Final = ("ServiceCategory", "ServiceSubcategory")
ASKED_COLUMNS: Final = (
    "ChargePeriodStart ChargePeriodEnd ChargeClass ChargeDescription ChargeFrequency CommitmentDiscountId PricingUnit "
    "PublisherName RegionId RegionName ResourceId ResourceName ResourceType ServiceCategory ServiceSubcategory "
    "SubAccountName Tags"
).split()
"""What is read of cost lines; where an old data set lacks one, nothing is known."""


@dataclass(frozen=True)
class DataSetHead:
    """What every row of a data set says. ``invoice_id`` ``""``: not issued."""

    customer_id: int
    customer_name: str
    issuer_name: str
    currency: str
    month: BillingMonth
    invoice_id: str


@dataclass(frozen=True)
class DataSetRow:
    """A row that no charge makes; ``amount`` is decimal text. ``correction``: of a month that was invoiced before.

    ``subscription_name``: ``""`` = none is known.
    """

    amount: str
    description: str
    category: str = "Adjustment"
    correction: bool = False
    service: str = "Other"
    subscription: str | None = None
    publisher: str | None = None
    subscription_name: str = ""
    service_category: str = OTHER
    service_subcategory: str = other_of(OTHER)


_CLASS: Final = "CASE WHEN c.ChargeClass = 'Correction' THEN 'Correction' END"
_IS_BILLABLE: Final = f"d.charge_category IN ('Usage', 'Purchase') AND {_CLASS} IS NULL"


def _beside(identifier: str, told: str, instead: str | None = None) -> str:
    """What goes with an identifier: what is told, else ``instead``, and nothing where there is no identifier."""
    return f"CASE WHEN {identifier} IS NOT NULL THEN COALESCE({told}, {instead or identifier}) END"


_CATEGORY: Final = f"""CASE WHEN c.ServiceCategory IN ({", ".join(map(sql_text, SERVICE_CATEGORIES))})
        THEN c.ServiceCategory ELSE {sql_text(OTHER)} END"""
_SUBCATEGORIES: Final = ", ".join(
    f"({sql_text(category)}, {sql_text(name)})" for category, names in SERVICE_CATEGORIES.items() for name in names
)
_MAY_TELL_A_PRICE: Final = rf"\p{{Sc}}|[0-9][.,][0-9]|[0-9]\s*%|\b({'|'.join(MINOR_DIGITS)})\b"
"""A sign or code of a currency, a number with decimals, a percent: Amazon's descriptions name the price of a unit,
``$0.17 per On Demand Linux c5.xlarge Instance Hour``, which beside the quantity is what the partner paid."""
_DESCRIPTION: Final = (
    f"CASE WHEN NOT regexp_matches(c.ChargeDescription, {sql_text(_MAY_TELL_A_PRICE)}) THEN c.ChargeDescription END"
)
_OF_CHARGES: Final[Mapping[str, str]] = {
    "BilledCost": "l.price",
    "ChargeCategory": "d.charge_category",
    "ChargeClass": _CLASS,
    "ChargeDescription": f"COALESCE({_DESCRIPTION}, d.service, 'Charge')",
    "ChargeFrequency": """CASE WHEN c.ChargeFrequency IN ('One-Time', 'Recurring') THEN c.ChargeFrequency
        WHEN d.charge_category = 'Usage' THEN 'Usage-Based' ELSE 'One-Time' END""",
    "ChargePeriodStart": "c.ChargePeriodStart",
    "ChargePeriodEnd": "COALESCE(c.ChargePeriodEnd, c.ChargePeriodStart + INTERVAL 1 DAY)",
    "EffectiveCost": """CASE WHEN d.charge_category = 'Purchase' AND c.CommitmentDiscountId IS NOT NULL
        THEN 0 ELSE l.price END""",
    "PricingQuantity": f"""CASE WHEN d.charge_category = 'Tax' THEN NULL
        WHEN {_IS_BILLABLE} THEN COALESCE(l.quantity, 1) ELSE l.quantity END""",
    "PricingUnit": f"""CASE WHEN d.charge_category = 'Tax' THEN NULL
        WHEN {_IS_BILLABLE} THEN COALESCE(c.PricingUnit, 'Units')
        WHEN l.quantity IS NULL THEN NULL ELSE c.PricingUnit END""",
    "PublisherName": "COALESCE(c.PublisherName, d.provider)",
    "RegionId": "c.RegionId",
    "RegionName": _beside("c.RegionId", "c.RegionName"),
    "ResourceId": "c.ResourceId",
    "ResourceName": _beside("c.ResourceId", "c.ResourceName"),
    "ResourceType": _beside("c.ResourceId", "c.ResourceType", "'Resource'"),
    "ServiceCategory": _CATEGORY,
    "ServiceName": "COALESCE(d.service, 'Other')",
    "ServiceSubcategory": f"""CASE WHEN (c.ServiceCategory, c.ServiceSubcategory) IN ({_SUBCATEGORIES})
        THEN c.ServiceSubcategory ELSE concat('Other (', {_CATEGORY}, ')') END""",
    "SubAccountId": "s.subscription",
    "SubAccountName": _beside("s.subscription", "c.SubAccountName"),
    "Tags": "CASE WHEN c.Tags LIKE '{%' AND json_valid(c.Tags) THEN c.Tags END",
}
_KEY: Final = "d.provider, s.subscription, d.service, d.charge_category"


def charges(head: DataSetHead, lake_columns: Collection[str]) -> str:
    """The rows of a statement's charges, at their prices, with the place of each in the lake."""
    values = _selected({**_head_values(head), **_OF_CHARGES})
    return f"SELECT {values}, l.part AS place_part, l.part_row AS place_row {_of_charges(head, lake_columns)}"


def words_of_lines(head: DataSetHead, lake_columns: Collection[str]) -> str:
    """What a statement's rows tell of each of its lines: the four of the line, ``(publisher, subscription's name)``.

    They are those of the first charge, where charges of one line tell different ones.
    """
    return (
        f"SELECT {_KEY}, {_of_first('PublisherName', 'SubAccountName')} {_of_charges(head, lake_columns)} GROUP BY ALL"
    )


def words_of_services(head: DataSetHead, lake_columns: Collection[str]) -> str:
    """What a statement's rows tell of each service: its name, ``(category, subcategory)``, those of the first row."""
    service = _OF_CHARGES["ServiceName"]
    return f"SELECT {service} AS service, {_of_first(*_OF_SERVICE)} {_of_charges(head, lake_columns)} GROUP BY ALL"


def _of_first(*columns: str) -> str:
    told = ", ".join(_OF_CHARGES[name] for name in columns)
    return f"arg_min(row({told}), (l.part, l.part_row)) AS told"


def _of_charges(head: DataSetHead, lake_columns: Collection[str]) -> str:
    """The charges of a statement, each beside its line of the lake."""
    asked = ", ".join(name if name in lake_columns else f"CAST(NULL AS VARCHAR) AS {name}" for name in ASKED_COLUMNS)
    return f"""FROM {LINE_CHARGES}
JOIN (SELECT part, part_row, {asked} FROM lake_lines) AS c ON c.part = l.part AND c.part_row = l.part_row
WHERE {of_customer(head.customer_id, head.currency)}"""


def other_rows(head: DataSetHead, rows: Sequence[DataSetRow]) -> str:
    """The rows that no charge makes, behind all charges and in their order."""
    return "\nUNION ALL\n".join(_other_row(head, row, place) for place, row in enumerate(rows))


def _other_row(head: DataSetHead, row: DataSetRow, place: int) -> str:
    values = _head_values(head) | {
        "BilledCost": row.amount,
        "ChargeCategory": sql_text(row.category),
        "ChargeClass": "'Correction'" if row.correction else "NULL",
        "ChargeDescription": sql_text(row.description),
        "ChargeFrequency": "'One-Time'",
        "ChargePeriodStart": f"TIMESTAMP '{head.month.first_day} 00:00:00'",
        "ChargePeriodEnd": f"TIMESTAMP '{head.month.following.first_day} 00:00:00'",
        "PublisherName": sql_text(row.publisher or head.issuer_name),
        "ServiceCategory": sql_text(row.service_category),
        "ServiceName": sql_text(row.service),
        "ServiceSubcategory": sql_text(row.service_subcategory),
        "SubAccountId": "NULL" if row.subscription is None else sql_text(row.subscription),
        "SubAccountName": "NULL" if row.subscription is None else sql_text(row.subscription_name or row.subscription),
    }
    return f"SELECT {_selected(values)}, CAST(NULL AS INTEGER) AS place_part, CAST({place} AS BIGINT) AS place_row"


def _head_values(head: DataSetHead) -> dict[str, str]:
    return {
        "BillingAccountId": sql_text(str(head.customer_id)),
        "BillingAccountName": sql_text(head.customer_name),
        "BillingCurrency": sql_text(head.currency),
        "BillingPeriodStart": f"TIMESTAMP '{head.month.first_day} 00:00:00'",
        "BillingPeriodEnd": f"TIMESTAMP '{head.month.following.first_day} 00:00:00'",
        "InvoiceId": sql_text(head.invoice_id) if head.invoice_id else "NULL",
        "InvoiceIssuerName": sql_text(head.issuer_name),
        "ProviderName": sql_text(head.issuer_name),
    }


def _selected(values: Mapping[str, str]) -> str:
    """Every column of the data set, in order; the other costs are what is billed, where they are nothing else."""
    costs = dict.fromkeys(("ContractedCost", "EffectiveCost", "ListCost"), values["BilledCost"])
    told = {**costs, **values}
    return ",\n".join(f"CAST({told.get(name, 'NULL')} AS {kind}) AS {name}" for name, kind in COLUMN_TYPES.items())


def in_order(parts: Sequence[str]) -> str:
    """The rows of these queries, charges in the order in which they lie in the lake, the others last.

    FOCUS wants a service in one category: every row of a service is in that of its first.
    """
    place = "place_part NULLS LAST, place_row"
    names = ", ".join(
        f"first_value({name}) OVER of_service AS {name}" if name in _OF_SERVICE else name for name in COLUMN_TYPES
    )
    together = "\nUNION ALL\n".join(parts)
    window = f"WINDOW of_service AS (PARTITION BY ServiceName ORDER BY {place})"
    return f"SELECT {names} FROM ({together}) {window} ORDER BY {place}"


def as_text(sql: str) -> str:
    """The same rows for CSV: instants as FOCUS writes them, and no text that a spreadsheet would run as a formula."""
    columns = []
    for name, kind in COLUMN_TYPES.items():
        if kind == _INSTANT:
            columns.append(f"strftime({name}, '%Y-%m-%dT%H:%M:%SZ') AS {name}")
        elif kind == _TEXT:
            columns.append(
                f"CASE WHEN regexp_matches({name}, '^[=+@\\t\\r-]') THEN '''' || {name} ELSE {name} END AS {name}"
            )
        else:
            columns.append(name)
    return f"SELECT {', '.join(columns)} FROM ({sql})"
