"""What the twin remembers between requests: tokens, signatures, exports under way, and who asked for what."""

import threading
from collections import defaultdict

from rebill.twin.datasets import ExportedDataSet


class TwinState:
    """``asked``: the ids that clients gave their requests, by request; ``data_sets``: the exports asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._number = 0
        self._tokens: dict[str, str] = {}
        self._signatures: set[str] = set()
        self._places: dict[str, int] = {"": 0}
        self._operations: dict[str, ExportedDataSet] = {}
        self._polls: dict[str, int] = defaultdict(int)
        self._served: set[ExportedDataSet] = set()
        self.asked: dict[str, list[str]] = defaultdict(list)

    @property
    def data_sets(self) -> set[ExportedDataSet]:
        return set(self._operations.values())

    def new_token(self, resource: str) -> str:
        token = self._next("token-that-must-never-be-seen")
        self._tokens[token] = resource
        return token

    def is_good(self, token: str, resource: str) -> bool:
        """Whether the token was given for ``resource`` and is still accepted."""
        return self._tokens.get(token) == resource

    def revoke(self, token: str) -> None:
        self._tokens.pop(token, None)

    def new_signature(self) -> str:
        signature = self._next("signature-that-must-never-be-seen")
        self._signatures.add(signature)
        return signature

    def is_signed(self, signature: str) -> bool:
        return signature in self._signatures

    def expire(self, signature: str) -> None:
        self._signatures.discard(signature)

    def token_of(self, place: int) -> str:
        """The continuation token of the page that begins at ``place``."""
        token = f"page-{place}"
        self._places[token] = place
        return token

    def place_of(self, token: str) -> int:
        return self._places.get(token, 0)

    def new_operation(self, data_set: ExportedDataSet) -> str:
        number = self._next(data_set.name)
        self._operations[number] = data_set
        return number

    def poll(self, operation: str) -> tuple[ExportedDataSet, int]:
        """The export, and how often it was asked after."""
        self._polls[operation] += 1
        return self._operations[operation], self._polls[operation]

    def is_first(self, data_set: ExportedDataSet) -> bool:
        """Whether nobody has seen a manifest of it yet."""
        return data_set not in self._served

    def served(self, data_set: ExportedDataSet) -> None:
        self._served.add(data_set)

    def note(self, request: str, request_id: str) -> None:
        with self._lock:
            self.asked[request].append(request_id)

    def _next(self, word: str) -> str:
        with self._lock:
            self._number += 1
            return f"{word}-{self._number}"
