"""What calls about statements answer. Nothing here knows the partner's cost: customers' own keys get the same."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, PlainSerializer

from rebill.api.answer_shapes import AnswerShape, ExactNumber


def _generation_time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


GenerationTime = Annotated[
    datetime,
    PlainSerializer(_generation_time, return_type=str),
    Field(description="YYYY-MM-DD HH:MM:SS, in UTC."),
]


class CurrencyAnswer(AnswerShape):
    """A currency: its ISO 4217 code, and how it is written beside an amount."""

    name: str
    symbol: str


class StatementSummary(AnswerShape):
    """A statement without its lines."""

    id: int
    customer_id: int
    cloud: Annotated[str, Field(description="Azure, AWS, GCP, or Multi for several or another one.")]
    billing_period: Annotated[str, Field(description="YYYY-MM.")]
    total_amount: Annotated[ExactNumber, Field(description="With exactly the currency's minor digits.")]
    status: Annotated[str, Field(description="Estimated: rebuilt by every run; Final: issued, and never changes.")]
    detailed_billing_records_generation_time: GenerationTime
    statement_generation_time: GenerationTime
    statement_summary_generation_time: GenerationTime
    currency: CurrencyAnswer
    invoice_id: Annotated[str, Field(description="The document's number; empty until it is issued and numbered.")]
    invoice_date: Annotated[str, Field(description="YYYY-MM-DD; empty until it is issued.")]
    document_type: Annotated[
        str, Field(description="statement, credit_statement (its total is below 0), debit_note or credit_note.")
    ]
    corrects: Annotated[int | None, Field(description="The statement that a note corrects; null for a statement.")]


class StatementList(AnswerShape):
    """A page of statements."""

    billing_artifacts: list[StatementSummary]


class StatementLineAnswer(AnswerShape):
    """A line of a statement; ``amount`` and ``quantity`` are decimal text, ``null`` where there is none."""

    n: int
    provider: str | None
    subscription: str | None
    service: str | None
    charge_category: str | None
    quantity: str | None
    amount: Annotated[str, Field(description="In the currency's minor digits; the lines add up to the total.")]
    kind: Annotated[str, Field(description="charges, support, custom, manual, carried_forward or brought_forward.")]
    reference: Annotated[int | None, Field(description="The billing rule or entry number that makes the line.")]
    description: str
    correction_of: Annotated[str | None, Field(description="YYYY-MM: the month that the line's block corrects.")]
    tax_category: Annotated[str | None, Field(description="Of EN 16931; null where no tax is told of.")]
    tax_percent: Annotated[str | None, Field(description="Null where no tax is told of.")]


class StatementTaxPartAnswer(AnswerShape):
    """The lines of a statement under one treatment: their sum, and the tax on it, as texts in minor digits."""

    category: Annotated[str, Field(description="Of EN 16931: S, Z, E, AE, K, G or O.")]
    percent: str
    base: str
    tax: Annotated[str, Field(description="The percent of the base, rounded once, half away from zero.")]
    reason: Annotated[str, Field(description="Why no tax is charged; empty where some is.")]
    reason_code: Annotated[str, Field(description="The same as a code of the VATEX list; empty where none is named.")]


class StatementTaxAnswer(AnswerShape):
    """What the documents of a statement show of tax; without rules of tax there are no parts."""

    net: Annotated[str, Field(description="The total, before tax.")]
    tax: str
    payable: Annotated[str, Field(description="What is due: net and tax.")]
    parts: list[StatementTaxPartAnswer]


class StatementBlockAnswer(AnswerShape):
    """A correction of an earlier month that stands on this statement, in its lines and in its total."""

    heading: str
    corrects: Annotated[int, Field(description="The statement that it corrects.")]
    total: str


class StatementAnswer(StatementSummary):
    """A statement with its lines."""

    reason: Annotated[str, Field(description="Why a note was issued.")]
    lines: list[StatementLineAnswer]
    blocks: list[StatementBlockAnswer]
    tax: StatementTaxAnswer
