"""Reading what a form sends, bounded, whatever it is."""

from collections import defaultdict
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope

from rebill.console.visit import Fields, UploadedFile
from rebill.model.errors import Invalid

GREATEST_FORM_BYTES = 4 * 1024**2
GREATEST_UPLOAD_BYTES = 256 * 1024**2
_GREATEST_FIELD_COUNT = 12_000
"""Ten thousand accounts can be chosen at once, and there is more in a form."""


class _TooLarge(Exception):
    """More came than may come."""


async def read_form(scope: Scope, receive: Receive, takes_files: bool) -> Fields:
    """The fields of a form, and its files. Raises ``Invalid`` for what is none, or is too large."""
    greatest = GREATEST_UPLOAD_BYTES if takes_files else GREATEST_FORM_BYTES
    request = Request(scope, _counted(receive, greatest))
    try:
        async with request.form(
            max_files=10 if takes_files else 0,
            max_fields=_GREATEST_FIELD_COUNT,
            max_part_size=GREATEST_FORM_BYTES,
        ) as form:
            return await _fields(form.multi_items())
    except _TooLarge as error:
        raise _not_read(f"It is larger than {greatest // 1024**2} MiB.") from error
    except (MultiPartException, HTTPException, UnicodeDecodeError, ValueError) as error:
        raise _not_read("It is not what a form of these pages sends.") from error
    except ClientDisconnect as error:
        raise _not_read("It did not arrive whole.") from error


async def _fields(items: list[tuple[str, Any]]) -> Fields:
    values: dict[str, list[str]] = defaultdict(list)
    files: dict[str, UploadedFile] = {}
    for name, value in items:
        if not isinstance(value, UploadFile):
            values[name].append(str(value))
        elif value.filename:
            files[name] = UploadedFile(value.filename, await value.read())
    return Fields(dict(values), files)


def _counted(receive: Receive, greatest: int) -> Receive:
    taken = 0

    async def counting() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > greatest:
            raise _TooLarge
        return message

    return counting


def _not_read(why: str) -> Invalid:
    return Invalid("invalid_form", f"The form could not be read and nothing was done. {why}")
