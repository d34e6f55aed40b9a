"""The files of a delivery, converted together: what the dates of one of them tell holds for all."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from rebill.model.data_set import ConvertedFile, FileFault
from rebill.model.date_order import DateOrder
from rebill.sources.cost_files import refusals
from rebill.sources.date_styles import DateFacts, OtherDates, order_of
from rebill.sources.fallbacks import Fallbacks
from rebill.sources.reading import RecognisedFile, convert


def convert_delivery(
    connection: duckdb.DuckDBPyConnection,
    found: Sequence[RecognisedFile],
    fallbacks: Fallbacks,
    workspace: Path,
    faults: list[tuple[str, FileFault, str]],
    first_number: int = 0,
) -> tuple[ConvertedFile, ...]:
    """Write the cost lines and rejects of each file as Parquet into ``workspace``, numbered from ``first_number``.

    What refuses a file is added to ``faults``.
    """
    numbered = dict(enumerate(found, first_number))
    converted: dict[int, ConvertedFile] = {}
    facts: dict[int, DateFacts] = {}
    for number, file in numbered.items():
        with refusals(file.file, faults):
            try:
                converted[number] = convert(connection, file, fallbacks, workspace, number)
            except OtherDates as other:
                facts[number] = other.facts
    for number in facts:
        file = numbered[number]
        with refusals(file.file, faults):
            usual = fallbacks.usual_date_order or file.recognition.layout.date_order
            order, is_assumed = order_of(list(facts.values()), usual)
            dated = replace(file.recognition, dates=order or DateOrder.DAY_FIRST)
            read = convert(connection, replace(file, recognition=dated), fallbacks, workspace, number)
            converted[number] = replace(read, date_order=order, date_order_assumed=is_assumed)
    return tuple(converted[number] for number in sorted(converted))
