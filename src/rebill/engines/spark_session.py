"""This process's Spark: started once, with what exact arithmetic needs, and tried before anything is computed on it."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from rebill.model.errors import Invalid, ProgramError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

EXACT: Final = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "false",
    "spark.sql.parquet.writeLegacyFormat": "false",
}
"""Settings that the meaning of a plan depends on; every session has them, whatever the operator's own settings say."""
_WIDE: Final = {"spark.sql.autoBroadcastJoinThreshold": str(512 * 1024 * 1024)}
"""A month's lines are never moved to meet the small tables that they are joined to: every machine gets those whole."""
_LOCAL: Final = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.showConsoleProgress": "false",
}
"""A Spark of this machine's own listens to nobody else, and draws no bars among what a command tells."""
_TELL_FAILURES: Final = ("org.apache.spark.executor.Executor", "org.apache.spark.scheduler.TaskSetManager")
"""What logs, with its trace, that a task failed: also where it was meant to, when Spark is tried."""
_PRODUCTS: Final = (
    ("round(CAST('0.000000000001' AS DECIMAL(28,12)) * CAST('1.5' AS DECIMAL(9,6)), 12)", "2E-12"),
    ("round(CAST('-0.000000000001' AS DECIMAL(28,12)) * CAST('1.5' AS DECIMAL(9,6)), 12)", "-2E-12"),
    ("CAST('0.000000000001' AS DECIMAL(28,12)) * CAST('1' AS DECIMAL(20,8))", "1.00000000E-12"),
)
"""Products that end in half of the last decimal kept, and one whose decimals a Spark that loses precision cuts off."""
_OVERFLOWS: Final = (
    "SELECT CAST(CAST('10000000000000000.5' AS DECIMAL(38,12)) AS DECIMAL(28,12))",
    "SELECT CAST('99999999999999999999' AS DECIMAL(38,18)) * CAST('99999999999999999999' AS DECIMAL(38,18))",
    "SELECT SUM(n) FROM VALUES (CAST('99999999999999999999999999999999999999' AS DECIMAL(38,0))), "
    "(CAST('1' AS DECIMAL(38,0))) AS t(n)",
)
_MISSING: Final = (
    "This month is to be computed on Spark, which is not installed here: sh tools/environment.sh spark, in "
    "the checkout of rebill, and Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless; or JAVA_HOME names "
    "one). Or leave the engine at duckdb."
)
_lock: Final = threading.Lock()
_started: dict[str, "SparkSession"] = {}


def spark_session(master: str) -> "SparkSession":
    """A session of this process's Spark at ``master``, with tables and functions of its own.

    Raises ``Invalid`` where Spark or Java is missing, and ``ProgramError`` where it does not start, is another than
    this process uses already, or does not compute exactly.
    """
    with _lock:
        if not _started:
            _started[master] = _start(master)
        if master not in _started:
            raise _unusable(f"this process already uses the Spark at {next(iter(_started))}")
        session = _started[master].newSession()
    for name, value in EXACT.items():
        session.conf.set(name, value)
    return session


def _start(master: str) -> "SparkSession":
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise Invalid("spark_not_installed", _MISSING) from error
    # It repeats every error that it raises; who catches it says what there is to say.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    builder = SparkSession.builder.master(master).appName("rebill").config("spark.ui.enabled", "false")
    is_local = master.startswith("local")
    for name, value in (EXACT | _WIDE | (_LOCAL if is_local else {})).items():
        builder = builder.config(name, value)
    try:
        session: SparkSession = builder.getOrCreate()
        with _untold(session) if is_local else nullcontext():
            require_exact(session)
    except (PySparkException, OSError) as error:
        if isinstance(error, PySparkException) and error.getCondition() == "JAVA_GATEWAY_EXITED":
            raise Invalid("spark_not_installed", _MISSING) from error
        raise _unusable(str(error).splitlines()[0]) from error
    return session


@contextmanager
def _untold(session: "SparkSession") -> Iterator[None]:
    """A Spark of this machine's own tells no task that fails; but what its operator says of those loggers holds."""
    # Not setLogLevel: the level that was before it would not come back.
    machine: Any = session.sparkContext._jvm
    log4j = machine.org.apache.logging.log4j
    context = log4j.LogManager.getContext(False)
    names = [name for name in _TELL_FAILURES if context.getConfiguration().getLoggerConfig(name).getName() != name]
    for name in names:
        log4j.core.config.Configurator.setLevel(name, log4j.Level.OFF)
    try:
        yield
    finally:
        for name in names:
            context.getConfiguration().removeLogger(name)
        context.updateLoggers()


def require_exact(session: "SparkSession") -> None:
    """Have it multiply, round and overflow before it is trusted with money."""
    from pyspark.errors import ArithmeticException

    for product, expected in _PRODUCTS:
        ((found,),) = session.sql(f"SELECT {product}").collect()
        if str(found) != expected:
            raise _unusable(f"{product} is {found} there, not {expected}")
    for overflow in _OVERFLOWS:
        try:
            ((found,),) = session.sql(overflow).collect()
        except ArithmeticException:
            continue
        raise _unusable(f"a number beyond 38 digits is no error there, but {found}")


def _unusable(why: str) -> ProgramError:
    sentence = (
        f"Spark cannot be used and nothing was stored: {why}. Look at REBILL_SPARK_MASTER and at Spark's own log."
    )
    return ProgramError("spark_unusable", sentence)
