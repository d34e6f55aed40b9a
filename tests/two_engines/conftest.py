"""One Spark for all tests of a process, started with settings that suit small months."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.debian import install

MASTER = "local[1]"


@pytest.fixture(scope="session", autouse=True)
def spark_settings() -> Iterator[None]:
    """What Spark reads when it starts; a Java is installed when there is none and we may."""
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        assert install("openjdk-17-jre-headless"), "Java 17 is needed to test: apt-get install openjdk-17-jre-headless"
    before = os.environ.get("SPARK_CONF_DIR")
    os.environ["SPARK_CONF_DIR"] = str(Path(__file__).parent / "spark")
    yield
    if before is None:
        del os.environ["SPARK_CONF_DIR"]
    else:
        os.environ["SPARK_CONF_DIR"] = before


@pytest.fixture
def store() -> str:
    """Where the record lies makes no difference here."""
    return "sqlite"
