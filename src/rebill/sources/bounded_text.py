"""The text of a file that someone hands over: read only up to a bound, UTF-8 with or without a byte order mark."""

from collections.abc import Callable
from pathlib import Path

from rebill.model.errors import Invalid, NotFound


def bounded_text(file: Path, greatest_bytes: int, invalid: Callable[[Path, str], Invalid]) -> str:
    """The text of ``file``, of at most ``greatest_bytes`` bytes.

    Raises ``NotFound`` when there is no such file, else what ``invalid`` makes of the file and the reason.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(greatest_bytes + 1)
    except FileNotFoundError:
        raise NotFound("file_not_found", f"There is no file {file}: check the path.") from None
    except OSError as error:
        raise invalid(file, f"it cannot be opened ({error.strerror})") from None
    if len(content) > greatest_bytes:
        raise invalid(file, f"it is larger than {greatest_bytes // 2**20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise invalid(file, f"it is not UTF-8 (byte {error.start}); save it as UTF-8") from None
