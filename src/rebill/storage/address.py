"""Places by a path of this machine, or by an address such as ``az://container/folder``.

Addresses are read by fsspec; Azure's by adlfs, with what the environment says of the account: a connection string,
an account's key, a signature, an application of the tenant, or the identity of the machine. No secret stands in an
address, and none in what is said of a fault.
"""

import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

_ADDRESS: Final = re.compile(r"([a-z][a-z0-9+.-]*)://.+")
_AZURE: Final = ("az", "abfs", "abfss")
# What stands alone before an @ is here a name or a container; elsewhere it may be a token, as of GitHub's.
_NAMED_BEFORE_AT: Final = (*_AZURE, "ftp", "sftp", "ssh", "smb", "hdfs", "file", "local")
# One slash is a slip of who means an address; one letter before it is a drive.
_LINK: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/{1,2}(?!/)([^/]*)(.*)", re.DOTALL)
_NO_PORT: Final = re.compile(r"[^:]*:(?!\d*$)[^:]+")
_PLAIN_USER: Final = re.compile(r"((?:[a-z]+::)?[A-Za-z][A-Za-z0-9+.-]+:/{1,2})[^/?#@]*@([^?#@]*)(?:[?#][^@]*)?")


def is_address(text: str) -> bool:
    """Whether this names a place by a protocol, and not by a path of this machine."""
    return _ADDRESS.fullmatch(text) is not None


def is_azure(address: str) -> bool:
    """Whether this is an address of a storage account of Azure's."""
    return address.partition("://")[0] in _AZURE


def address_fault(text: str) -> str:
    """What to do about an address that bears a secret; ``""`` where it bears none."""
    if _bears_password(text):
        return (
            "an address bears no password and no token; put them into the environment, such as FSSPEC_FTP_PASSWORD "
            "(docs/exports.md)."
        )
    if "://" in text and "?" in text:
        return "an address bears no signature; put it into AZURE_STORAGE_SAS_TOKEN."
    return ""


def shown_address(text: str) -> str:
    """A path as it is, and an address without the secrets that it should not bear: ``ftp://…@host/folder``."""
    if not _bears_password(text):
        return text.partition("?")[0] if "://" in text else text
    found = _PLAIN_USER.fullmatch(text)
    # A password may hold any character: where it is not plain where it ends, nothing more is shown.
    return f"{found[1]}…@{found[2]}" if found else f"{text.partition(':/')[0]}://…"


def _bears_password(text: str) -> bool:
    links = (_LINK.match(link) for link in text.split("::"))
    return any(_has_password(*found.groups()) for found in links if found)


def _has_password(protocol: str, authority: str, rest: str) -> bool:
    user, mark, _ = authority.rpartition("@")
    if mark:
        return ":" in unquote(user) or protocol.lower() not in _NAMED_BEFORE_AT
    return "@" in rest and _NO_PORT.fullmatch(authority) is not None


def file_system(address: str, connection_string_file: Path | None) -> tuple[Any, str]:
    """What fsspec has for an address: the file system, and the path in it. Raises what the storage raises.

    ``connection_string_file`` holds the secret of a storage account of Azure's, where the environment does not.
    """
    # Half a second that only those who name an address wait.
    from fsspec.core import url_to_fs

    options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
    if is_azure(address):
        options["anon"] = False
        if connection_string_file is not None:
            options["connection_string"] = connection_string_file.read_text(encoding="utf-8").strip()
    system, root = url_to_fs(address, **options)
    return system, str(root)


def told(error: BaseException) -> str:
    """What may be said of an error of a storage: its text may hold a signed link, so only its name and codes are."""
    codes = [str(found) for name in ("status_code", "error_code") if (found := getattr(error, name, None))]
    return " ".join([type(error).__name__, *codes])
