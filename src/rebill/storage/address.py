"""Places by a path of this machine, or by an address such as ``az://container/folder``.

Addresses are read by fsspec; Azure's by adlfs, with what the environment says of the account: a connection string,
an account's key, a signature, an application of the tenant, or the identity of the machine. No secret stands in an
address, and none in what is said of a fault.
"""

import re
from pathlib import Path
from typing import Any, Final

_ADDRESS: Final = re.compile(r"([a-z][a-z0-9+.-]*)://.+")
_AZURE: Final = ("az", "abfs", "abfss")


def is_address(text: str) -> bool:
    """Whether this names a place by a protocol, and not by a path of this machine."""
    return _ADDRESS.fullmatch(text) is not None


def is_azure(address: str) -> bool:
    """Whether this is an address of a storage account of Azure's."""
    return address.partition("://")[0] in _AZURE


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
