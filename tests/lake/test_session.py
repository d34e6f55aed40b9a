"""An engine serves one session after another, and none sees anything of another."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from rebill.lake.session import engine_session, writing_lines

LIMIT = "100MB"


def _names(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Everything that somebody made: tables, views and macros, temporary ones too."""
    made = (
        "SELECT table_name FROM duckdb_tables() UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal "
        "UNION ALL SELECT function_name FROM duckdb_functions() WHERE NOT internal"
    )
    return {name for (name,) in connection.execute(made).fetchall()}


def _make(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE TABLE kept AS SELECT 1 AS one; CREATE TEMP TABLE for_now AS SELECT 2 AS two")
    connection.execute("CREATE VIEW seen AS SELECT * FROM kept; CREATE MACRO twice(x) AS 2 * x")


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> object:
    (row,) = connection.execute(sql).fetchall()
    return row[0]


@pytest.mark.parametrize("ends_well", [True, False])
def test_nothing_of_a_session_is_in_the_next(ends_well: bool) -> None:
    try:
        with engine_session(LIMIT) as connection:
            _make(connection)
            assert _names(connection) == {"kept", "for_now", "seen", "twice"}
            connection.execute("SET TimeZone = 'Asia/Tokyo'")
            if not ends_well:
                connection.execute("SELECT no_such_column")
    except duckdb.BinderException:
        assert not ends_well
    with engine_session(LIMIT) as connection:
        assert _names(connection) == set()
        assert _one(connection, "SELECT current_setting('TimeZone')") == "UTC"
        _make(connection)


def test_sessions_at_the_same_time_are_apart_each_within_its_own_memory() -> None:
    with engine_session(LIMIT) as first, engine_session("200MB") as second, engine_session(LIMIT) as third:
        for connection in (first, second, third):
            assert _names(connection) == set()
            _make(connection)
        limits = [_one(each, "SELECT current_setting('memory_limit')") for each in (first, second, third)]
    assert limits == ["95.3 MiB", "190.7 MiB", "95.3 MiB"]
    with engine_session("200MB") as connection:
        assert _one(connection, "SELECT current_setting('memory_limit')") == "190.7 MiB"


def test_a_file_that_became_another_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "told.parquet"
    for told in (1, 2):
        with engine_session(LIMIT) as connection:
            connection.execute(f"COPY (SELECT {told} AS told) TO '{file}' (FORMAT parquet)")
            os.utime(file, (1_700_000_000, 1_700_000_000))
        with engine_session(LIMIT) as connection:
            assert _one(connection, f"SELECT told FROM '{file}'") == told


@pytest.mark.parametrize("has_folder", [True, False])
def test_what_was_spilled_goes_away_with_its_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_folder: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    # By itself the engine spills into a folder of this name where it runs.
    folder = tmp_path / ("spill" if has_folder else ".tmp")
    with engine_session("60MB", folder if has_folder else None) as connection:
        connection.execute("CREATE TABLE wide AS SELECT repeat('x', 200) || hash(i) AS text FROM range(600000) r(i)")
        assert list(folder.iterdir())
    assert not folder.exists()
    for another in (tmp_path / "another", None):
        with engine_session("60MB", another) as connection:
            assert _one(connection, "SELECT current_setting('temp_directory')") == str(another or ".tmp")


@pytest.mark.parametrize(("limit", "writers"), [("600MB", 1), ("1200MB", 1), ("2GB", 2)])
def test_lines_are_written_by_as_many_threads_as_memory_is_for(limit: str, writers: int) -> None:
    threads = "SELECT current_setting('threads')"
    with engine_session(limit) as connection:
        with writing_lines(connection):
            assert _one(connection, threads) == writers
        assert _one(connection, threads) == 2
        with writing_lines(connection, of_text=True):
            assert _one(connection, threads) == 2
    with pytest.raises(duckdb.BinderException), engine_session(limit) as connection, writing_lines(connection):
        connection.execute("SELECT no_such_column")
    with engine_session(limit) as connection:
        assert _one(connection, threads) == 2


def test_a_process_that_has_an_idle_engine_forks_and_ends_well() -> None:
    code = (
        "import os\n"
        "from rebill.lake.session import engine_session\n"
        "def one():\n"
        "    with engine_session('100MB') as connection:\n"
        "        return connection.execute('SELECT 1').fetchall()\n"
        "one()\n"
        "child = os.fork()\n"
        "assert one() == [(1,)]\n"
        "if child:\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
        "    print('well')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "well\n", "")
