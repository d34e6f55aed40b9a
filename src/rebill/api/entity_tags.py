"""``ETag`` and ``If-None-Match``: who has the answer already is told so, and is sent no body."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace

from rebill.api.answers import NOT_MODIFIED, Answer
from rebill.model.party import Caller

_ENTITY_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_TAG_LENGTH = 32


def revalidated(answer: Answer, caller: Caller, if_none_match: Sequence[str]) -> Answer:
    """``answer`` (a success) with its entity tag; without its body where ``if_none_match`` has the tag.

    The tag is weak: it names what is said and to whom, not the bytes, which may be compressed. It covers the headers
    too: a page of a list says how long the list is. Callers who see different things never have a tag in common.
    """
    tag = _entity_tag(answer, caller)
    vary = ", ".join(["Authorization", *filter(None, [answer.headers.get("Vary")])])
    tagged = replace(answer, headers={**answer.headers, "ETag": f'W/"{tag}"', "Vary": vary})
    if _names(if_none_match, tag):
        # What compresses adds its word to bodies only; it holds for the body that is left out here.
        headers = {**tagged.headers, "Vary": f"{vary}, Accept-Encoding"}
        return replace(tagged, status=NOT_MODIFIED, body=b"", headers=headers)
    return tagged


def _entity_tag(answer: Answer, caller: Caller) -> str:
    view = [caller.partner_id, caller.customer_id, caller.role, answer.media_type, sorted(answer.headers.items())]
    digest = hashlib.sha256(json.dumps(view).encode())
    digest.update(answer.body)
    return digest.hexdigest()[:_TAG_LENGTH]


def _names(if_none_match: Sequence[str], tag: str) -> bool:
    """Whether the header names ``tag``, by the weak comparison of RFC 9110 (13.1.2); ``*`` names every one."""
    text = ",".join(if_none_match).strip()
    return text == "*" or tag in _ENTITY_TAG.findall(text)
