"""How the twin tells who signs in: by a secret, by a certificate, or as a machine or a pod of its cloud."""

import base64
import datetime
from collections.abc import Mapping
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

CLIENT_ID: Final = "22222222-aaaa-4bbb-8ccc-000000000002"
CLIENT_SECRET: Final = "twin-secret-that-must-never-be-seen"
REFRESH_TOKEN: Final = "twin-refresh-token-that-must-never-be-seen"
FEDERATED_TOKEN: Final = "twin-federated-token-that-must-never-be-seen"
"""What a cluster gives a pod to sign in by."""
IDENTITY_HEADER: Final = "twin-header-that-must-never-be-seen"
METADATA: Final = "/metadata/identity/oauth2/token"
_BY_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHMS: Final = ["PS256", "RS256"]
_GREATEST_AGE_SECONDS: Final = 3600


def refusal_of(form: Mapping[str, str], endpoint: str, certificate: x509.Certificate | None) -> str | None:
    """Why who sent ``form`` to ``endpoint`` is not let in, in Entra's words; ``None`` where it is.

    ``certificate``: the application's, where it has one.
    """
    if form.get("client_id") != CLIENT_ID:
        return "AADSTS700016: Application was not found in the directory."
    if form.get("client_assertion_type") == _BY_ASSERTION:
        if form.get("client_assertion") == FEDERATED_TOKEN:
            return None
        return _assertion_refusal(form.get("client_assertion", ""), endpoint, certificate)
    is_refreshed = form.get("grant_type") != "refresh_token" or form.get("refresh_token") == REFRESH_TOKEN
    if form.get("client_secret") != CLIENT_SECRET or not is_refreshed:
        return "AADSTS7000215: Invalid client secret provided."
    return None


def machine_refusal_of(path: str, headers: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, object] | None:
    """Why a machine that asks for a token at ``path`` gets none, as the body of the answer; ``None`` where it does.

    App Service knows its machines by a header that it gives them, the metadata service of virtual machines by where
    they are: it wants another header, which nobody sends unknowingly.
    """
    is_metadata = path.startswith(METADATA)
    if is_metadata:
        is_known = headers.get("Metadata") == "true" and "X-Forwarded-For" not in headers
    else:
        is_known = headers.get("X-IDENTITY-HEADER") == IDENTITY_HEADER
    wanted = "2018-02-01" if is_metadata else "2019-08-01"
    if not is_known:
        reason = "Required metadata header not specified"
    elif asked.get("api-version") != wanted or not asked.get("resource"):
        reason = "Required parameter missing, or of no version that there is"
    elif asked.get("client_id", CLIENT_ID) != CLIENT_ID:
        reason = "Identity not found"
    else:
        return None
    if is_metadata:
        return {"error": "invalid_request", "error_description": reason}
    return {"statusCode": 400, "message": reason}


def _assertion_refusal(assertion: str, endpoint: str, certificate: x509.Certificate | None) -> str | None:
    """A signed assertion must be by the application's certificate, of itself, for this endpoint and of now."""
    if certificate is None:
        return "AADSTS700027: The certificate is not registered on application."
    key = RSAKey.import_key(
        certificate.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    try:
        token = jwt.decode(assertion, key, algorithms=_ALGORITHMS)
    except (JoseError, ValueError):
        return "AADSTS700027: The certificate with identifier used to sign the client assertion is not registered."
    # Libraries name the certificate by either digest.
    named = {name: token.header[name] for name in ("x5t", "x5t#S256") if name in token.header}
    own = {"x5t": _thumbprint(certificate, hashes.SHA1()), "x5t#S256": _thumbprint(certificate, hashes.SHA256())}
    if not named or any(own[name] != str(value).rstrip("=") for name, value in named.items()):
        return "AADSTS700027: The thumbprint of the client assertion is of another certificate."
    claims, now = token.claims, seconds_now()
    is_own = claims.get("iss") == claims.get("sub") == CLIENT_ID
    is_of_now = now < int(claims.get("exp", 0)) <= now + _GREATEST_AGE_SECONDS
    if not is_own or not is_of_now or claims.get("aud") != endpoint:
        return "AADSTS700023: Client assertion audience, issuer or time claim is invalid."
    return None


def seconds_now() -> int:
    """The time of this machine, as tokens tell it: what signs in lives by that, and not by any installation's clock."""
    return int(datetime.datetime.now(datetime.UTC).timestamp())


def _thumbprint(certificate: x509.Certificate, digest: hashes.HashAlgorithm) -> str:
    return base64.urlsafe_b64encode(certificate.fingerprint(digest)).rstrip(b"=").decode()
