"""Which engines a month can be computed on."""

from enum import StrEnum

from rebill.model.errors import Invalid


class EngineName(StrEnum):
    """Where a month is computed."""

    DUCKDB = "duckdb"
    """In this process, on this machine."""
    SPARK = "spark"
    """On a Spark cluster, or in a Spark of this machine's own."""


def engine_named(text: str) -> EngineName:
    """The engine of this name. Raises ``Invalid``."""
    try:
        return EngineName(text)
    except ValueError:
        known = ", ".join(EngineName)
        raise Invalid("unknown_engine", f"There is no engine {text!r}; choose one of {known}.") from None
