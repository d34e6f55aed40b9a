"""The importer's own place in the lake: one at a time, and only its own leftovers are swept."""

from pathlib import Path

import duckdb
import pytest

from rebill.lake.session import engine_session
from rebill.lake.workshop import PENDING, costs_folder, workshop
from rebill.model.errors import Conflict
from rebill.model.sql_text import sql_path

PARTNER_ID = 123456789


def data_set_folder(lake: Path, data_set_id: int, pending: bool) -> Path:
    folder = costs_folder(lake, PARTNER_ID) / "2024-09" / str(data_set_id)
    folder.mkdir(parents=True)
    (folder / "part-00000.parquet").write_bytes(b"lines")
    if pending:
        (folder / PENDING).touch()
    return folder


def test_what_the_record_does_not_know_is_swept_only_while_it_is_pending(tmp_path: Path) -> None:
    recorded = data_set_folder(tmp_path, 1, pending=True)
    unknown = data_set_folder(tmp_path, 2, pending=True)
    of_another_record = data_set_folder(tmp_path, 3, pending=False)
    with workshop(tmp_path, PARTNER_ID) as place:
        assert set(place.pending_data_sets()) == {1, 2}
        place.sweep({1})
        assert place.pending_data_sets() == {}
    assert recorded.exists()
    assert not unknown.exists()
    assert (of_another_record / "part-00000.parquet").read_bytes() == b"lines"


def test_what_a_killed_import_left_in_staging_is_gone_for_the_next(tmp_path: Path) -> None:
    staging = costs_folder(tmp_path, PARTNER_ID) / "staging"
    (staging / "77").mkdir(parents=True)
    (staging / "77" / "part-00000.parquet").write_bytes(b"half")
    with workshop(tmp_path, PARTNER_ID) as place:
        assert list(place.staging.iterdir()) == []
    assert not staging.exists()


def test_a_second_importer_of_a_partner_is_told_to_wait(tmp_path: Path) -> None:
    with workshop(tmp_path, PARTNER_ID) as place:
        (place.staging / "work").touch()
        with pytest.raises(Conflict, match="try again"), workshop(tmp_path, PARTNER_ID):
            pass
        assert (place.staging / "work").exists()
        with workshop(tmp_path, PARTNER_ID + 1) as other:
            assert other.staging != place.staging
    with workshop(tmp_path, PARTNER_ID):
        assert costs_folder(tmp_path, PARTNER_ID).exists()


def test_a_path_that_looks_like_a_pattern_is_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "a[1]*?'b"
    folder.mkdir()
    with engine_session("100MB") as connection:
        file = folder / "x.parquet"
        connection.execute("COPY (SELECT 1 AS a) TO '" + str(file).replace("'", "''") + "'")
        assert connection.execute(f"SELECT a FROM read_parquet({sql_path(file)})").fetchall() == [(1,)]


def test_the_engine_of_an_import_is_bounded_and_exact(tmp_path: Path) -> None:
    with engine_session("64MB", tmp_path / "spill") as connection:
        limit, zone, threads = connection.execute(
            "SELECT current_setting('memory_limit'), current_setting('TimeZone'), current_setting('threads')"
        ).fetchall()[0]
        assert (limit, zone, threads) == ("61.0 MiB", "UTC", 2)
        with pytest.raises(duckdb.Error):
            connection.execute(
                "SELECT sum(x) FROM (SELECT unnest([99999999999999999999999999::DECIMAL(38,12)]) * 10 AS x)"
            )
