"""``rebill backup`` and ``rebill restore``: the whole installation in one file, and back."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rebill.cli.options import JsonOption
from rebill.cli.session import reporting, standing_installation
from rebill.model.counting import counted

if TYPE_CHECKING:
    from rebill.services.keeping.backup_archive import Contents


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file; one that exists is never replaced.")],
    as_json: JsonOption = False,
) -> None:
    """Write the whole installation, all partners, to one file; it may go on serving meanwhile."""
    from rebill.services.keeping.back_up import back_up

    with reporting(as_json) as output, closing(standing_installation()) as installation:
        with output.working(f"Backing up to {file}"):
            made = back_up(installation, file.absolute())
        told = _told(made.contents)
        output.answer({"file": str(made.file), "bytes": made.length_bytes, **told})
        output.say(
            f"{made.file}: {counted(made.length_bytes, 'byte')}, {counted(told['rows'], 'row')} of the record, "
            f"{counted(told['lake_files'], 'file')} of the lake."
        )
        output.next_step(
            "keep it as safe as the database itself; rebill restore FILE brings it back into an empty installation."
        )


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that rebill backup wrote.", exists=True)],
    as_json: JsonOption = False,
) -> None:
    """Fill an empty installation with a backup: on SQLite or PostgreSQL, whichever it was taken from."""
    from rebill.services.keeping.restore_backup import restore_backup
    from rebill.wiring import open_installation

    with reporting(as_json) as output, closing(open_installation()) as installation:
        with output.working(f"Restoring {file}"):
            contents = restore_backup(installation, file)
        told = _told(contents)
        output.answer({"file": str(file.absolute()), **told})
        output.say(
            f"Restored what stood at {contents.made_at}: {counted(told['rows'], 'row')} of the record, "
            f"{counted(told['lake_files'], 'file')} of the lake."
        )
        output.next_step(
            "rebill audit --verify shows that the trail is whole; rebill serve goes on with the same keys."
        )


def _told(contents: Contents) -> dict[str, Any]:
    rows = [one.rows for one in contents.members.values() if one.rows is not None]
    return {
        "made_at": contents.made_at,
        "rebill_version": contents.rebill_version,
        "schema": contents.schema,
        "rows": sum(rows),
        "lake_files": len(contents.members) - len(rows),
    }
