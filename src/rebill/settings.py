"""Settings: one frozen object, read from the environment once, at the edge."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import platformdirs

from rebill.model.call_limit import GREATEST_CALLS_PER_MINUTE
from rebill.model.date_order import DateOrder
from rebill.model.document_delivery import DeliveryWay
from rebill.model.engine_name import EngineName, engine_named
from rebill.model.errors import Invalid

_PUBLIC_AUTHORITY: Final = "https://login.microsoftonline.com"
_GREATEST_SECRET_CHARACTERS: Final = 100_000
_OPENID: Final = ("REBILL_OPENID_ISSUER", "REBILL_OPENID_CLIENT_ID", "REBILL_OPENID_REDIRECT_URL")
_LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")
GREATEST_SYNC_MINUTES: Final = 44_640
"""A month of 31 days."""
_GREATEST_MEGABYTES: Final = 100_000_000
_DIGITS = re.compile(r"[0-9]{1,9}")


class SignInWay(StrEnum):
    """How rebill signs in at Microsoft."""

    CLIENT_SECRET = "client_secret"
    CERTIFICATE = "certificate"
    MANAGED_IDENTITY = "managed_identity"
    APPLICATION_AND_USER = "application_and_user"
    """By the refresh token of a user who has consented, who signed in with a second factor."""


@dataclass(frozen=True)
class MicrosoftSettings:
    """Where Microsoft's services are, and as whom rebill calls them.

    ``client_secret`` and ``refresh_token`` come from the environment, or else from a file of one line.
    ``certificates``: a file of certificate authorities to trust in place of the system's.
    ``greatest_delivery_megabytes``: what the files of one delivery may have together, packed as they come.
    """

    tenant_id: str = ""
    client_id: str = ""
    way: SignInWay = SignInWay.CLIENT_SECRET
    client_secret: str = field(default="", repr=False)
    client_secret_file: Path | None = None
    refresh_token: str = field(default="", repr=False)
    refresh_token_file: Path | None = None
    certificate_file: Path | None = None
    certificates: Path | None = None
    greatest_delivery_megabytes: int = 20_000
    authority: str = _PUBLIC_AUTHORITY
    partner_center_url: str = "https://api.partnercenter.microsoft.com"
    graph_url: str = "https://graph.microsoft.com"

    @property
    def is_named(self) -> bool:
        """Whether anything says whose account it is: then it is to be synced from."""
        return bool(self.tenant_id or self.client_id)

    @property
    def has_own_authority(self) -> bool:
        """Whether the sign-in is not the public cloud's."""
        return self.authority != _PUBLIC_AUTHORITY

    def missing(self) -> list[str]:
        """The variables that the way of signing in needs and that are not set."""
        of_secret = bool(self.client_secret or self.client_secret_file)
        of_user = bool(self.refresh_token or self.refresh_token_file)
        needed = {"REBILL_MICROSOFT_TENANT_ID": bool(self.tenant_id)}
        if self.way is not SignInWay.MANAGED_IDENTITY:
            needed["REBILL_MICROSOFT_CLIENT_ID"] = bool(self.client_id)
        if self.way in (SignInWay.CLIENT_SECRET, SignInWay.APPLICATION_AND_USER):
            needed["REBILL_MICROSOFT_CLIENT_SECRET"] = of_secret
        if self.way is SignInWay.APPLICATION_AND_USER:
            needed["REBILL_MICROSOFT_REFRESH_TOKEN"] = of_user
        if self.way is SignInWay.CERTIFICATE:
            needed["REBILL_MICROSOFT_CERTIFICATE_FILE"] = self.certificate_file is not None
        return [name for name, is_set in needed.items() if not is_set]

    def read_secrets(self) -> dict[str, str]:
        """The secrets that are set, by their names. Raises ``Invalid`` for a file that cannot be read."""
        given = {
            "client_secret": (self.client_secret, self.client_secret_file),
            "refresh_token": (self.refresh_token, self.refresh_token_file),
        }
        found = {name: text or _secret_of(file) for name, (text, file) in given.items() if text or file}
        return {name: secret for name, secret in found.items() if secret}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "MicrosoftSettings":
        """Read the variables of Microsoft's services; every one is described in ``docs/settings.md``."""

        def text(name: str, default: str = "") -> str:
            return environment.get(name, "").strip() or default

        def file(name: str) -> Path | None:
            return Path(text(name)).expanduser() if text(name) else None

        return cls(
            tenant_id=text("REBILL_MICROSOFT_TENANT_ID"),
            client_id=text("REBILL_MICROSOFT_CLIENT_ID"),
            way=_sign_in_way(text("REBILL_MICROSOFT_SIGN_IN", SignInWay.CLIENT_SECRET)),
            client_secret=text("REBILL_MICROSOFT_CLIENT_SECRET"),
            client_secret_file=file("REBILL_MICROSOFT_CLIENT_SECRET_FILE"),
            refresh_token=text("REBILL_MICROSOFT_REFRESH_TOKEN"),
            refresh_token_file=file("REBILL_MICROSOFT_REFRESH_TOKEN_FILE"),
            certificate_file=file("REBILL_MICROSOFT_CERTIFICATE_FILE"),
            certificates=file("REBILL_MICROSOFT_TRUSTED_CERTIFICATES"),
            greatest_delivery_megabytes=_whole_number(
                environment, "REBILL_MICROSOFT_GREATEST_DELIVERY_MEGABYTES", _GREATEST_MEGABYTES
            )
            or cls.greatest_delivery_megabytes,
            authority=_https("REBILL_MICROSOFT_AUTHORITY", text("REBILL_MICROSOFT_AUTHORITY", cls.authority)),
            partner_center_url=_https(
                "REBILL_MICROSOFT_PARTNER_CENTER_URL",
                text("REBILL_MICROSOFT_PARTNER_CENTER_URL", cls.partner_center_url),
            ),
            graph_url=_https("REBILL_MICROSOFT_GRAPH_URL", text("REBILL_MICROSOFT_GRAPH_URL", cls.graph_url)),
        )


class SmtpSecurity(StrEnum):
    """How a connection to the mail server is kept from others."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True)
class DeliverySettings:
    """Where documents are delivered to. ``folder``: a folder or an address, above the customers' own; ``""``: nowhere.

    ``smtp_host`` ``""``: no letters are sent. ``sender``: what stands in ``From``. The password is in a file.
    ``smtp_certificates``: a file of certificate authorities to trust in place of the system's.
    """

    folder: str = ""
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: SmtpSecurity = SmtpSecurity.STARTTLS
    smtp_user: str = ""
    smtp_password_file: Path | None = None
    smtp_certificates: Path | None = None
    sender: str = ""

    @property
    def ways(self) -> tuple[DeliveryWay, ...]:
        """The ways by which documents are delivered."""
        named = {DeliveryWay.FOLDER: self.folder, DeliveryWay.EMAIL: self.smtp_host}
        return tuple(way for way, place in named.items() if place)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "DeliverySettings":
        """Read the variables of the folder and the mail server. Raises ``Invalid`` for what cannot be."""
        port = environment.get("REBILL_SMTP_PORT", "") or "587"
        security = environment.get("REBILL_SMTP_SECURITY", "") or SmtpSecurity.STARTTLS
        host, sender = environment.get("REBILL_SMTP_HOST", ""), environment.get("REBILL_MAIL_FROM", "")
        if not _DIGITS.fullmatch(port) or not 1 <= int(port) <= 65535:
            raise Invalid("invalid_setting", "REBILL_SMTP_PORT must be a port, from 1 to 65535.")
        if security not in list(SmtpSecurity):
            raise Invalid("invalid_setting", f"REBILL_SMTP_SECURITY must be one of {', '.join(SmtpSecurity)}.")
        if host and not sender:
            raise Invalid("invalid_setting", "REBILL_MAIL_FROM must say whom letters come from.")
        return cls(
            folder=environment.get("REBILL_DELIVERY_FOLDER", ""),
            smtp_host=host,
            smtp_port=int(port),
            smtp_security=SmtpSecurity(security),
            smtp_user=environment.get("REBILL_SMTP_USER", ""),
            smtp_password_file=_path(environment.get("REBILL_SMTP_PASSWORD_FILE", "")),
            smtp_certificates=_path(environment.get("REBILL_SMTP_TRUSTED_CERTIFICATES", "")),
            sender=sender,
        )


@dataclass(frozen=True)
class OpenIdSettings:
    """The identity provider that people sign in at.

    ``redirect_url``: the address of ``/sign-in/openid/back`` as browsers see it. ``label``: what the sign-in page calls
    the provider.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_url: str
    label: str = "OpenID Connect"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "OpenIdSettings | None":
        """Read the variables of the provider; ``None`` where none is named, ``Invalid`` where it is named half."""
        given = {name: environment.get(name, "").strip() for name in _OPENID}
        if not given["REBILL_OPENID_ISSUER"]:
            return None
        secret = environment.get("REBILL_OPENID_CLIENT_SECRET", "").strip()
        secret = secret or _secret_of(_path(environment.get("REBILL_OPENID_CLIENT_SECRET_FILE", "").strip()))
        missing = [name for name, value in {**given, "REBILL_OPENID_CLIENT_SECRET": secret}.items() if not value]
        if missing:
            raise Invalid("invalid_setting", f"REBILL_OPENID_ISSUER is set: set {', '.join(missing)} too.")
        for name in ("REBILL_OPENID_ISSUER", "REBILL_OPENID_REDIRECT_URL"):
            if not _is_address(given[name]):
                raise Invalid("invalid_setting", f"{name} must be an https address (http only on this machine).")
        label = environment.get("REBILL_OPENID_LABEL", "").strip() or cls.label
        issuer, client_id, redirect_url = given.values()
        return cls(issuer, client_id, secret, redirect_url, label)


@dataclass(frozen=True)
class Settings:
    """Where rebill keeps its record and its data, and how it serves.

    ``home``: the data folder. ``database_url``: SQLAlchemy address of the record.
    ``api_key_in_query``: whether ``?api_key=`` is accepted.
    ``engine_memory_limit``: what the embedded engine may use, in DuckDB's notation.
    ``engine``: where months are computed unless it is said; ``spark_master``: the address of the Spark for it.
    ``calls_per_minute``: how many calls of the API each key may make, ``None`` without limit.
    ``storage_connection_string_file``: holds the secret of the storage account that exports are fetched from.
    ``cost_exports``: folders and addresses that exports of cost are delivered to, for syncs.
    ``sync_every_minutes``: how often a server syncs ``sync_partner`` (by name or id, else the first); ``None``: never.
    ``font_folder``: fonts that documents may use beside rebill's own.
    ``microsoft``: where cost and catalogue are synced from. ``delivery``: where documents are delivered to.
    ``openid``: where people sign in to the pages besides with passwords and keys; ``None`` for nowhere else.
    ``date_order``: that of the dates of cost files that do not tell it, ``None``: the one documented for their layout.
    """

    home: Path
    database_url: str
    api_key_in_query: bool = True
    engine_memory_limit: str = "600MB"
    calls_per_minute: int | None = None
    storage_connection_string_file: Path | None = None
    cost_exports: tuple[str, ...] = ()
    sync_every_minutes: int | None = None
    sync_partner: str | None = None
    font_folder: Path | None = None
    microsoft: MicrosoftSettings = MicrosoftSettings()
    openid: OpenIdSettings | None = None
    engine: EngineName = EngineName.DUCKDB
    spark_master: str = "local[*]"
    delivery: DeliverySettings = DeliverySettings()
    date_order: DateOrder | None = None

    @property
    def lake_folder(self) -> Path:
        return self.home / "lake"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, home: Path | None = None) -> "Settings":
        """Read ``REBILL_*`` variables; every one is described in ``docs/settings.md``.

        Raises ``Invalid`` for an engine that there is not, and for a limit of calls that is none: a limit that was
        meant must not be off unnoticed.
        """
        folder = home or Path(environment.get("REBILL_HOME") or platformdirs.user_data_path("rebill"))
        folder = folder.expanduser().absolute()
        given = "" if home else environment.get("REBILL_DATABASE_URL", "")
        return cls(
            home=folder,
            database_url=given or f"sqlite:///{folder / 'rebill.sqlite3'}",
            api_key_in_query=environment.get("REBILL_API_KEY_IN_QUERY", "true").lower() != "false",
            engine_memory_limit=environment.get("REBILL_ENGINE_MEMORY_LIMIT", "600MB"),
            engine=engine_named(environment.get("REBILL_ENGINE") or EngineName.DUCKDB),
            spark_master=environment.get("REBILL_SPARK_MASTER") or "local[*]",
            calls_per_minute=_whole_number(environment, "REBILL_CALLS_PER_MINUTE", GREATEST_CALLS_PER_MINUTE),
            storage_connection_string_file=_path(environment.get("REBILL_STORAGE_CONNECTION_STRING_FILE", "")),
            cost_exports=_places(environment.get("REBILL_COST_EXPORTS", "")),
            sync_every_minutes=_whole_number(environment, "REBILL_SYNC_EVERY_MINUTES", GREATEST_SYNC_MINUTES),
            sync_partner=environment.get("REBILL_SYNC_PARTNER", "").strip() or None,
            font_folder=_path(environment.get("REBILL_FONT_FOLDER", "")),
            microsoft=MicrosoftSettings.from_environment(environment),
            openid=OpenIdSettings.from_environment(environment),
            delivery=DeliverySettings.from_environment(environment),
            date_order=_date_order(environment.get("REBILL_DATE_ORDER", "").strip()),
        )


def _whole_number(environment: Mapping[str, str], name: str, greatest: int) -> int | None:
    text = environment.get(name, "")
    if not text.strip():
        return None
    number = int(text) if _DIGITS.fullmatch(text) else 0
    if not 1 <= number <= greatest:
        raise Invalid("invalid_setting", f"{name} must be a whole number from 1 to {greatest}, or not be set.")
    return number


def _places(text: str) -> tuple[str, ...]:
    """Folders and addresses, by commas or one a line; each once, in their order."""
    given = (place.strip() for place in text.replace("\n", ",").split(","))
    return tuple(dict.fromkeys(place for place in given if place))


def _path(text: str) -> Path | None:
    return Path(text).expanduser().absolute() if text else None


def _date_order(text: str) -> DateOrder | None:
    if text not in ("", *DateOrder):
        raise Invalid("invalid_setting", f"REBILL_DATE_ORDER must be {' or '.join(DateOrder)}, or not be set.")
    return DateOrder(text) if text else None


def _sign_in_way(text: str) -> SignInWay:
    try:
        return SignInWay(text.lower())
    except ValueError:
        ways = ", ".join(SignInWay)
        raise Invalid("invalid_setting", f"REBILL_MICROSOFT_SIGN_IN must be one of {ways}.") from None


def _https(name: str, address: str) -> str:
    if not re.fullmatch(r"https://[A-Za-z0-9.:\[\]-]+/?", address):
        raise Invalid("invalid_setting", f"{name} must be an https address without a path.")
    return address.rstrip("/")


def _is_address(text: str) -> bool:
    """Whether ``text`` is an address that secrets may be sent to."""
    parts = urlsplit(text)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS)
    return is_safe and bool(parts.hostname) and not parts.fragment


def _secret_of(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        with file.open(encoding="utf-8") as stream:
            return stream.read(_GREATEST_SECRET_CHARACTERS).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("secret_not_readable", f"The secret in {file} cannot be read ({type(error).__name__}).") from None
