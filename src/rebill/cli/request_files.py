"""Files that hold what the API would be sent: the same fields, read by the same shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, TypeVar

if TYPE_CHECKING:
    from rebill.api.shapes import LenientBody

    Shape = TypeVar("Shape", bound=LenientBody)


def read_request(file: BinaryIO, shape: type[Shape]) -> Shape:
    """The body in ``file``. Raises ``Invalid`` with every field that cannot be read."""
    from rebill.api.shapes import read_shape, require_shape
    from rebill.api.wire_reading import read_json

    parsed = read_json(file.read(), None, None)
    read = read_shape(shape, parsed.value)
    require_shape({**read.faults, **parsed.faults})
    if read.shape is None:
        raise AssertionError("a body without faults was read")
    return read.shape
