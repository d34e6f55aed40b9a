"""Every way of signing in, against a sign-in service that looks at what it is sent."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
from azure.identity._credentials import imds
from cryptography.hazmat.primitives import serialization

from rebill.model.errors import Forbidden, Invalid, Unavailable
from rebill.settings import MicrosoftSettings
from rebill.sources.microsoft.calls import PARTNER_CENTER, MicrosoftCalls
from rebill.sources.microsoft.passing import Passing
from rebill.sources.microsoft.sign_in import SignIn
from rebill.twin.certificates import write_application_certificate
from rebill.twin.faults import Fault, Faults
from rebill.twin.server import RunningTwin, running_twin
from rebill.twin.world import TwinWorld

SMALL = TwinWorld(customer_count=1, days=1)
CLOUDS = ("environment_of_app_service", "environment_of_virtual_machine")
OF_CLOUD = (
    *("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_POD_IDENTITY_AUTHORITY_HOST"),
    *("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST"),
)


@pytest.fixture(scope="module")
def twin() -> Iterator[RunningTwin]:
    with running_twin(SMALL) as running, stamina.set_testing(True, attempts=8):
        yield running


def customers_listed(environment: dict[str, str]) -> int:
    """How many customers who signs in by these settings is told of."""
    with MicrosoftCalls(MicrosoftSettings.from_environment(environment)) as calls:
        return len(calls.partner_center("/v1/customers?size=40").document["items"])


def test_an_application_signs_in_by_its_certificate_alone(twin: RunningTwin) -> None:
    environment = twin.environment_with_certificate
    assert "REBILL_MICROSOFT_CLIENT_SECRET" not in environment
    assert customers_listed(environment) == 1


def test_another_certificate_is_refused_with_what_to_look_at(twin: RunningTwin, tmp_path: Path) -> None:
    write_application_certificate(tmp_path / "another.pem")
    another = {"REBILL_MICROSOFT_CERTIFICATE_FILE": str(tmp_path / "another.pem")}
    with pytest.raises(Forbidden) as refused:
        customers_listed({**twin.environment_with_certificate, **another})
    assert refused.value.code == "microsoft_sign_in_refused"
    assert "AADSTS700027" in refused.value.message
    assert "PRIVATE KEY" not in refused.value.message


@pytest.mark.parametrize("content", [b"", b"no certificate", None])
def test_a_certificate_that_cannot_be_read_is_refused_and_nothing_is_sent(
    twin: RunningTwin, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "broken.pem"
    if content is not None:
        file.write_bytes(content)
    broken = {"REBILL_MICROSOFT_CERTIFICATE_FILE": str(file)}
    with pytest.raises(Invalid) as refused:
        customers_listed({**twin.environment_with_certificate, **broken})
    assert (refused.value.code, str(file) in refused.value.message) == ("certificate_not_readable", True)


def test_a_certificate_whose_key_wants_a_password_is_refused_and_nothing_is_sent(
    twin: RunningTwin, tmp_path: Path
) -> None:
    file = tmp_path / "locked.pem"
    write_application_certificate(file)
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"password-that-must-never-be-seen")
    form = serialization.PrivateFormat.PKCS8
    certificate = file.read_text().partition("-----END PRIVATE KEY-----\n")[2]
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, locked) + certificate.encode())
    with pytest.raises(Invalid) as refused:
        customers_listed({**twin.environment_with_certificate, "REBILL_MICROSOFT_CERTIFICATE_FILE": str(file)})
    assert refused.value.code == "certificate_not_readable"
    assert "without a password" in refused.value.message


def on_machine(patch: pytest.MonkeyPatch, environment: dict[str, str]) -> dict[str, str]:
    """Have this process run where a cloud sets these variables; the settings of rebill's own among them."""
    for name in OF_CLOUD:
        patch.delenv(name, raising=False)
        if name in environment:
            patch.setenv(name, environment[name])
    return environment


@pytest.mark.parametrize("client_id", [None, ""], ids=["an identity assigned by hand", "the machine's own"])
@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_machine_signs_in_by_the_identity_that_its_cloud_gives_it(
    twin: RunningTwin, monkeypatch: pytest.MonkeyPatch, cloud: str, client_id: str | None
) -> None:
    environment = on_machine(monkeypatch, getattr(twin, cloud))
    assert "REBILL_MICROSOFT_CLIENT_SECRET" not in environment
    if client_id is not None:
        environment = {**environment, "REBILL_MICROSOFT_CLIENT_ID": client_id}
    assert customers_listed(environment) == 1


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_machine_that_has_not_the_identity_is_told_so_at_once(
    twin: RunningTwin, monkeypatch: pytest.MonkeyPatch, cloud: str
) -> None:
    environment = on_machine(monkeypatch, getattr(twin, cloud))
    with pytest.raises(Forbidden) as refused:
        customers_listed({**environment, "REBILL_MICROSOFT_CLIENT_ID": "33333333-aaaa-4bbb-8ccc-000000000003"})
    assert (refused.value.code, "Identity not found" in refused.value.message) == ("microsoft_sign_in_refused", True)


def test_a_pod_signs_in_by_the_token_that_its_cluster_gives_it(
    twin: RunningTwin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = on_machine(monkeypatch, twin.environment_of_kubernetes)
    assert not {"REBILL_MICROSOFT_CLIENT_SECRET", "REBILL_MICROSOFT_CLIENT_ID"} & environment.keys()
    assert customers_listed(environment) == 1
    other = tmp_path / "token"
    other.write_text("token-that-must-never-be-seen")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(other))
    with pytest.raises(Forbidden) as refused:
        customers_listed(environment)
    said = refused.value.message
    assert "AADSTS" in said and ". Look at the settings" in said and "must-never-be-seen" not in said


def test_a_machine_that_its_cloud_does_not_know_is_told_so_and_no_secret(
    twin: RunningTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"IDENTITY_HEADER": "wrong-header-that-must-never-be-seen"}
    with pytest.raises(Forbidden) as refused:
        customers_listed(on_machine(monkeypatch, {**twin.environment_of_app_service, **wrong}))
    assert refused.value.code == "microsoft_sign_in_refused"
    assert "must-never-be-seen" not in str(refused.value)


def test_a_machine_whose_metadata_service_does_not_answer_is_told_that_it_may_pass(
    twin: RunningTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setattr(imds, "PIPELINE_SETTINGS", {**imds.PIPELINE_SETTINGS, "retry_total": 0})
    environment = on_machine(
        monkeypatch, {**twin.environment_of_virtual_machine, "AZURE_POD_IDENTITY_AUTHORITY_HOST": nowhere}
    )
    with pytest.raises(Unavailable) as refused, stamina.set_testing(True, attempts=2):
        customers_listed(environment)
    assert refused.value.code == "microsoft_unavailable"


@pytest.mark.parametrize("way", ["environment", "environment_with_user", "environment_with_certificate"])
def test_a_tenant_that_does_not_exist_is_refused_at_once(twin: RunningTwin, way: str) -> None:
    before = twin.line.count
    with pytest.raises(Forbidden) as refused:
        customers_listed({**getattr(twin, way), "REBILL_MICROSOFT_TENANT_ID": "no-such-tenant.example"})
    assert refused.value.code == "microsoft_sign_in_refused"
    assert "no-such-tenant.example" in refused.value.message
    assert twin.line.count == before + 1


def test_a_sign_in_that_fails_for_a_while_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = Faults.all(5)
    with running_twin(SMALL, faults) as twin, stamina.set_testing(True, attempts=8):
        assert customers_listed(twin.environment_with_certificate) == 1
        for cloud in CLOUDS:
            assert customers_listed(on_machine(monkeypatch, getattr(twin, cloud))) == 1
    assert faults.suffered.keys() & {Fault.THROTTLED, Fault.SERVER_ERROR}


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.SERVER_ERROR])
@pytest.mark.parametrize("way", ["environment", "environment_with_user"])
def test_a_sign_in_that_is_told_to_come_back_later_does(way: str, fault: Fault) -> None:
    """With this seed the first sign-ins suffer the fault, and none after them."""
    faults = Faults((fault,), 5)
    with running_twin(SMALL, faults) as twin, stamina.set_testing(True, attempts=8):
        assert customers_listed(getattr(twin, way)) == 1
    assert faults.suffered[fault]


@pytest.mark.parametrize("seconds", [0, 57])
def test_a_user_is_told_how_long_the_sign_in_asks_to_wait(seconds: int) -> None:
    with running_twin(SMALL, Faults((Fault.THROTTLED,), 5, seconds)) as twin:
        sign_in = SignIn(MicrosoftSettings.from_environment(twin.environment_with_user))
        with pytest.raises(Passing) as passing:
            sign_in.token(PARTNER_CENTER)
        sign_in.close()
    assert (str(passing.value), passing.value.wait_seconds) == ("the sign-in answered 429", seconds)
