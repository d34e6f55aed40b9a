"""What the query of an address says."""

from collections import defaultdict
from urllib.parse import parse_qsl

from rebill.console.visit import Fields

_GREATEST_FIELD_COUNT = 200


def read_query(query: str) -> Fields:
    """The fields of a query; one of no sense says nothing."""
    values: dict[str, list[str]] = defaultdict(list)
    try:
        for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=_GREATEST_FIELD_COUNT):
            values[name].append(value)
    except ValueError:
        return Fields()
    return Fields(dict(values))
