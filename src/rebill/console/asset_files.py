"""The files that pages refer to: read once, served under a name that changes with their content."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "assets"
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
PREFIX: Final = "/assets/"
ICON: Final = "/favicon.ico"
"""Where browsers look for an icon that nobody told them of: beside the API's answers and its documentation."""


@dataclass(frozen=True)
class Asset:
    """A file as it is served; ``mark``: of its content."""

    content: bytes
    media_type: str
    mark: str


@cache
def assets() -> dict[str, Asset]:
    """Every file by its name."""
    return {
        file.name: Asset(content, _MEDIA_TYPES[file.suffix], hashlib.sha256(content).hexdigest()[:16])
        for file in sorted(_FOLDER.rglob("*"))
        if file.suffix in _MEDIA_TYPES
        for content in [file.read_bytes()]
    }


def asset_path(name: str) -> str:
    """Where pages find a file: it may be kept for ever, as another content has another address."""
    return f"{PREFIX}{name}?v={assets()[name].mark}"
