"""Proofs: how a statement follows from its charges, that it does so still, and why a month is another amount now."""

from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.customer_statements import STATEMENTS, statement_id_of
from rebill.api.proof_shapes import (
    ExplanationAnswer,
    MonthDifferencesAnswer,
    MonthVerificationAnswer,
    VerificationAnswer,
)
from rebill.api.query import identifier, month, text, whole_number
from rebill.api.reconciliation import required_month
from rebill.api.route import Route
from rebill.model.source_row import SourceRow
from rebill.services.acting.permission import Permission
from rebill.services.proof.diff_month import diff_month
from rebill.services.proof.explain_statement import SHOWN_CHARGES, explain_statement
from rebill.services.proof.told import difference_document, explanation_document, verification_document
from rebill.services.proof.verify_statements import verify_month, verify_statement

_GREATEST_CHARGES = 1_000
_GREATEST_LINE = 10**9
_GREATEST_ROW = 2**63 - 1
_LINE = whole_number("line", "Only this line: its rules and its first charges.", 1, _GREATEST_LINE)
_ROW = whole_number("row", "Only the charge of this row of its source file.", 1, _GREATEST_ROW)
_FILE = text("file", "The source file of the row, where several have it.")
_CHARGES = whole_number(
    "charges", f"How many charges of a line are derived; {SHOWN_CHARGES} unless given.", 0, _GREATEST_CHARGES
)
_PERIOD = month("billing_period", "The billing month; required.")
_RUN = identifier("run_id", "The run that is looked at; the month's last one unless given.")
_AGAINST = identifier("against_run_id", "The run it is compared with; else what was issued, else the run before it.")


def explain(call: Call) -> Answer:
    """How a statement's lines follow from its charges, with the numbers in the arithmetic.

    Never for a customer's own key: it tells what charges cost the partner. Every step that computes has an operation
    and its operands, so that a few lines of any language compute the statement again.
    """
    statement_id = statement_id_of(call)
    row = call.parameters.number("row")
    charge = None if row is None else SourceRow(row, call.parameters.text("file"))
    shown = call.parameters.number("charges")
    found = explain_statement(
        call.installation,
        call.caller,
        statement_id,
        call.parameters.number("line"),
        charge,
        SHOWN_CHARGES if shown is None else shown,
    )
    return Answer.json(200, ExplanationAnswer.model_validate(explanation_document(found)))


def verify(call: Call) -> Answer:
    """Whether a statement or note is, byte for byte, what its run's recorded inputs give when computed again."""
    found = verify_statement(call.installation, call.caller, statement_id_of(call))
    return Answer.json(200, VerificationAnswer.model_validate(verification_document(found)))


def verify_all(call: Call) -> Answer:
    """Whether every statement and note of a month is what its run's recorded inputs give, and none is missing.

    The month is computed again, which takes as long as a run; `client_api_id` keeps it to one customer's documents.
    """
    period = required_month(call)
    found = verify_month(call.installation, call.caller, period, customer_id=call.filter_customer_id)
    statements = [VerificationAnswer.model_validate(verification_document(one)) for one in found.verifications]
    answer = MonthVerificationAnswer(
        billing_period=str(period), equal=found.is_equal, statements=statements, missing=list(found.missing)
    )
    return Answer.json(200, answer)


def differences(call: Call) -> Answer:
    """By how much a month differs from what was issued, or a run from another: by customer, service and cause."""
    run_id, against = (call.parameters.number(name) for name in ("run_id", "against_run_id"))
    found = diff_month(call.installation, call.caller, required_month(call), run_id, against)
    return Answer.json(
        200, MonthDifferencesAnswer.model_validate(difference_document(found.kept_to(call.filter_customer_id)))
    )


ROUTES = (
    Route(
        "GET",
        f"{STATEMENTS.one}/explanation",
        Permission.READ,
        explain,
        "Explain a statement, a line or a charge",
        {200: ExplanationAnswer},
        (_LINE, _ROW, _FILE, _CHARGES),
        path_check=STATEMENTS.path_check,
    ),
    Route(
        "GET",
        f"{STATEMENTS.one}/verification",
        Permission.READ,
        verify,
        "Compute a statement again and compare it",
        {200: VerificationAnswer},
        path_check=STATEMENTS.path_check,
    ),
    Route(
        "GET",
        "/v1/month_verification",
        Permission.READ,
        verify_all,
        "Compute a month's statements again and compare them",
        {200: MonthVerificationAnswer},
        (_PERIOD,),
        may_conflict=True,
    ),
    Route(
        "GET",
        "/v1/month_differences",
        Permission.READ,
        differences,
        "Show why a month is another amount now",
        {200: MonthDifferencesAnswer},
        (_PERIOD, _RUN, _AGAINST),
    ),
)
