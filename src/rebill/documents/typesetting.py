"""Typst at work: a template of ours and data become a PDF, the same bytes for the same data.

Texts of partners and customers reach Typst as data, never as markup. It reads nothing but the folder it is given, and
no font but those that rebill is installed with and those of a folder that the settings name.
"""

import atexit
import hashlib
import re
import shutil
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from rebill.model.errors import ProgramError

TEMPLATE: Final = "statement.typ"
STANDARD: Final = "a-3b"
_UNSHOWABLE = re.compile(r'the text `"((?:\\.|[^"\\])*)"` could not be displayed')
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-f]+)\}|(.))")
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_GREATEST_ROUNDS = 3
_PICTURE_TRIAL = '#set document(title: "A picture")\n#image("{name}", width: 2cm)\n'


def can_show(picture: bytes) -> bool:
    """Whether a PNG or JPEG picture can stand on a document."""
    from typst import TypstError

    setter = _setter(None)
    name = setter.picture(picture)
    try:
        setter.compile(_PICTURE_TRIAL.format(name=name).encode(), {}, 0)
    except TypstError:
        return False
    return True


def typeset(
    data: str, attachments: Mapping[str, str], logo: bytes, timestamp: int, font_folder: Path | None = None
) -> tuple[bytes, str]:
    """The PDF (PDF/A-3b) of a statement's data, a JSON document; ``attachments``: what else the template asks for.

    ``timestamp``: seconds, of when it is said to be made. ``font_folder``: more fonts, for scripts that rebill's own
    lack; characters that no font has are shown as U+FFFD, and answered beside the PDF.
    """
    from typst import TypstError

    setter = _setter(font_folder)
    picture = setter.picture(logo) if logo else ""
    lacking: set[str] = set()
    for _ in range(_GREATEST_ROUNDS):
        try:
            content = setter.compile(None, {"data": data, "logo": picture, **attachments}, timestamp)
            return content, "".join(sorted(lacking))
        except TypstError as error:
            unshowable = set("".join(map(_without_escapes, _UNSHOWABLE.findall(error.diagnostic))))
            if not unshowable:
                raise ProgramError(
                    "document_not_set", f"The document could not be set: {error}. Please report this."
                ) from error
            lacking |= unshowable
            data = data.translate(dict.fromkeys(map(ord, unshowable), "\N{REPLACEMENT CHARACTER}"))
    raise ProgramError("document_not_set", "The document has characters that cannot be set. Please report this.")


class _Setter:
    """A compiler and the folder it may read. One at a time uses it: it keeps what it has laid out before."""

    def __init__(self, font_folder: Path | None) -> None:
        from typst import Compiler, Fonts

        self._root = Path(tempfile.mkdtemp(prefix="rebill-documents-"))
        atexit.register(shutil.rmtree, self._root, ignore_errors=True)
        (self._root / TEMPLATE).write_bytes(files("rebill.documents").joinpath(TEMPLATE).read_bytes())
        self._lock = threading.Lock()
        fonts = Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=_font_folders(font_folder))
        self._compiler: Compiler = Compiler(
            str(self._root / TEMPLATE), root=str(self._root), font_paths=fonts, ignore_system_fonts=True
        )

    def picture(self, content: bytes) -> str:
        """The name of a file with this picture in the folder."""
        kind = "png" if content.startswith(b"\x89PNG") else "jpg"
        name = f"{hashlib.sha256(content).hexdigest()}.{kind}"
        if not (self._root / name).exists():
            (self._root / name).write_bytes(content)
        return name

    def compile(self, source: bytes | None, inputs: dict[str, str], timestamp: int) -> bytes:
        with self._lock:
            if source is not None:
                (self._root / "trial.typ").write_bytes(source)
            found = self._compiler.compile(
                str(self._root / (TEMPLATE if source is None else "trial.typ")),
                format="pdf",
                sys_inputs=inputs,
                pdf_standards=[STANDARD],
                timestamp=timestamp,
            )
        if not isinstance(found, bytes):
            raise AssertionError("a PDF is one file")
        return found


def _without_escapes(told: str) -> str:
    """A text as it is, of which Typst tells with escapes: ``\\u{1}`` for what has no picture."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _SHORT.get(found[2], found[2]), told)


@cache
def _setter(font_folder: Path | None) -> _Setter:
    return _Setter(font_folder)


def _font_folders(own: Path | None) -> list[Path]:
    import manimgx_fonts

    shipped = Path(manimgx_fonts.__file__).parent
    return [shipped] if own is None else [shipped, own]
