"""Cost that was imported: data sets, and the rows of them that could not be read."""

from typing import Annotated

from pydantic import Field

from rebill.api.accept import preferred
from rebill.api.answer_shapes import AnswerShape, ExactText, Instant, OptionalInstant
from rebill.api.answers import Answer
from rebill.api.call import Call
from rebill.api.errors import NotAcceptable
from rebill.api.paging import list_answer, page_of
from rebill.api.query import flag, month, whole_number
from rebill.api.resource import Resource
from rebill.api.route import Route, partner_wide
from rebill.api.wire_reading import CSV_MEDIA_TYPE
from rebill.documents.rejects_csv import rejects_csv
from rebill.model.data_set import BillingStatus, DataSet, Reject, RejectCode
from rebill.model.date_order import DateOrder
from rebill.model.money import text_of
from rebill.services.acting.permission import Permission
from rebill.services.costs.read_data_sets import get_data_set, page_of_data_sets
from rebill.services.costs.read_rejects import list_rejects

_DATA_SET_ID = "data_set_id"
_FORMS = ("application/json", CSV_MEDIA_TYPE)
_GREATEST_COUNT = 1_000
_USUAL_COUNT = 100
_LIMIT = whole_number("limit", f"How many rejects are listed; {_USUAL_COUNT} unless given.", 1, _GREATEST_COUNT)
_FILTERS = (
    month("billing_period", "Only data sets of this billing month."),
    flag("history", "Those that a later import replaced, too."),
)


class CostSumAnswer(AnswerShape):
    """What a data set costs the partner in a currency; `tie_out`: lines that only sum up what others hold."""

    currency: str
    partner_cost: ExactText
    tie_out_rows: int
    tie_out_cost: ExactText


class CostFileAnswer(AnswerShape):
    """A file of a delivery, and its rows and rejects of the data set's month."""

    name: str
    sha256: str
    rows: int
    rejects: int
    rounded_values: Annotated[
        int, Field(description="Numbers of the whole file that had more decimals than are kept, and were rounded.")
    ]
    date_order: Annotated[
        str | None,
        Field(description=f"How dates not in ISO style were read: {' or '.join(DateOrder)}; `null`: it has none."),
    ]


class DataSetAnswer(AnswerShape):
    """The cost lines of one delivery that one month bills."""

    id: int
    billing_period: str
    scope: Annotated[str, Field(description="What the delivery is of: a later one of this name replaces it.")]
    view: str
    layout: str
    source_kind: str
    rows: int
    reject_count: Annotated[int, Field(description="Rows that could not be read, and were kept aside.")]
    billing: Annotated[str, Field(description=f"Whether Microsoft billed it: of {', '.join(BillingStatus)}.")]
    invoice_lines: Annotated[int | None, Field(description="Rows that name an invoice; `null`: never counted.")]
    files: list[CostFileAnswer]
    sums: list[CostSumAnswer]
    overlap_reason: Annotated[str, Field(description="Why charges that another data set holds too are no double.")]
    imported_at: Instant
    replaced_at: Annotated[OptionalInstant, Field(description="`null`: it is in force.")]

    @classmethod
    def of(cls, found: DataSet) -> "DataSetAnswer":
        """The answer of a data set."""
        return cls(
            id=found.data_set_id,
            billing_period=str(found.billing_month),
            scope=found.scope,
            view=found.view,
            layout=found.layout,
            source_kind=found.source_kind,
            rows=found.rows,
            reject_count=found.reject_count,
            billing=found.billing_status.value,
            invoice_lines=found.invoice_lines,
            files=[
                CostFileAnswer(
                    name=one.name,
                    sha256=one.sha256,
                    rows=one.rows,
                    rejects=one.rejects,
                    rounded_values=one.rounded_values,
                    date_order=one.date_order,
                )
                for one in found.files
            ],
            sums=[
                CostSumAnswer(
                    currency=one.currency,
                    partner_cost=text_of(one.partner_cost),
                    tie_out_rows=one.tie_out_rows,
                    tie_out_cost=text_of(one.tie_out_cost),
                )
                for one in found.sums
            ],
            overlap_reason=found.overlap_reason or "",
            imported_at=found.imported_at,
            replaced_at=found.replaced_at,
        )


class DataSetList(AnswerShape):
    """A page of data sets."""

    data_sets: list[DataSetAnswer]


class RejectAnswer(AnswerShape):
    """A row that could not be read; cost and currency as far as they could be."""

    file: str
    row: Annotated[int, Field(description="The data row from 1, the header not counted.")]
    column: Annotated[str | None, Field(description="The column at fault; `null`: the whole row.")]
    code: Annotated[str, Field(description=f"Of {', '.join(RejectCode)}.")]
    reason: str
    raw_text: str
    partner_cost: Annotated[str | None, Field(description="Exact decimal text.")]
    currency: str | None

    @classmethod
    def of(cls, reject: Reject) -> "RejectAnswer":
        """The answer of a reject."""
        return cls(
            file=reject.file,
            row=reject.row,
            column=reject.column,
            code=reject.code.value,
            reason=reject.reason,
            raw_text=reject.raw_text,
            partner_cost=None if reject.billed_cost is None else text_of(reject.billed_cost),
            currency=reject.currency,
        )


class RejectList(AnswerShape):
    """The first rejects of a data set."""

    data_set_id: int
    reject_count: Annotated[int, Field(description="How many there are in all.")]
    rejects: list[RejectAnswer]


def list_all(call: Call) -> Answer:
    """What was imported, in order of import: data sets in force, with `history=true` those that were replaced too."""
    parameters = call.parameters
    period, history = parameters.month("billing_period"), parameters.flag("history")
    listing = page_of_data_sets(call.installation, call.caller, page_of(parameters), period, history)
    return list_answer(call, DataSetList(data_sets=[DataSetAnswer.of(one) for one in listing.items]), listing)


def get(call: Call) -> Answer:
    """One data set, in force or replaced."""
    return Answer.json(200, DataSetAnswer.of(get_data_set(call.installation, call.caller, call.ids[_DATA_SET_ID])))


def show_rejects(call: Call) -> Answer:
    """The rows that could not be read and were kept aside when the others were taken in, by file and row.

    As `text/csv` all of them, to mend them by; formulas of spreadsheets in their texts are made harmless.
    """
    data_set_id = call.ids[_DATA_SET_ID]
    media_type = preferred(call.accept, _FORMS)
    if media_type is None:
        raise NotAcceptable(_FORMS)
    headers = {"Vary": "Accept"}
    if media_type == CSV_MEDIA_TYPE:
        text = rejects_csv(list_rejects(call.installation, call.caller, data_set_id))
        headers["Content-Disposition"] = f'attachment; filename="rejects {data_set_id}.csv"'
        return Answer(200, text.encode(), headers, f"{CSV_MEDIA_TYPE}; charset=utf-8; header=present")
    data_set = get_data_set(call.installation, call.caller, data_set_id)
    limit = call.parameters.number("limit")
    found = list_rejects(call.installation, call.caller, data_set_id, _USUAL_COUNT if limit is None else limit)
    rejects = [RejectAnswer.of(one) for one in found]
    answer = RejectList(data_set_id=data_set_id, reject_count=data_set.reject_count, rejects=rejects)
    return Answer.json(200, answer, headers)


DATA_SETS = Resource("/v1/data_sets", _DATA_SET_ID, DataSetAnswer, DataSetList, "/data_sets/0/id", found=get_data_set)
ROUTES = partner_wide(
    DATA_SETS.listed(list_all, "List imported cost", *_FILTERS),
    DATA_SETS.shown(get, "Show a data set"),
    Route(
        "GET",
        f"{DATA_SETS.one}/rejects",
        Permission.READ,
        show_rejects,
        "Show the rows of a data set that could not be read",
        {200: RejectList},
        (_LIMIT,),
        other_forms=(CSV_MEDIA_TYPE,),
        path_check=DATA_SETS.path_check,
        headers={"Vary": "The answer differs by `Accept`."},
    ),
)
