"""Signing in at Microsoft Entra: as the application alone, or as the application and a user who has consented."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, Final

from rebill.model.errors import Forbidden, Invalid
from rebill.settings import MicrosoftSettings, SignInWay
from rebill.sources.microsoft.passing import Passing, refuse_passing

if TYPE_CHECKING:
    import requests
    from azure.core.credentials import TokenCredential
    from azure.identity import CertificateCredential, ClientSecretCredential, ManagedIdentityCredential

    ClosableCredential = CertificateCredential | ClientSecretCredential | ManagedIdentityCredential

_BLOTTED: Final = "…"
_GREATEST_REASON: Final = 300
_CALL_SECONDS: Final = 60
_REFUSED: Final = re.compile(
    r"AADSTS|OIDC Discovery failed on \S+ HTTP status: 4(?!08|29)"
    r"|Token request error: \((invalid_|bad_request|unauthorized_client|access_denied|unknown_source)"
    r"(?!scope\) (None|429|5))"
)
"""In the words of a library: Entra's own refusals bear one of its numbers, those of a machine's metadata service one of
its codes; the library calls every answer of App Service ``invalid_scope``, with the status behind it. Where a tenant is
none, or the address of the sign-in no such service, the discovery before it is refused."""
_OWN_WORDS: Final = re.compile(r"AADSTS[^\"\\\r\n]*?(?='?(?:[\"\\\r\n]|$))")
"""Without the quotation mark that a library puts after them."""


class SignIn:
    """Tokens for Microsoft's services, kept in memory only.

    Secrets are read from the environment or their file when they are first needed, and blotted out of every sentence.
    """

    def __init__(self, settings: MicrosoftSettings) -> None:
        self._settings = settings
        self._secrets = settings.read_secrets()
        self._token_of: Callable[[str], str] | None = None
        self._close: Callable[[], None] = _nothing

    def token(self, resource: str, anew: bool = False) -> str:
        """A token for ``resource`` (``https://…``); ``anew``: not the one that was just refused.

        Raises ``Forbidden`` when Microsoft refuses the sign-in and ``Passing`` when it cannot be reached now.
        """
        if anew or self._token_of is None:
            self.close()
            self._token_of = self._signed_in()
        try:
            return self._token_of(f"{resource}/.default")
        except Passing:
            # The libraries keep a failure for a minute and answer it again; whoever tries again begins afresh.
            self.close()
            raise

    def close(self) -> None:
        """Forget the tokens and end the connections."""
        self._close()
        self._token_of, self._close = None, _nothing

    def blotted(self, text: str) -> str:
        """``text`` without any secret."""
        for secret in self._secrets.values():
            text = text.replace(secret, _BLOTTED)
        return text

    def refused(self, reason: str) -> Forbidden:
        """The sentence that Microsoft refused the sign-in."""
        return Forbidden(
            "microsoft_sign_in_refused",
            f"Microsoft refused the sign-in: {self.blotted(reason).splitlines()[0][:_GREATEST_REASON]} Look at the "
            "settings of the sign-in (docs/microsoft.md).",
        )

    def _signed_in(self) -> Callable[[str], str]:
        if self._settings.way is SignInWay.APPLICATION_AND_USER:
            return self._by_refresh_token()
        credential = self._credential()
        self._close = credential.close
        return self._by_credential(credential)

    def _by_credential(self, credential: TokenCredential) -> Callable[[str], str]:
        from azure.core.exceptions import AzureError, ClientAuthenticationError

        def token(scope: str) -> str:
            try:
                return credential.get_token(scope).token
            except ClientAuthenticationError as error:
                # It is raised for a broken connection, too.
                if _is_refusal(error):
                    raise self.refused(_reason(error)) from None
                raise _unreachable("no whole answer came") from None
            except AzureError as error:
                raise _unreachable(self.blotted(type(error).__name__)) from None
            except ValueError as error:
                raise self.refused(str(error)) from None

        return token

    def _credential(self) -> ClosableCredential:
        from azure.identity import CertificateCredential, ClientSecretCredential, ManagedIdentityCredential

        settings = self._settings
        trusted: dict[str, Any] = {"connection_verify": str(settings.certificates) if settings.certificates else True}
        if settings.way is SignInWay.MANAGED_IDENTITY:
            return ManagedIdentityCredential(client_id=settings.client_id or None, **trusted)
        shared: dict[str, Any] = {
            "authority": settings.authority,
            "disable_instance_discovery": settings.has_own_authority,
            **trusted,
        }
        if settings.way is SignInWay.CERTIFICATE:
            file = str(settings.certificate_file)
            try:
                return CertificateCredential(settings.tenant_id, settings.client_id, certificate_path=file, **shared)
            except (ValueError, TypeError, OSError) as error:
                # A key that wants a password is a TypeError.
                raise Invalid(
                    "certificate_not_readable",
                    f"{file} holds no certificate with its key that can be read ({type(error).__name__}): give a PEM "
                    "file of both, without a password (docs/microsoft.md).",
                ) from None
        return ClientSecretCredential(settings.tenant_id, settings.client_id, self._secrets["client_secret"], **shared)

    def _by_refresh_token(self) -> Callable[[str], str]:
        import requests
        from msal import ConfidentialClientApplication
        from msal.exceptions import MsalError

        settings = self._settings
        refresh_token = self._secrets["refresh_token"]
        session = requests.Session()
        self._close = session.close
        try:
            application = ConfidentialClientApplication(
                settings.client_id,
                client_credential=self._secrets["client_secret"],
                authority=f"{settings.authority}/{settings.tenant_id}",
                instance_discovery=False if settings.has_own_authority else None,
                http_client=_Bounded(session, str(settings.certificates) if settings.certificates else True),
            )
        except (ValueError, MsalError, requests.RequestException) as error:
            if _is_refusal(error):
                raise self.refused(_reason(error)) from None
            raise _unreachable(type(error).__name__) from None

        def token(scope: str) -> str:
            known = application.get_accounts()
            try:
                found = application.acquire_token_silent([scope], known[0]) if known else None
                answer = found or application.acquire_token_by_refresh_token(refresh_token, [scope])
            except (MsalError, requests.RequestException) as error:
                raise _unreachable(type(error).__name__) from None
            except JSONDecodeError:
                raise _unreachable("no whole answer came") from None
            if "access_token" not in answer:
                raise self.refused(str(answer.get("error_description") or answer.get("error") or "no token was given."))
            return str(answer["access_token"])

        return token


class _Bounded:
    """The session that MSAL calls by: no call of it waits for ever, or trusts others than it should.

    What passes is raised at once: MSAL takes 429 for an answer that gives no token, and forgets how long to wait.
    """

    def __init__(self, session: requests.Session, trusted: str | bool) -> None:
        self._session = session
        # Told with each call: what is told to a session gives way to variables of the environment.
        self._options: dict[str, Any] = {"timeout": _CALL_SECONDS, "verify": trusted}

    def get(self, url: str, **options: Any) -> requests.Response:
        return _whole(self._session.get(url, **{**options, **self._options}))

    def post(self, url: str, **options: Any) -> requests.Response:
        return _whole(self._session.post(url, **{**options, **self._options}))

    def close(self) -> None:
        self._session.close()


def _whole(response: requests.Response) -> requests.Response:
    refuse_passing(response.status_code, response.headers, "the sign-in")
    return response


def _is_refusal(error: BaseException) -> bool:
    """Whether Entra refused, and was not cut off on the way: libraries make one exception of both."""
    return any(_REFUSED.search(text) for text in _told(error))


def _reason(error: BaseException) -> str:
    """Entra's own words, where they are among those of the libraries."""
    own = (found[0] for text in _told(error) if (found := _OWN_WORDS.search(text)))
    return next(own, str(error))


def _told(error: BaseException | None) -> Iterator[str]:
    """What an exception says, and those that it was raised for: a tenant that is none stands in the innermost alone."""
    while error is not None:
        yield str(error)
        error = error.__cause__ or error.__context__


def _nothing() -> None:
    """Until somebody has signed in there is nothing to close."""


def require_complete(settings: MicrosoftSettings) -> None:
    """Raise ``Invalid`` that names every setting which the way of signing in lacks."""
    missing = settings.missing()
    if missing:
        raise Invalid(
            "microsoft_not_configured",
            f"To sync from Microsoft, set {', '.join(missing)} (docs/microsoft.md says where they come from).",
            dict.fromkeys(missing, "is not set"),
        )


def _unreachable(reason: str) -> Passing:
    return Passing(f"the sign-in cannot be reached ({reason})")
