"""A real blob server for the tests: Azurite, Microsoft's own, on a port of this machine with an account of its own."""

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from azure.storage.blob import BlobServiceClient

_PROGRAM = Path(".venv/blob-storage/node_modules/azurite/dist/src/blob/main.js")
_ACCOUNT = "costs"
_LISTENS = re.compile(r"successfully listens on (http://\S+)")
_ADVICE = "Azurite is needed to test, and node to run it: `make .venv/blob-storage.stamp` installs it."


@dataclass(frozen=True)
class BlobServer:
    """A running server: its account's ``key``, and the ``connection_string`` that names both."""

    key: str
    connection_string: str

    @property
    def endpoint(self) -> tuple[str, int]:
        """The host and port that it listens on."""
        found = urlsplit(self.connection_string.partition("BlobEndpoint=")[2])
        return found.hostname or "", found.port or 0

    def put(self, container: str, folder: Path) -> None:
        """Copy every file below ``folder`` into a container, made where there is none."""
        with BlobServiceClient.from_connection_string(self.connection_string) as service:
            client = service.get_container_client(container)
            if not client.exists():
                client.create_container()
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    client.upload_blob(file.relative_to(folder).as_posix(), file.read_bytes(), overwrite=True)

    def blobs(self, container: str) -> dict[str, tuple[str, bytes]]:
        """Every blob of a container: the version of its last change, and what it holds."""
        with BlobServiceClient.from_connection_string(self.connection_string) as service:
            client = service.get_container_client(container)
            return {blob.name: (blob.etag, client.download_blob(blob.name).readall()) for blob in client.list_blobs()}

    def make(self, container: str) -> None:
        """Make an empty container."""
        with BlobServiceClient.from_connection_string(self.connection_string) as service:
            service.create_container(container)

    def delete(self, container: str, name: str) -> None:
        """Delete a blob."""
        with BlobServiceClient.from_connection_string(self.connection_string) as service:
            service.get_blob_client(container, name).delete_blob()


@contextmanager
def running_blob_server() -> Iterator[BlobServer]:
    """A server that keeps what it stores in memory, until the block ends."""
    node = shutil.which("node")
    if node is None or not _PROGRAM.is_file():
        raise SystemExit(_ADVICE)
    key = base64.b64encode(os.urandom(32)).decode()
    options = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--silent"]
    process = subprocess.Popen(
        # The program itself and not npx, which would leave it behind when it is stopped.
        [node, str(_PROGRAM), *options, "--disableTelemetry", "--skipApiVersionCheck"],
        env={**os.environ, "AZURITE_ACCOUNTS": f"{_ACCOUNT}:{key}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        endpoint = f"{_address(process)}/{_ACCOUNT}"
        parts = ("DefaultEndpointsProtocol=http", f"AccountName={_ACCOUNT}", f"AccountKey={key}")
        yield BlobServer(key, ";".join((*parts, f"BlobEndpoint={endpoint};")))
    finally:
        process.terminate()
        process.communicate()


def _address(process: "subprocess.Popen[str]") -> str:
    said: list[str] = []
    for line in process.stdout or ():
        said.append(line)
        found = _LISTENS.search(line)
        if found:
            return found[1]
    raise SystemExit(f"Azurite did not start:\n{''.join(said)}")
