"""``rebill demo``: the main job on the published sample of real charges, checked at every step."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from rebill.cli.options import JsonOption
from rebill.cli.session import reporting
from rebill.model.errors import Invalid

_MARK = ".rebill-demo"
"""A file that tells a demo's home from any other folder, so that starting over never deletes somebody's data."""


def demo(
    home: Annotated[
        Path | None,
        typer.Option("--home", metavar="DIR", help="The demo's own data folder; a second run there starts over."),
    ] = None,
    with_microsoft_twin: Annotated[
        bool,
        typer.Option("--with-microsoft-twin", help="Sync from a local twin of Microsoft instead of a sample."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Do the main job on a sample of 1,000 real charges, over HTTP on a server of its own, and print what was done."""
    import platformdirs

    from rebill.cli.demo_story import tell
    from rebill.cli.demo_twin import tell_of_twin

    with reporting(as_json) as output:
        story = tell_of_twin if with_microsoft_twin else tell
        story(_fresh_home(home or platformdirs.user_data_path("rebill-demo")), output)


def _fresh_home(home: Path) -> Path:
    """``home`` as an empty folder. Raises ``Invalid`` when it holds anything but an earlier demo."""
    folder = home.expanduser().absolute()
    if folder.exists():
        if not folder.is_dir() or (any(folder.iterdir()) and not (folder / _MARK).exists()):
            raise Invalid("not_a_demo_home", f"{folder} holds something else; name an empty folder with --home.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    return folder
