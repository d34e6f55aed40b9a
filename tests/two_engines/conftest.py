"""One Spark for all tests of a process, started with settings that suit small months."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.debian import program

MASTER = "local[1]"


@pytest.fixture(scope="session", autouse=True)
def spark_settings() -> Iterator[None]:
    """What Spark reads when it starts; a Java is installed when there is none and we may."""
    java = os.environ.get("JAVA_HOME") or program("java", "openjdk-17-jre-headless")
    assert java, "Java 17 is needed to test: apt-get install openjdk-17-jre-headless"
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
