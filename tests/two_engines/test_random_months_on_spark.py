"""Random months, on Spark as on the embedded engine: every line, statement and balance is the slow oracle's."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given
from hypothesis import settings as tried

from rebill.model.engine_name import EngineName
from rebill.model.rating import RatingInputs
from rebill.settings import Settings
from tests.rating.lines import Line
from tests.rating.months import many_lines, rating_inputs
from tests.rating.test_engine_against_oracle import same_outcome
from tests.two_engines.conftest import MASTER

ON_SPARK = Settings(home=Path("/nowhere"), database_url="", engine=EngineName.SPARK, spark_master=MASTER)


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


# A few: a month takes Spark seconds, whatever its length, and the embedded engine has the many.
@tried(max_examples=4, phases=[Phase.generate])
@given(lines=many_lines(), inputs=rating_inputs())
def test_months_are_rated_alike(scratch: Path, lines: list[Line], inputs: RatingInputs) -> None:
    with TemporaryDirectory(dir=scratch) as folder:
        same_outcome(Path(folder), lines, inputs, part_count=2, settings=ON_SPARK)
