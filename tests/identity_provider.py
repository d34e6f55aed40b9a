"""A real identity provider for the tests: node's certified oidc-provider, on a port of this machine."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import httpx

CLIENT_ID = "rebill"
CLIENT_SECRET = "a secret: with + signs"
_FOLDER = Path(".venv/identity-provider")
_LISTENS = re.compile(r"listens on (http://\S+)")
_FIELD = re.compile(r'name="([^"]+)" value="([^"]*)"')
_ACTION = re.compile(r'action="([^"]+)"')
_ADVICE = "oidc-provider is needed to test, and node to run it: `make .venv/identity-provider.stamp` installs it."


@contextmanager
def running_identity_provider(redirect_url: str) -> Iterator[str]:
    """A provider whose one client comes back at ``redirect_url``; yields its issuer."""
    node = shutil.which("node")
    if node is None or not (_FOLDER / "node_modules/oidc-provider").is_dir():
        raise SystemExit(_ADVICE)
    # Node looks for packages beside the program.
    program = _FOLDER / "provider.mjs"
    shutil.copyfile(Path(__file__).with_suffix(".mjs"), program)
    process = subprocess.Popen(
        [node, str(program), redirect_url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield _address(process)
    finally:
        process.terminate()
        process.communicate()


def signed_in_there(address: str, name: str) -> str:
    """What a person does in the browser: follows ``address``, signs in as ``name``, agrees; the way back."""
    with httpx.Client(timeout=30) as browser:
        answer = browser.get(address)
        for _ in range(12):
            if answer.is_redirect:
                where = urljoin(str(answer.url), answer.headers["location"])
                if "code=" in where or "error=" in where:
                    return where
                answer = browser.get(where)
                continue
            page = answer.text
            fields = {key: unescape(value) for key, value in _FIELD.findall(page)}
            action = _ACTION.search(page)
            assert action is not None, page
            answer = browser.post(
                urljoin(str(answer.url), action[1]), data={**fields, "login": name, "password": "any"}
            )
    raise AssertionError("the provider never sent the browser back")


def _address(process: "subprocess.Popen[str]") -> str:
    said: list[str] = []
    for line in process.stdout or ():
        said.append(line)
        found = _LISTENS.search(line)
        if found:
            return found[1]
    raise SystemExit(f"The identity provider did not start:\n{''.join(said)}")
