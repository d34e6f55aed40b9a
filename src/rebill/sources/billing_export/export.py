"""One export of Graph's partner billing: submitted, polled until its body says that it is done, fetched blob by blob.

A version of the data is fetched whole or not at all: when its eTag has changed by the time that the last blob has come,
everything is fetched again. Blobs that came whole are not fetched twice, also not after a stop.
"""

import base64
import binascii
import gzip
import hashlib
import re
import shutil
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rebill.model.data_set import VIEW_INVOICE, VIEW_USAGE
from rebill.model.errors import Invalid, Unavailable
from rebill.sources.cost_files import GREATEST_UNPACKED_RATIO
from rebill.sources.microsoft.calls import FileTooLarge, LinkExpired, MicrosoftCalls

_BILLING: Final = "/v1.0/reports/partners/billing"
_KINDS: Final = {VIEW_USAGE: "usage", VIEW_INVOICE: "reconciliation"}
_NO_DATA_CODE: Final = "5000"
_GREATEST_VERSION_CHANGES: Final = 5
_GREATEST_LINK_RENEWALS: Final = 20
_GREATEST_BLOB_COUNT: Final = 10_000
_DAMAGED_AT_MOST: Final = 8
_POLLS: Final = 240
_POLL_SECONDS: Final = 10.0
_BLOB_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")
_CHUNK_BYTES: Final = 1 << 20
_MEGABYTE: Final = 10**6


@dataclass(frozen=True)
class ExportOrder:
    """What is asked for: a ``view`` of an invoice, or what is not billed yet of a month (``current`` or ``last``)."""

    view: str
    invoice_id: str = ""
    currency: str = ""
    period: str = ""

    @property
    def address(self) -> str:
        """Where the export is submitted."""
        return f"{_BILLING}/{_KINDS[self.view]}/{'billed' if self.invoice_id else 'unbilled'}/export"

    @property
    def body(self) -> dict[str, str]:
        """What is submitted. All attributes: credit, meters and tags are only among those."""
        if self.invoice_id:
            return {"invoiceId": self.invoice_id, "attributeSet": "full"}
        return {"currencyCode": self.currency, "billingPeriod": self.period, "attributeSet": "full"}


@dataclass(frozen=True)
class Manifest:
    """What an export consists of. ``link``: where the manifest itself lies; ``signature`` goes behind each blob."""

    link: str
    etag: str
    created_at: str
    root: str
    signature: str
    blobs: tuple[str, ...]

    @property
    def version(self) -> str:
        """How new the data is, as text that sorts; its last word is the eTag."""
        return f"{self.created_at} {self.etag}"


@dataclass(frozen=True)
class BlobFile:
    """A blob as it was fetched, whole. ``is_empty``: it holds no row, as some parts do."""

    path: Path
    name: str
    is_empty: bool


def submit(calls: MicrosoftCalls, order: ExportOrder, wait: Callable[[float], None] = time.sleep) -> Manifest | None:
    """Ask for an export and wait for it; ``None`` when Microsoft has no data for it.

    Raises ``Unavailable`` when it does not get done, and ``Invalid`` when Microsoft says that it failed.
    """
    answer = calls.graph("POST", order.address, order.body)
    operation = answer.headers.get("location")
    if not operation:
        raise Invalid("microsoft_answer_invalid", "Microsoft took an export in and did not say where to look for it.")
    for _ in range(_POLLS):
        found = calls.graph("GET", operation)
        document = found.document if isinstance(found.document, dict) else {}
        status = document.get("status")
        if status == "succeeded":
            return _manifest_of(calls, document)
        if status == "failed":
            _refuse_failure(document)
            return None
        seconds = found.retry_after_seconds
        wait(_POLL_SECONDS if seconds is None else seconds)
    raise Unavailable("microsoft_unavailable", "Microsoft's export does not get done; sync again in a while.")


def fetch(calls: MicrosoftCalls, manifest: Manifest, folder: Path) -> tuple[Manifest, list[BlobFile]]:
    """Every blob of the newest version of the data, fetched into ``folder``; and the manifest that they belong to.

    Raises ``Unavailable`` when versions change faster than they can be fetched, or blobs stay damaged, and ``Invalid``
    when the files have more bytes than the settings allow: nothing of them is left then.
    """
    for _ in range(_GREATEST_VERSION_CHANGES):
        try:
            manifest, files = _fetch_version(calls, manifest, folder)
        except FileTooLarge:
            shutil.rmtree(folder)
            raise _too_large(calls.settings.greatest_delivery_megabytes) from None
        now = _manifest(calls, manifest.link)
        if now.etag == manifest.etag:
            return now, files
        manifest = now
    raise Unavailable("microsoft_unavailable", "Microsoft's data changes while it is fetched; sync again in a while.")


def _too_large(megabytes: int) -> Invalid:
    return Invalid(
        "delivery_too_large",
        f"The files of this delivery have more than {megabytes:,} megabytes: nothing of it was taken in. Where so much "
        "is meant, allow it by REBILL_MICROSOFT_GREATEST_DELIVERY_MEGABYTES.",
    )


def _refuse_failure(document: Mapping[str, Any]) -> None:
    """Raise unless the failure only says that there is no data."""
    error = document.get("error")
    found = error if isinstance(error, dict) else {}
    if str(found.get("code")) == _NO_DATA_CODE:
        return
    said = " ".join(str(found.get("message", "no reason was given")).split())[:300]
    raise Invalid("microsoft_export_failed", f"Microsoft's export failed: {said} (code {found.get('code')}).")


def _manifest_of(calls: MicrosoftCalls, operation: Mapping[str, Any]) -> Manifest:
    """The manifest that an operation names; where it stands in the operation itself, its id says where it lies."""
    link = operation.get("resourceLocation@odata.navigationLink")
    inline = operation.get("resourceLocation")
    if not link and isinstance(inline, dict) and inline.get("id"):
        link = f"{_BILLING}/manifests/{inline['id']}"
    if not isinstance(link, str):
        raise Invalid("microsoft_answer_invalid", "Microsoft's export is done and names no manifest.")
    return _manifest(calls, link)


def _manifest(calls: MicrosoftCalls, link: str) -> Manifest:
    found = calls.graph("GET", link).document
    document = found if isinstance(found, dict) else {}
    listed = document.get("blobs")
    names = [one.get("name") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    blobs = tuple(dict.fromkeys(name for name in names if isinstance(name, str)))
    texts = [str(document.get(name) or "") for name in ("eTag", "createdDateTime", "rootDirectory", "sasToken")]
    is_whole = all(texts) and blobs and document.get("blobCount", len(blobs)) == len(blobs) <= _GREATEST_BLOB_COUNT
    if not is_whole or not all(_BLOB_NAME.fullmatch(name) for name in blobs):
        raise Invalid("microsoft_answer_invalid", "Microsoft's manifest of an export is not whole; sync again.")
    etag, created_at, root, signature = texts
    return Manifest(link, etag.replace(" ", ""), created_at, root.rstrip("/"), signature.lstrip("?"), blobs)


def _fetch_version(calls: MicrosoftCalls, manifest: Manifest, folder: Path) -> tuple[Manifest, list[BlobFile]]:
    """The blobs of one version. Where a link has expired, a fresh manifest signs anew; a newer version begins anew."""
    renewals = 0
    files: list[BlobFile] = []
    left = greatest_bytes = calls.settings.greatest_delivery_megabytes * _MEGABYTE
    while len(files) < len(manifest.blobs):
        try:
            files.append(_blob(calls, manifest, manifest.blobs[len(files)], folder, left))
            left -= files[-1].path.stat().st_size
        except LinkExpired:
            renewals += 1
            if renewals > _GREATEST_LINK_RENEWALS:
                raise Unavailable(
                    "microsoft_unavailable", "Microsoft's links to files are refused however fresh; sync again later."
                ) from None
            renewed = _manifest(calls, manifest.link)
            if renewed.etag != manifest.etag:
                files, left = [], greatest_bytes
            manifest = renewed
    return manifest, files


def _blob(calls: MicrosoftCalls, manifest: Manifest, name: str, folder: Path, greatest_bytes: int) -> BlobFile:
    version = folder / hashlib.sha256(manifest.etag.encode()).hexdigest()[:16]
    version.mkdir(parents=True, exist_ok=True)
    final, coming = version / name, version / f"{name}.coming"
    for _ in range(_DAMAGED_AT_MOST):
        if final.exists():
            return BlobFile(final, name, _has_no_row(final))
        headers = calls.download(f"{manifest.root}/{name}?{manifest.signature}", coming, greatest_bytes)
        if _is_whole(coming, headers):
            coming.rename(final)
    raise Unavailable("microsoft_unavailable", f"Microsoft's file {name} stays damaged; sync again in a while.")


def _is_whole(file: Path, headers: Mapping[str, str]) -> bool:
    """Whether a gzip file can be unpacked to its end, and has the checksum that came with it, if one did."""
    digest = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    if not _matches(headers.get("content-md5", ""), digest.digest()):
        return False
    unpacked, greatest = 0, max(2**28, file.stat().st_size * GREATEST_UNPACKED_RATIO)
    try:
        with gzip.open(file, "rb") as packed:
            while chunk := packed.read(_CHUNK_BYTES):
                unpacked += len(chunk)
                if unpacked > greatest:
                    # What reads it next refuses it by name.
                    return True
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return False
    return True


def _matches(told: str, found: bytes) -> bool:
    if not told:
        return True
    try:
        return base64.b64decode(told, validate=True) == found
    except binascii.Error:
        return False


def _has_no_row(file: Path) -> bool:
    with gzip.open(file, "rb") as packed:
        return not packed.read(_CHUNK_BYTES).strip()
