"""Documents are written into a storage account: a real blob server, whole or not at all, and no secret told."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from rebill.model.document_delivery import DeliveryState, DocumentDelivery
from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from rebill.services.delivering.deliver_documents import DeliveryOrder, deliver_documents
from rebill.settings import DeliverySettings
from tests.blob_server import BlobServer
from tests.services.deliveries import issued


def sender_of(installation: Installation, tmp_path: Path, container: str, connection_string: str) -> Installation:
    """An installation that delivers to a container, with what the secret says of the account."""
    secret = tmp_path / "connection"
    secret.write_text(connection_string)
    delivery = DeliverySettings(folder=f"az://{container}/bills")
    settings = replace(installation.settings, delivery=delivery, storage_connection_string_file=secret)
    return replace(installation, settings=settings)


def deliver(sender: Installation, partner: Caller) -> DocumentDelivery:
    (found,) = deliver_documents(sender, partner, DeliveryOrder())
    return found


def test_documents_are_written_below_the_address_once(
    installation: Installation, partner: Caller, tmp_path: Path, blob_server: BlobServer, empty_container: str
) -> None:
    issued(installation, partner, tmp_path)
    sender = sender_of(installation, tmp_path, empty_container, blob_server.connection_string)
    done = deliver(sender, partner)
    assert (done.state, done.attempts, done.target) == (DeliveryState.DELIVERED, 1, "indigo/bills")
    written = blob_server.blobs(empty_container)
    assert sorted(name.partition(".")[2] for name in written) == ["csv", "focus.parquet", "pdf"]
    assert {name.rpartition("/")[0] for name in written} == {"bills/indigo/bills"}
    assert deliver(sender, partner) == done
    assert blob_server.blobs(empty_container) == written


def test_a_wrong_key_is_told_without_it_and_nothing_is_written(
    installation: Installation, partner: Caller, tmp_path: Path, blob_server: BlobServer, empty_container: str
) -> None:
    issued(installation, partner, tmp_path)
    wrong = base64.b64encode(b"another key, of the same length!").decode()
    with_wrong = blob_server.connection_string.replace(blob_server.key, wrong)
    failed = deliver(sender_of(installation, tmp_path, empty_container, with_wrong), partner)
    assert (failed.state, failed.attempts) == (DeliveryState.FAILED, 1)
    assert failed.fault.startswith("indigo/bills cannot be written to (HttpResponseError 403 ")
    assert wrong not in failed.fault
    assert blob_server.blobs(empty_container) == {}
    done = deliver(sender_of(installation, tmp_path, empty_container, blob_server.connection_string), partner)
    assert (done.state, len(blob_server.blobs(empty_container))) == (DeliveryState.DELIVERED, 3)


def test_a_container_that_is_not_there_is_told(
    installation: Installation, partner: Caller, tmp_path: Path, blob_server: BlobServer
) -> None:
    issued(installation, partner, tmp_path)
    failed = deliver(sender_of(installation, tmp_path, "none-such", blob_server.connection_string), partner)
    assert (failed.state, failed.fault) == (
        DeliveryState.FAILED,
        "indigo/bills cannot be written to (FileNotFoundError)",
    )


def test_an_upload_that_breaks_off_leaves_no_half_file_and_the_next_completes(
    installation: Installation, partner: Caller, tmp_path: Path, blob_server: BlobServer, empty_container: str
) -> None:
    issued(installation, partner, tmp_path)
    port = int(blob_server.connection_string.rpartition("http://127.0.0.1:")[2].partition("/")[0])
    with breaking_off(port, after=12_000) as broken:
        through = blob_server.connection_string.replace(f":{port}/", f":{broken}/")
        failed = deliver(sender_of(installation, tmp_path, empty_container, through), partner)
    assert failed.state is DeliveryState.FAILED
    assert not [name for name in blob_server.blobs(empty_container) if name.endswith(".pdf")]
    done = deliver(sender_of(installation, tmp_path, empty_container, blob_server.connection_string), partner)
    assert done.state is DeliveryState.DELIVERED
    (pdf,) = [content for name, (_, content) in blob_server.blobs(empty_container).items() if name.endswith(".pdf")]
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")


@contextmanager
def breaking_off(port: int, after: int) -> Iterator[int]:
    """A way to the server at ``port`` on which every connection ends after it sent so many bytes; its own port."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def carry(source: socket.socket, target: socket.socket, greatest: int | None) -> None:
        carried = 0
        try:
            while (greatest is None or carried < greatest) and (block := source.recv(4096)):
                carried += len(block)
                target.sendall(block)
        except OSError:
            pass
        for one in (source, target):
            one.close()

    def accept() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", port))
            for one in ((near, far, after), (far, near, None)):
                threads.append(threading.Thread(target=carry, args=one, daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    with closing(listener):
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
    accepting.join()
