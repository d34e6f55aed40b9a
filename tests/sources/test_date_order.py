"""Which of day and month comes first in a file's dates: told by evidence, by whoever knows, or not at all."""

import csv
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from rebill.model.data_set import FileFault
from rebill.model.date_order import DateOrder
from rebill.model.months import BillingMonth
from rebill.sources.cost_files import CostFile, FileRefused, mark_of
from rebill.sources.date_styles import DateFacts, OrderFacts, order_of
from rebill.sources.delivered_files import convert_delivery
from rebill.sources.fallbacks import Fallbacks
from rebill.sources.layouts.daily_rated_usage import DAILY_RATED_USAGE
from rebill.sources.layouts.focus import FOCUS
from rebill.sources.layouts.invoice_reconciliation import INVOICE_RECONCILIATION
from rebill.sources.layouts.layout import Layout
from rebill.sources.reading import recognised
from tests.sources.delivered import FileReader
from tests.sources.test_every_layout import sound_row

USAGE_DATES = ("UsageDate", "ChargeStartDate", "ChargeEndDate", "PCToBCExchangeRateDate")


def rows_of(layout: Layout, dated: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """A row for each of ``dated``: its dates, and none besides them."""
    return [{**sound_row(layout, ""), **dict.fromkeys(USAGE_DATES, ""), **dates} for dates in dated]


def written(folder: Path, rows: Sequence[Mapping[str, str]], name: str = "file.csv") -> Path:
    file = folder / name
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def usage(folder: Path, *days: str, **others: str) -> Path:
    return written(folder, rows_of(DAILY_RATED_USAGE, [{"UsageDate": day, **others} for day in days]))


def charge_days(reader: FileReader, file: Path, **given: object) -> list[date]:
    found = reader.read(file, **given)  # type: ignore[arg-type] # options of the reader, by name
    assert found.rejects == ()
    return [line["ChargePeriodStart"].date() for line in found.lines]


def test_a_day_beyond_the_twelfth_tells_of_all(reader: FileReader, tmp_path: Path) -> None:
    file = usage(tmp_path, "03/04/2026", "13/04/2026")
    assert charge_days(reader, file, period="2026-04") == [date(2026, 4, 3), date(2026, 4, 13)]
    file = usage(tmp_path, "04/03/2026", "04/13/2026")
    assert charge_days(reader, file, period="2026-04") == [date(2026, 4, 3), date(2026, 4, 13)]


def test_a_date_of_another_column_tells_too(reader: FileReader, tmp_path: Path) -> None:
    file = usage(tmp_path, "03/04/2026", PCToBCExchangeRateDate="31/03/2026")
    assert charge_days(reader, file, period="2026-04") == [date(2026, 4, 3)]
    assert reader.read(file, period="2026-04").converted.date_order is DateOrder.DAY_FIRST


@pytest.mark.parametrize(("text", "read"), [("03/04/2026", date(2026, 4, 3)), ("04/03/2026", date(2026, 4, 3))])
def test_days_lie_in_the_month_that_bills_them(reader: FileReader, tmp_path: Path, text: str, read: date) -> None:
    assert charge_days(reader, usage(tmp_path, text), period="2026-04") == [read]


def test_usage_of_an_earlier_month_may_come_late_but_none_lies_ahead(reader: FileReader, tmp_path: Path) -> None:
    file = usage(tmp_path, "11/03/2026", "10/04/2026")
    assert charge_days(reader, file, period="2026-04") == [date(2026, 3, 11), date(2026, 4, 10)]


def test_no_start_lies_behind_its_end(reader: FileReader, tmp_path: Path) -> None:
    dates = {"ChargeStartDate": "05/04/2026", "ChargeEndDate": "04/05/2026"}
    file = written(tmp_path, rows_of(INVOICE_RECONCILIATION, [dates]))
    assert charge_days(reader, file, period="2026-04") == [date(2026, 4, 5)]


def test_a_charge_lies_in_its_own_billing_period(reader: FileReader, tmp_path: Path) -> None:
    dates = {"ChargePeriodStart": "05/04/2026", "BillingPeriodStart": "01/04/2026", "BillingPeriodEnd": "01/05/2026"}
    file = written(tmp_path, rows_of(FOCUS, [dates]))
    assert charge_days(reader, file) == [date(2026, 4, 5)]


def test_a_billing_period_begins_on_the_first_of_a_month(reader: FileReader, tmp_path: Path) -> None:
    dates = {"ChargePeriodStart": "08/01/2023", "BillingPeriodStart": "08/01/2023", "BillingPeriodEnd": "09/01/2023"}
    file = written(tmp_path, rows_of(FOCUS, [dates]))
    assert charge_days(reader, file) == [date(2023, 8, 1)]
    assert not reader.read(file).converted.date_order_assumed


def test_where_no_order_is_documented_nothing_is_guessed(reader: FileReader, tmp_path: Path) -> None:
    file = written(tmp_path, rows_of(FOCUS, [{"ChargePeriodStart": "03/02/2026"}, {"ChargePeriodStart": "02/03/2026"}]))
    with pytest.raises(FileRefused) as refused:
        reader.read(file, period="2026-04")
    assert refused.value.fault == "date_order_unclear"
    assert "'02/03/2026'" in refused.value.sentence and "--date-order" in refused.value.sentence
    said = charge_days(reader, file, period="2026-04", date_order=DateOrder.DAY_FIRST)
    assert said == [date(2026, 2, 3), date(2026, 3, 2)]


def test_microsoft_writes_the_month_first_where_nothing_tells_and_that_is_told(
    reader: FileReader, tmp_path: Path
) -> None:
    file = usage(tmp_path, "03/02/2026", "02/03/2026")
    assert charge_days(reader, file, period="2026-04") == [date(2026, 3, 2), date(2026, 2, 3)]
    assert reader.read(file, period="2026-04").converted.date_order_assumed
    # Who says what is usual with them is heeded before that.
    other = reader.read(file, period="2026-04", usual_date_order=DateOrder.DAY_FIRST)
    assert [line["ChargePeriodStart"].date() for line in other.lines] == [date(2026, 2, 3), date(2026, 3, 2)]


def test_a_date_that_is_one_day_in_either_order_needs_no_telling(reader: FileReader, tmp_path: Path) -> None:
    file = usage(tmp_path, "03/03/2026", "4.3.2026", "2026/03/05")
    assert charge_days(reader, file, period="2026-04") == [date(2026, 3, 3), date(2026, 3, 4), date(2026, 3, 5)]
    assert reader.read(file, period="2026-04").converted.date_order is None


def test_both_orders_in_one_file_are_refused_until_one_is_said(reader: FileReader, tmp_path: Path) -> None:
    file = usage(tmp_path, "13/04/2026", "04/14/2026")
    with pytest.raises(FileRefused) as refused:
        reader.read(file, period="2026-04")
    assert refused.value.fault == "date_orders_mixed"
    assert "'13/04/2026'" in refused.value.sentence and "'04/14/2026'" in refused.value.sentence
    found = reader.read(file, period="2026-04", date_order=DateOrder.MONTH_FIRST)
    assert [(reject.row, reject.column, reject.code) for reject in found.rejects] == [(1, "UsageDate", "not_a_date")]


@pytest.mark.parametrize("word", ["infinity", "-infinity", "epoch", "today", "04/03/26"])
def test_a_word_or_a_year_of_two_digits_is_no_date(reader: FileReader, tmp_path: Path, word: str) -> None:
    found = reader.read(usage(tmp_path, "04/13/2026", word), period="2026-04")
    assert [(reject.row, reject.column, reject.code) for reject in found.rejects] == [(2, "UsageDate", "not_a_date")]
    assert word in found.rejects[0].reason


def test_a_broken_row_does_not_hide_the_order(reader: FileReader, tmp_path: Path) -> None:
    file = usage(tmp_path, "03/04/2026", "13/04/2026")
    with file.open("a", encoding="utf-8") as stream:
        stream.write("too,short\n")
    found = reader.read(file, period="2026-04")
    assert [line["ChargePeriodStart"].date() for line in found.lines] == [date(2026, 4, 3), date(2026, 4, 13)]
    assert [reject.code for reject in found.rejects] == ["too_few_columns"]


def test_one_file_of_a_delivery_tells_for_the_others(reader: FileReader, tmp_path: Path) -> None:
    files = [
        written(tmp_path, rows_of(DAILY_RATED_USAGE, [{"UsageDate": day}]), name)
        for name, day in (("a.csv", "03/02/2026"), ("b.csv", "13/02/2026"))
    ]
    given = Fallbacks(BillingMonth.parse("2026-04"), None)
    found = [
        recognised(reader.connection, CostFile(file, file.name), mark_of(CostFile(file, file.name)), given, tmp_path)
        for file in files
    ]
    faults: list[tuple[str, FileFault, str]] = []
    converted = convert_delivery(reader.connection, found, given, tmp_path, faults)
    assert faults == []
    assert [one.date_order for one in converted] == [DateOrder.DAY_FIRST, DateOrder.DAY_FIRST]


def test_the_usual_order_holds_where_nothing_tells_and_there_alone() -> None:
    nothing = {order: OrderFacts(None, 0, 0) for order in DateOrder}
    assert order_of([DateFacts("03/04/2026", nothing)], DateOrder.DAY_FIRST) == (DateOrder.DAY_FIRST, True)
    told = {**nothing, DateOrder.MONTH_FIRST: OrderFacts("04/13/2026", 0, 0)}
    assert order_of([DateFacts("03/04/2026", told)], DateOrder.DAY_FIRST) == (DateOrder.MONTH_FIRST, False)
