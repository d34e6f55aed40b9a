"""A real nginx in front of rebill, as docs/production.md sets it up."""

import re
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from rebill.cli.listening import listening_socket
from rebill.twin.certificates import CertificateFiles, write_certificates
from tests.debian import program

_GUIDE = Path(__file__).parents[2] / "docs" / "production.md"
_PATIENCE_SECONDS = 30
_AROUND = """
daemon off;
pid nginx.pid;
error_log error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{}
}}
"""


def _program() -> str:
    nginx = program("nginx", "nginx-light")
    if nginx is None:
        raise RuntimeError("nginx is needed to test docs/production.md. Install it, on Debian: apt-get install nginx.")
    return nginx


def _configuration(address: str, port: int, certificates: CertificateFiles) -> str:
    """The guide's own, with this machine's addresses and files in their places."""
    found = re.search(r"```nginx\n(.*?)```", _GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None, "docs/production.md shows how nginx is set up"
    here = {
        "127.0.0.1:8080;\n    keepalive": f"{urlsplit(address).netloc};\n    keepalive",
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/ssl/certs/billing.example.com.pem": str(certificates.certificate),
        "/etc/ssl/private/billing.example.com.key": str(certificates.key),
    }
    text = found[1]
    for shown, own in here.items():
        assert text.count(shown) == 1, shown
        text = text.replace(shown, own)
    return _AROUND.format(text)


@contextmanager
def behind_nginx(address: str, folder: Path) -> Iterator[httpx.Client]:
    """A client of an nginx that stands before ``address``, over TLS; it trusts this nginx's authority alone."""
    program = _program()
    certificates = write_certificates(folder)
    with listening_socket("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    (folder / "nginx.conf").write_text(_configuration(address, port, certificates), encoding="utf-8")
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    try:
        url = f"https://127.0.0.1:{port}"
        trusted = ssl.create_default_context(cafile=certificates.authority)
        with httpx.Client(base_url=url, verify=trusted, timeout=_PATIENCE_SECONDS) as client:
            _await(process, client)
            yield client
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)


def _await(process: "subprocess.Popen[bytes]", client: httpx.Client) -> None:
    patience_ends = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            client.get("/healthz")
        except httpx.TransportError as error:
            if process.poll() is not None or time.monotonic() > patience_ends:
                raise RuntimeError("nginx did not start: it says why above") from error
            time.sleep(0.05)
        else:
            return
