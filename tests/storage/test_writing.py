"""Files are written whole, in one step; what is there already stays as it is, and what differs is replaced."""

from pathlib import Path

import pytest

from rebill.storage.writing import WritingFault, write_files
from tests.blob_server import BlobServer


def made(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def test_what_is_there_byte_for_byte_is_left_alone_and_what_differs_is_replaced(tmp_path: Path) -> None:
    one, other = made(tmp_path, "one", b"same" * 500_000), made(tmp_path, "other", b"before")
    write_files(str(tmp_path / "place"), "a/b", {"1.txt": one, "2.txt": other})
    first = tmp_path / "place/a/b/1.txt"
    before = first.stat()
    other.write_bytes(b"later!")
    write_files(str(tmp_path / "place"), "a/b", {"1.txt": one, "2.txt": other})
    after = first.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert (tmp_path / "place/a/b/2.txt").read_bytes() == b"later!"
    assert sorted(file.name for file in first.parent.iterdir()) == ["1.txt", "2.txt"]


def test_the_same_in_a_storage_account(tmp_path: Path, blob_server: BlobServer, empty_container: str) -> None:
    secret = made(tmp_path, "secret", blob_server.connection_string.encode())
    one, other = made(tmp_path, "one", b"same" * 500_000), made(tmp_path, "other", b"before")
    place = f"az://{empty_container}/bills"
    write_files(place, "a", {"1.txt": one, "2.txt": other}, secret)
    before = blob_server.blobs(empty_container)
    other.write_bytes(b"later!")
    write_files(place, "a", {"1.txt": one, "2.txt": other}, secret)
    after = blob_server.blobs(empty_container)
    assert after["bills/a/1.txt"] == before["bills/a/1.txt"]
    assert after["bills/a/2.txt"][1] == b"later!"


def test_a_file_that_breaks_off_leaves_the_one_before(tmp_path: Path) -> None:
    made(tmp_path, "one", b"before")
    write_files(str(tmp_path), "place", {"1.txt": tmp_path / "one"})
    with pytest.raises(WritingFault) as fault:
        write_files(str(tmp_path), "place", {"1.txt": tmp_path / "place"})
    assert (str(fault.value), fault.value.is_of_place) == ("place cannot be written to (IsADirectoryError)", False)
    assert [file.name for file in (tmp_path / "place").iterdir()] == ["1.txt"]
    assert (tmp_path / "place/1.txt").read_bytes() == b"before"
