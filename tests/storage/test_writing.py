"""Files are written whole, in one step; what is there already stays as it is, and what differs is replaced."""

from pathlib import Path

import pytest

from rebill.storage.writing import WritingFault, write_files
from tests.blob_server import BlobServer


def made(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


def test_what_is_there_is_replaced_in_one_step_and_nothing_else_is_left(tmp_path: Path) -> None:
    one, other = made(tmp_path, "one", b"same" * 50_000), made(tmp_path, "other", b"before")
    write_files(str(tmp_path / "place"), "a/b", {"1.txt": one, "2.txt": other})
    folder = tmp_path / "place/a/b"
    with (folder / "2.txt").open("rb") as reading:
        other.write_bytes(b"later!")
        write_files(str(tmp_path / "place"), "a/b", {"1.txt": one, "2.txt": other})
        assert reading.read() == b"before"
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        "1.txt": one.read_bytes(),
        "2.txt": b"later!",
    }


def test_the_same_in_a_storage_account(tmp_path: Path, blob_server: BlobServer, empty_container: str) -> None:
    secret = made(tmp_path, "secret", blob_server.connection_string.encode())
    one, other = made(tmp_path, "one", b"same" * 50_000), made(tmp_path, "other", b"before")
    place = f"az://{empty_container}/bills"
    write_files(place, "a", {"1.txt": one, "2.txt": other}, secret)
    other.write_bytes(b"later!")
    write_files(place, "a", {"1.txt": one, "2.txt": other}, secret)
    assert {name: content for name, (_, content) in blob_server.blobs(empty_container).items()} == {
        "bills/a/1.txt": one.read_bytes(),
        "bills/a/2.txt": b"later!",
    }


def test_a_file_that_breaks_off_leaves_the_one_before(tmp_path: Path) -> None:
    made(tmp_path, "one", b"before")
    write_files(str(tmp_path), "place", {"1.txt": tmp_path / "one"})
    with pytest.raises(WritingFault) as fault:
        write_files(str(tmp_path), "place", {"1.txt": tmp_path / "place"})
    assert (str(fault.value), fault.value.is_of_place) == ("place cannot be written to (IsADirectoryError)", False)
    assert [file.name for file in (tmp_path / "place").iterdir()] == ["1.txt"]
    assert (tmp_path / "place/1.txt").read_bytes() == b"before"


def test_a_password_in_the_address_of_a_place_is_told_to_nobody(tmp_path: Path) -> None:
    with pytest.raises(WritingFault) as fault:
        write_files("ftp://user:Hunter2Pass@127.0.0.1:9/bills", "a", {"1.txt": made(tmp_path, "one", b"1")})
    assert str(fault.value) == "a cannot be written to (ConnectionRefusedError)"
