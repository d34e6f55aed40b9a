"""The engine of a name, opened as the settings say."""

from pathlib import Path

from rebill.engines.duckdb import DuckDBEngine
from rebill.engines.engine import Engine
from rebill.model.engine_name import EngineName
from rebill.settings import Settings


def open_engine(name: EngineName, scratch_folder: Path, settings: Settings) -> Engine:
    """An engine of its own, which spills into ``scratch_folder``. Raises what its own start does."""
    if name is EngineName.SPARK:
        # Who never uses Spark does not load it.
        from rebill.engines.spark import SparkEngine

        return SparkEngine(scratch_folder, settings.spark_master)
    return DuckDBEngine(scratch_folder, settings.engine_memory_limit)
