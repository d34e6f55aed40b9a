"""Acts in processes of their own, done to the end or killed at a moment."""

import os
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from rebill.model.errors import Conflict
from rebill.services.acting.installation import Installation
from rebill.store.database import Database
from tests.services.accountant import Accountant

Deed = Callable[[Accountant], object]
NOTHING_LEFT: Final = ("nothing_to_finalize", "nothing_to_correct", "voided_already")
"""Refusals of an act that a killed process had done already."""


def done(accountant: Accountant, deed: Deed) -> float:
    """Do something to the end; how many seconds it took. Fails where it fails."""
    begun = time.perf_counter()
    _, status = os.waitpid(_begun(accountant, deed), 0)
    assert status == 0, "an act failed; its trace stands above"
    return time.perf_counter() - begun


def killed(accountant: Accountant, deed: Deed, seconds: float) -> bool:
    """Begin something and kill it after so many seconds; whether it was still at work."""
    process = _begun(accountant, deed)
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status) or status == 0, "an act failed before it was killed; its trace stands above"
    return os.WIFSIGNALED(status)


def _begun(accountant: Accountant, deed: Deed) -> int:
    # No connection and no thread may be shared with the child; this process never opens an engine.
    accountant.installation.database.close()
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        settings = accountant.installation.settings
        own = Installation(settings, Database(settings.database_url), accountant.installation.clock)
        deed(replace(accountant, installation=own))
        code = 0
    except Conflict as refused:
        code = 0 if refused.code in NOTHING_LEFT else 1
        if code:
            traceback.print_exc()
    except BaseException:  # noqa: BLE001  # The process ends here, whatever happened; the parent sees the code.
        traceback.print_exc()
    os._exit(code)
