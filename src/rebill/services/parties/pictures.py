"""Pictures that somebody hands in: hostile until they are known to be small, whole, and what they say."""

import base64
import binascii
import hashlib

from rebill.store.particulars import Logo

GREATEST_LOGO_BYTES = 256 * 1024
GREATEST_SIDE = 4096
"""In pixels: few bytes can say that a picture is as large as a field."""
_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_SIZED_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of a JPEG picture that tell its size."""


def picture_fault(logo: str) -> str | None:
    """What is wrong with a picture in base64, as a sentence without its subject."""
    try:
        picture_of(logo)
    except ValueError as error:
        return str(error)
    return None


def picture_of(logo: str) -> Logo:
    """The picture that base64 text holds. Raises ``ValueError`` for one that no document could show."""
    if len(logo) > GREATEST_LOGO_BYTES * 2:
        raise ValueError(f"may have at most {GREATEST_LOGO_BYTES // 1024} KiB")
    try:
        content = base64.b64decode(logo, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be a picture, written in base64") from None
    if len(content) > GREATEST_LOGO_BYTES:
        raise ValueError(f"may have at most {GREATEST_LOGO_BYTES // 1024} KiB")
    for beginning, media_type in _PICTURES.items():
        if content.startswith(beginning):
            return _shown(Logo(hashlib.sha256(content).hexdigest(), media_type, content))
    raise ValueError("must be a PNG or JPEG picture")


def _shown(picture: Logo) -> Logo:
    width, height = _png_size(picture.content) if picture.media_type == "image/png" else _jpeg_size(picture.content)
    if max(width, height) > GREATEST_SIDE:
        raise ValueError(f"may be at most {GREATEST_SIDE} pixels wide and high")
    # Late: what sets documents takes long to load. A picture that it cannot set is refused here, not at month's end.
    from rebill.documents.typesetting import can_show

    if not (width and height) or not can_show(picture.content):
        raise ValueError("is damaged, or of a kind that documents cannot show")
    return picture


def _png_size(content: bytes) -> tuple[int, int]:
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Width and height as the first frame tells them; (0, 0) where none does."""
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker in _SIZED_MARKERS:
            return int.from_bytes(content[place + 7 : place + 9]), int.from_bytes(content[place + 5 : place + 7])
        # Fill bytes may stand before a marker; every other segment tells its length.
        place += 1 if marker == 0xFF else 2 + int.from_bytes(content[place + 2 : place + 4])
    return 0, 0
