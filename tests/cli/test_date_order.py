"""An import tells in which order it read the dates of its files, and whether anything told it."""

from pathlib import Path

from tests.cli.command_line import CommandLine
from tests.sources.test_date_order import usage

ASSUMED = "Nothing in the files tells whether the day or the month comes first in their dates: they were read {}, "


def told_of(rebill: CommandLine, *days: str, folder: Path, **environment: str) -> str:
    rebill.answer("init")
    return rebill.run("costs", "import", str(usage(folder, *days)), "--period", "2026-04", **environment).out


def test_what_nothing_tells_is_told(small_rebill: CommandLine, tmp_path: Path) -> None:
    told = told_of(small_rebill, "03/02/2026", "02/03/2026", folder=tmp_path)
    assert ASSUMED.format("month first") in told and "--date-order day-first" in told


def test_what_is_usual_is_heeded_and_told(small_rebill: CommandLine, tmp_path: Path) -> None:
    told = told_of(small_rebill, "03/02/2026", "02/03/2026", folder=tmp_path, REBILL_DATE_ORDER="day-first")
    assert ASSUMED.format("day first") in told and "--date-order month-first" in told


def test_what_the_files_tell_is_told_shortly(small_rebill: CommandLine, tmp_path: Path) -> None:
    told = told_of(small_rebill, "03/04/2026", "13/04/2026", folder=tmp_path)
    assert "were read day first." in told and "Nothing in the files" not in told


def test_what_was_read_wrong_is_read_anew_from_the_same_bytes(small_rebill: CommandLine, tmp_path: Path) -> None:
    told_of(small_rebill, "03/02/2026", "02/03/2026", folder=tmp_path)
    order = ("costs", "import", str(tmp_path / "file.csv"), "--period", "2026-04")
    ((before,), (now,), (again,)) = (
        small_rebill.answer(*order, *more)["datasets"]
        for more in ((), ("--date-order", "day-first"), ("--date-order", "day-first"))
    )
    assert [one["already_imported"] for one in (before, now, again)] == [True, False, True]
    assert (before["date_order"], now["date_order"]) == ("month-first", "day-first")
    assert before["dataset_id"] != now["dataset_id"] == again["dataset_id"]


def test_bytes_in_force_are_read_anew_when_somebody_says_so(small_rebill: CommandLine, tmp_path: Path) -> None:
    told_of(small_rebill, "04/03/2026", "04/13/2026", folder=tmp_path)
    order = ("costs", "import", str(tmp_path / "file.csv"), "--period", "2026-04")
    ((known,), (anew,)) = (small_rebill.answer(*order, *more)["datasets"] for more in ((), ("--read-anew",)))
    assert (known["already_imported"], anew["already_imported"]) == (True, False)
    assert known["dataset_id"] != anew["dataset_id"] and known["sums"] == anew["sums"]
    (listed,) = [one for one in small_rebill.answer("costs", "list")["datasets"] if one["period"] == "2026-04"]
    assert listed["dataset_id"] == anew["dataset_id"]
