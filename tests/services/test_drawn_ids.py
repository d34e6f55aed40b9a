"""Ids are drawn at random; one that a row bears already is drawn anew, and nobody notices."""

import os
import struct
from types import SimpleNamespace

import pytest

from rebill.model.party import Caller
from rebill.services.acting.installation import Installation
from tests.services.steps import assign, customer, listed, stands


def draw_first(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> list[int]:
    """Let the machine's random source give these numbers first, as those of a draw of its own each; what is left."""
    left = list(numbers)

    def urandom(length: int) -> bytes:
        return struct.pack("Q", left.pop(0)) if left and length == 8 else os.urandom(length)

    monkeypatch.setattr("rebill.store.identity.os", SimpleNamespace(urandom=urandom))
    return left


def test_an_assignment_whose_id_another_bears_is_stored_under_a_fresh_one(
    installation: Installation, partner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(installation, partner, "ab123", "cd456")
    customer_id = customer(installation, partner, "Azure Two")
    left = draw_first(monkeypatch, 7, 7)
    assert assign(installation, partner, customer_id, "ab123") == ["ab123: done [..., ...)"]
    assert left == [7]
    assert assign(installation, partner, customer_id, "cd456") == ["cd456: done [..., ...)"]
    assert left == []
    assert stands(installation, partner) == ["ab123: Azure Two [..., ...)", "cd456: Azure Two [..., ...)"]


def test_a_customer_whose_id_another_bears_is_created_under_a_fresh_one(
    installation: Installation, partner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = draw_first(monkeypatch, 7, 7)
    first = customer(installation, partner, "Azure Two")
    assert left == [7]
    second = customer(installation, partner, "Rival")
    assert left == [] and second != first
