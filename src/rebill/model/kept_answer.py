"""An answer that is told again when the same is asked again."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class KeptAnswer:
    """An answer as it was told, and the hash of the body that it was told to.

    ``body`` ``None``: it showed a secret, and is not to be told again.
    """

    body_sha256: str
    status: int
    headers: Mapping[str, str]
    media_type: str
    body: bytes | None
