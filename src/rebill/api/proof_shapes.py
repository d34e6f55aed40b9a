"""What calls answer about proofs: derivations step by step, verifications, differences by cause."""

from typing import Annotated, Any

from pydantic import Field

from rebill.api.answer_shapes import AnswerShape, ExactText
from rebill.api.pointing import Sentence

ShownText = Annotated[str, Field(description="Decimal text with the currency's minor digits.")]


class OperandAnswer(AnswerShape):
    """A number that a step computes with; where an earlier step bears its name, it is that step's result."""

    name: str
    value: ExactText


class StepAnswer(AnswerShape):
    """A step of a derivation; one that states a fact has no operation."""

    step: str
    sentence: Sentence
    facts: dict[str, Any] | None = None
    operation: Annotated[
        str | None, Field(description="`take`, `multiply`, `add`, `subtract`, `greater`, `lesser` or `floor`.")
    ] = None
    operands: list[OperandAnswer] | None = None
    decimals: Annotated[
        int | None, Field(description="What the result is rounded to, half away from zero; `null`: it is exact.")
    ] = None
    result: ExactText | None = None


class ChargeAnswer(AnswerShape):
    """A charge of a line, derived from the row of its source file."""

    file: str
    row: int
    billed_cost: ExactText
    statement_cost: ExactText
    price: ExactText
    steps: list[StepAnswer]


class AlikeAnswer(AnswerShape):
    """Charges of a line that are priced alike, and what they add up to."""

    subscription: str | None
    azure_customer_id: str | None
    base_kind: str
    price_book: str | None
    rule_position: int | None
    rule: str | None
    charges: int
    billed_cost: ExactText
    statement_cost: ExactText
    price: ExactText


class ExplainedLineAnswer(AnswerShape):
    """A line of a document, and how its amount follows from its charges."""

    n: int
    provider: str | None
    subscription: str | None
    service: str | None
    charge_category: str | None
    kind: str
    reference: int | None
    correction_of: Annotated[str | None, Field(description="The month that its block corrects.")]
    exact: ExactText
    amount: ShownText
    steps: list[StepAnswer]
    charge_count: int
    priced_alike: list[AlikeAnswer]
    charges: Annotated[list[ChargeAnswer], Field(description="The first of them, or the one that was asked for.")]


class ExplanationAnswer(AnswerShape):
    """A document explained: its own steps lead to its total and to the units that are dealt over its lines."""

    statement_id: int
    customer_id: int
    customer: str
    period: str
    currency: str
    kind: str
    status: str
    run_id: int
    total: ShownText
    steps: list[StepAnswer]
    lines: list[ExplainedLineAnswer]


class VerificationAnswer(AnswerShape):
    """A document, and the first thing in which it differs from what its run's inputs give."""

    statement_id: int
    customer_id: int
    customer: str
    period: str
    currency: str
    total: ShownText
    status: str
    kind: str
    run_id: int
    equal: bool
    difference: Annotated[str, Field(description="Empty where it is equal, byte for byte.")]


class MonthVerificationAnswer(AnswerShape):
    """Every document of a month, verified; `equal`: all of them are, and none is missing."""

    billing_period: str
    equal: bool
    statements: list[VerificationAnswer]
    missing: Annotated[list[Sentence], Field(description="What the last run gives and the record does not hold.")]


class ChangeAnswer(AnswerShape):
    """An input that is another."""

    cause: str
    sentence: Sentence


class TotalDifferenceAnswer(AnswerShape):
    """A customer's total before and after; its causes add up to the difference, exactly."""

    customer_id: int
    customer: str
    currency: str
    before: ShownText
    after: ShownText
    difference: ShownText
    by_cause: dict[str, ExactText]


class DifferenceAnswer(AnswerShape):
    """A part of a difference."""

    customer_id: int
    currency: str
    service: str | None
    cause: str
    amount: ExactText


class MonthDifferencesAnswer(AnswerShape):
    """A month against what was issued, or one of its runs against another."""

    period: str
    before: Annotated[str, Field(description="`issued` or `run`.")]
    before_run_id: int | None
    after_run_id: int
    changes: list[ChangeAnswer]
    customers: list[TotalDifferenceAnswer]
    differences: list[DifferenceAnswer]
