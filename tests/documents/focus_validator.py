"""The published FOCUS validator asked of a Parquet file; where it is not installed, its published rules by our reader.

It runs in an environment of its own (``tools/environment.sh focus-validator``), because it wants Python 3.12 and older
versions of what the tests use.
"""

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import duckdb

from tests.documents.focus_rules import broken_rules

VALIDATOR: Final = Path(sys.prefix) / "focus-validator" / "bin" / "focus-validator"


def failing_rules(file: Path, scratch: Path) -> dict[str, str]:
    """The rules of FOCUS 1.2 that a data set breaks: identifier → what is said of it."""
    return _by_the_validator(file, scratch) if VALIDATOR.exists() else _by_our_reader(file)


def _by_the_validator(file: Path, scratch: Path) -> dict[str, str]:
    # It looks for its list of currencies below the folder that it is called in.
    (package,) = VALIDATOR.parents[1].glob("lib/python*/site-packages/focus_validator")
    scratch.mkdir()
    (scratch / package.name).symlink_to(package, target_is_directory=True)
    report = scratch / "report.xml"
    order: list[str | Path] = [VALIDATOR, "--data-file", file, "--validate-version", "1.2", "--block-download"]
    done = subprocess.run(
        [*order, "--output-type", "unittest", "--output-destination", report],
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
    )
    if not report.exists():
        raise AssertionError(f"the validator wrote no report: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    cases = ElementTree.parse(report).getroot().iter("testcase")
    told = {case: case.find("failure") for case in cases if case.find("skipped") is None}
    if len(told) < 100:
        raise AssertionError(f"the validator asked {len(told)} rules, which is far too few")
    return {str(failure.get("name")): str(failure.get("message")) for failure in told.values() if failure is not None}


def _by_our_reader(file: Path) -> dict[str, str]:
    with duckdb.connect() as engine:
        found = engine.execute("SELECT * FROM read_parquet($1)", [str(file)])
        columns = [name for name, *_ in found.description or ()]
        rows = [dict(zip(columns, map(_text, row), strict=True)) for row in found.fetchall()]
    return broken_rules(columns, rows)


def _text(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return None if value is None else str(value)
