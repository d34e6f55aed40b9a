"""What a request line asks for: a path, or a whole address, as who speaks to a proxy sends it."""

import re
from urllib.parse import unquote

from starlette.types import Scope

_BEFORE_PATH = re.compile(rb"https?://[^/]*", re.IGNORECASE)


def in_origin_form(scope: Scope) -> Scope:
    """``scope`` of an HTTP request with its path alone: of ``http://host/v1/customers`` what stands behind the host.

    RFC 9112 (3.2.2) has every server take the whole address, which is otherwise sent to proxies alone.
    """
    sent = scope.get("raw_path") or b""
    before = _BEFORE_PATH.match(sent)
    if before is None:
        return scope
    path = sent[before.end() :] or b"/"
    return {**scope, "raw_path": path, "path": unquote(path.decode("ascii"))}
