"""Settings: flag > environment > ``importer.toml`` > default. Frozen once loaded."""

from __future__ import annotations

import difflib
import os
import stat
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from importer import quantities
from importer.columns import BY_NAME, OwnHeaders
from importer.errors import SettingsProblem
from importer.mapping import check_aliases, check_constants, check_ignored, check_values

APP = "invoice-importer"
ENV_PREFIX = "IMPORTER_"
OWN_NAMES = {"KANTATA_TOKEN": "token", "KANTATA_TOKEN_FILE": "token_file", "KANTATA_BASE_URL": "base_url"}
NOT_SETTINGS = frozenset({"IMPORTER_CONFIG", "IMPORTER_PROFILE"})
SECRET = frozenset({"token", "token_file", "notify"})
"""Never taken from importer.toml, so that a shared settings file holds no secret."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_JSON_EXAMPLES = {
    "columns": '{"workspace_id": ["Client"]}',
    "ignore_columns": '["Internal note"]',
    "constants": '{"item_type": "fixed_fee"}',
    "values": '{"item_type": {"T&M": "time_entry"}}',
    "workspaces": '{"ACME retainer": 101}',
}
"""Settings that are JSON in the environment."""

Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class Settings(BaseSettings):
    """Everything that an operator can turn; the descriptions make the README's table."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    token: SecretStr | None = Field(None, description="Access token of Kantata (environment only: KANTATA_TOKEN).")
    token_file: Path | None = Field(
        None,
        description="File that holds the token, readable by its owner only (environment: KANTATA_TOKEN_FILE).",
    )
    base_url: str = Field(
        "https://api.mavenlink.com/api/v1",
        description="Address of the API (environment: KANTATA_BASE_URL). Plain http only to this machine.",
    )
    ledger: str = Field(
        "",
        description="Ledger: a file, or postgresql+psycopg://user@host/database. Empty: in the data folder.",
    )
    reports: Path = Field(Path("reports"), description="Folder for the results.")
    payment_schedule: int | None = Field(
        None,
        ge=0,
        le=9999,
        description="Days to pay for invoices whose rows say nothing; none makes it required.",
    )
    draft: bool = Field(default=True, description="Create drafts, where the sheet says nothing.")
    suppress_emails: bool = Field(default=True, description="Keep Kantata from mailing, where the sheet says nothing.")
    fractional_amounts: Literal["refuse", "send"] = Field(
        "refuse",
        description="Amounts with cents: refuse them, or send them (whether Kantata keeps cents is unknown).",
    )
    decimal_mark: Literal["auto", ".", ","] = Field(
        "auto",
        description="Decimal mark of amounts typed as text: a point, a comma, or as each column proves (auto).",
    )
    date_order: Literal["auto", "dmy", "mdy", "ymd"] = Field(
        "auto",
        description="Order of day, month and year in dates typed as text such as 05/10/2026, or as each column proves.",
    )
    hidden_rows: Literal["warn", "skip", "refuse"] = Field(
        "warn", description="Rows hidden in Excel: bill them and say so, leave them out, or refuse the file."
    )
    merged_cells: Literal["refuse", "fill"] = Field(
        "refuse",
        description="Merged cells below the header: refuse them, or let their value belong to each of their rows.",
    )
    encoding: str | None = Field(
        None, description="Encoding of CSV files without a mark of their own, such as windows-1252; none is UTF-8."
    )
    most_rows: int = Field(1_048_576, ge=1, le=10_000_000, description="Most rows of a sheet.")
    most_columns: int = Field(200, ge=1, le=16_384, description="Most columns of a sheet.")
    most_unpacked_mb: int = Field(256, ge=1, le=4096, description="Largest file, and largest workbook unpacked, MB.")
    read_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(120, description="How long reading a file may take.")
    read_memory_mb: int = Field(
        4096, ge=256, le=65_536, description="Most memory for reading a file, MB (not on Windows)."
    )
    expect_invoices: int | None = Field(None, ge=0, description="Refuse unless the sheet makes so many invoices.")
    expect_total: Annotated[Decimal, Field(allow_inf_nan=False)] | None = Field(
        None, description="Refuse unless the amounts in the sheet sum up to this."
    )
    largest_invoice: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="Refuse when an invoice has more than this in the sheet."
    )
    largest_total: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="Refuse when the amounts in the sheet sum up to more than this."
    )
    invoice_date_outside: Literal["warn", "error", "allow"] = Field(
        "warn", description="Invoice dates outside the month of the batch: a warning, an error, or nothing."
    )
    future_days: int = Field(
        31, ge=0, le=36_500,
        description="Days ahead that an invoice date may lie; beyond it is a warning, or an error as above.",
    )  # fmt: skip
    change_percent: Annotated[Decimal, Field(ge=0, allow_inf_nan=False)] = Field(
        Decimal(50), description="Change against the batch before, in percent, beyond which preview names a project."
    )
    workers: int = Field(4, ge=1, le=32, description="How many invoices are under way at the same time.")
    pace_per_second: float = Field(
        5,
        gt=0,
        le=1000,
        description="Most invoices sent per second; halves when Kantata throttles, recovers slowly.",
    )
    connect_timeout_seconds: Annotated[float, Field(gt=0, le=600)] = Field(
        10,
        description="How long to wait for a connection.",
    )
    read_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = Field(
        190,
        description="How long to wait for an answer; above Kantata's own limit of 180 s.",
    )
    retry_seconds: Seconds = Field(
        300,
        description="Longest that a run waits out refusals (throttling, no connection) in all.",
    )
    settle_seconds: Seconds = Field(
        180, description="How long after sending “not found” means nothing when an invoice in doubt is looked for."
    )
    invoice_link: str = Field(
        "https://app.mavenlink.com/invoices/{id}",
        description="Web address of an invoice, {id} stands for its id. A guess: Kantata does not document it.",
    )
    columns: dict[str, list[str]] = Field(
        default_factory=dict,
        description='More headers per column, as a table: [columns] workspace_id = ["Client"].',
    )
    ignore_columns: list[str] = Field(
        default_factory=list,
        description='Headers that mean nothing here: ignore_columns = ["Internal note"]; copied to the results, '
        "without a warning.",
    )
    constants: dict[str, Any] = Field(
        default_factory=dict,
        description='Values for columns that the sheet lacks, as a table: [constants] item_type = "Fixed fee".',
    )
    values: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description='Your own words per column, as a table: [values.item_type] "T&M" = "time_entry".',
    )
    workspaces: dict[str, Annotated[int, Field(gt=0, le=2**63 - 1)]] = Field(
        default_factory=dict,
        description='Names of projects in your sheets, as a table: [workspaces] "ACME retainer" = 101.',
    )
    workspace_aliases: Path | None = Field(
        None, description="File with more such names: a CSV of name and id, or a TOML with a table [workspaces]."
    )
    # --- month-end without anyone watching ---
    production: bool = Field(
        default=False,
        description="Marks a real account: a banner, and the total must be typed before an interactive submit.",
    )
    inbox: Path = Field(
        Path("inbox"), description="Folder from which run takes workbooks; done, failed and in-doubt lie in it."
    )
    inbox_settle_seconds: Seconds = Field(
        10, description="How long a file in the inbox must stay unchanged before run takes it."
    )
    unattended: bool = Field(
        default=False,
        description="Let run send without asking, where a gate is set: expected totals, a limit or an approval.",
    )
    require_approval: bool = Field(
        default=False, description="Send only what was approved with the command approve, exactly as it was approved."
    )
    approval_by_another: bool = Field(
        default=False, description="Who approves must be another user of the operating system than who submits."
    )
    notify: SecretStr | None = Field(
        None,
        description="Where notices go: Apprise addresses, blanks between them (environment only: IMPORTER_NOTIFY).",
    )
    notify_file: Path | None = Field(
        None, description="File with one Apprise address per line, readable by its owner only."
    )
    notify_when: Literal["always", "on_change", "on_failure"] = Field(
        "on_change", description="When run sends a notice: always, when anything is new, or when it failed."
    )
    heartbeat_url: SecretStr | None = Field(
        None, description="Web address that is fetched after each run that ended well (exit code 0), and only then."
    )

    @field_validator(
        "connect_timeout_seconds", "read_timeout_seconds", "retry_seconds", "settle_seconds", "inbox_settle_seconds",
        "read_seconds",
        mode="before",
    )  # fmt: skip
    @classmethod
    def _time_in_words(cls, value: object) -> object:
        """Take “180 s” and “3 min” for what they say."""
        return quantities.seconds(value)

    @field_validator("pace_per_second", mode="before")
    @classmethod
    def _pace_in_words(cls, value: object) -> object:
        """Take “5/s” and “120/min” for what they say."""
        return quantities.per_second(value)

    @field_validator("heartbeat_url")
    @classmethod
    def _web_address(cls, value: SecretStr | None) -> SecretStr | None:
        """Refuse what cannot be fetched; the address itself is not repeated."""
        if value is not None and value.get_secret_value():
            parts = urlsplit(value.get_secret_value())
            if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
                msg = "must begin with https:// (plain http:// is only allowed to this machine)"
                raise ValueError(msg)
        return value

    @field_validator("base_url")
    @classmethod
    def _safe_address(cls, value: str) -> str:
        """Refuse to send a token over an open line."""
        parts = urlsplit(value.strip().rstrip("/"))
        if "@" in value:  # wherever it stands: a password may hold a slash
            msg = "must not hold a user name or password"
            raise ValueError(msg)
        try:
            _ = parts.port
        except ValueError:
            msg = "has a port that is no number from 0 to 65535"
            raise ValueError(msg) from None
        if parts.scheme == "https" and parts.hostname:
            return parts.geturl()
        if parts.scheme == "http" and parts.hostname in LOOPBACK:
            return parts.geturl()
        msg = "must begin with https:// (plain http:// is only allowed to this machine)"
        raise ValueError(msg)

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str | None) -> str | None:
        """Refuse an encoding that Python does not know, or that is none of texts."""
        try:
            if value is not None:
                "".encode(value)
        except LookupError:
            msg = f"names no encoding: “{value}”; usual ones are utf-8, windows-1252, iso-8859-15, mac-roman"
            raise ValueError(msg) from None
        return value

    @field_validator("columns", "constants", "values", mode="before")
    @classmethod
    def _known_columns(cls, value: object) -> object:
        """Refuse a column that does not exist; TOML reads a name with a point as a table within the table."""
        if not isinstance(value, dict):
            return value
        flat: dict[str, Any] = {}
        for name, content in value.items():
            dotted = {f"{name}.{part}": one for part, one in content.items()} if isinstance(content, dict) else {}
            flat |= dotted if name not in BY_NAME and any(one in BY_NAME for one in dotted) else {name: content}
        for name in flat:
            if name not in BY_NAME:
                msg = f"names an unknown column “{name}”{_did_you_mean(name, BY_NAME)}"
                raise ValueError(msg)
        return flat

    @field_validator("columns")
    @classmethod
    def _one_meaning(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        check_aliases(value)
        return value

    @field_validator("ignore_columns")
    @classmethod
    def _no_meaning(cls, value: list[str], info: ValidationInfo) -> list[str]:
        check_ignored(value, info.data.get("columns", {}))
        return value

    @field_validator("constants")
    @classmethod
    def _constants_are_readable(cls, value: dict[str, Any]) -> dict[str, Any]:
        check_constants(value)
        return value

    @field_validator("values")
    @classmethod
    def _values_are_readable(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        check_values(value)
        return value

    @field_validator("invoice_link")
    @classmethod
    def _has_id(cls, value: str) -> str:
        """A link without the id would be the same for every invoice."""
        if "{id}" not in value or not value.startswith(("https://", "http://")):
            msg = "must be a web address that contains {id}"
            raise ValueError(msg)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - as inherited
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as inherited
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as inherited
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as inherited
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what :func:`load` gives: it puts flags, environment and file together."""
        return (init_settings,)

    @property
    def account(self) -> str:
        """Name of the Kantata account in the ledger: its address, however it is spelt."""
        parts = urlsplit(self.base_url)
        host = "127.0.0.1" if parts.hostname in LOOPBACK else parts.hostname
        port = "" if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{parts.port}"
        return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"

    @property
    def own_headers(self) -> OwnHeaders:
        """What is said of the headers of the user's own sheets."""
        return OwnHeaders(self.columns, tuple(self.ignore_columns), frozenset(self.constants))

    def read_token(self) -> str | None:
        """Return the token, or None when none is set. Raises SettingsProblem when it cannot be used."""
        token = self.token.get_secret_value() if self.token else _token_from(self.token_file)
        return None if token is None else checked_token(token)


def checked_token(token: str) -> str:
    """Return the token. Raises SettingsProblem when it cannot be one."""
    if not token.isascii() or not token.isprintable() or " " in token or not token:
        msg = "The token holds blanks, line ends or characters that no token has."
        raise SettingsProblem(msg, "Copy it again from Kantata.", code="settings.token")
    return token


def load(*, config: Path | None = None, profile: str | None = None, **flags: object) -> Settings:
    """Load the settings. Raises SettingsProblem that names the setting, where it stands and the remedy.

    ``config`` and ``profile`` are the flags; a flag that is None was not given.
    """
    _refuse_misspelt_environment()
    path = _settings_file(config)
    profile = profile or os.environ.get("IMPORTER_PROFILE") or None
    values = _read_toml(path, profile)
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**(values | _environment() | given))
    except ValidationError as error:
        raise _explained(error, path) from error
    except SettingsError as error:
        # Only tables and lists are JSON in the environment.
        name = next((name for name in _JSON_EXAMPLES if f'"{name}"' in str(error)), "columns")
        variable = ENV_PREFIX + name.upper()
        msg = f"The setting “{name}” is wrong: {variable} is not JSON."
        hint = f"Write {variable}={_JSON_EXAMPLES[name]}, or put it into importer.toml."
        raise SettingsProblem(msg, hint, code="settings.value") from error


@dataclass(frozen=True, slots=True)
class Origin:
    """A setting that is not the default, and where it comes from."""

    name: str
    shown: str
    """Its value, without secrets."""
    source: str


def settings_file(given: Path | None) -> Path | None:
    """The settings file that counts; None when there is none. Raises SettingsProblem for one that does not exist."""
    return _settings_file(given)


def changed(settings: Settings, *, config: Path | None, profile: str | None) -> list[Origin]:
    """Every setting that is not the default, with where its value comes from."""
    where = origins(config=config, profile=profile)
    return [
        Origin(name, _without_secret(name, getattr(settings, name)), where.get(name, "a flag"))
        for name, field in Settings.model_fields.items()
        if getattr(settings, name) != field.get_default(call_default_factory=True)
    ]


def _without_secret(name: str, value: object) -> str:
    """A value as it may be shown: secrets are never, and an address without its password."""
    if isinstance(value, SecretStr):
        return "(secret)"
    text = str(value)
    if name == "ledger" and "://" in text:
        scheme, _, rest = text.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"
    return text


def _environment() -> dict[str, Any]:
    """Settings of the environment: IMPORTER_<NAME>, and the three variables that are named after Kantata."""
    named = {name: os.environ[variable] for variable, name in OWN_NAMES.items() if os.environ.get(variable)}
    return EnvSettingsSource(Settings)() | named


def _settings_file(given: Path | None) -> Path | None:
    named = given or (Path(os.environ["IMPORTER_CONFIG"]) if os.environ.get("IMPORTER_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            msg = f"The settings file {named} does not exist."
            raise SettingsProblem(msg, "Check --config or IMPORTER_CONFIG.", code="settings.file")
        return named
    places = (Path("importer.toml"), Path(platformdirs.user_config_dir(APP, appauthor=False)) / "importer.toml")
    return next((place for place in places if place.is_file()), None)


def _read_toml(path: Path | None, profile: str | None) -> dict[str, Any]:
    """Settings of the file, with those of the chosen profile on top."""
    if path is None:
        if profile:
            msg = f"There is no importer.toml that could hold the profile “{profile}”."
            raise SettingsProblem(msg, "Name the file with --config.", code="settings.profile")
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        msg = f"{path} cannot be read: {error}."
        raise SettingsProblem(msg, "Correct that line; texts need quotes.", code="settings.file") from error
    profiles = content.pop("profile", {})
    if not isinstance(profiles, dict) or not all(isinstance(section, dict) for section in profiles.values()):
        msg = f"{path}: a profile is a section such as [profile.test], not a value."
        raise SettingsProblem(msg, "Choose one with --profile or IMPORTER_PROFILE.", code="settings.profile")
    _refuse_secrets(path, content, *profiles.values())
    if profile is not None:
        if profile not in profiles:
            msg = f"{path} has no profile “{profile}”{_did_you_mean(profile, profiles)}."
            raise SettingsProblem(msg, f"Add a section [profile.{profile}].", code="settings.profile")
        content |= profiles[profile]
    return content


def _refuse_secrets(path: Path, *sections: dict[str, Any]) -> None:
    """No section may hold a token, also one that is not used in this run."""
    for name in SECRET:
        if any(name in section for section in sections):
            msg = f"{path}: {name} does not belong in a settings file."
            hint = "Put the token into the environment variable KANTATA_TOKEN, or its file into KANTATA_TOKEN_FILE."
            if name == "notify":
                hint = "Such addresses hold passwords: put them into a file of yours, and its path into notify_file."
            raise SettingsProblem(msg, hint, code="settings.token")


def _refuse_misspelt_environment() -> None:
    """A misspelt variable would be passed over silently; name the one that was meant."""
    known = {ENV_PREFIX + name.upper() for name in Settings.model_fields} | NOT_SETTINGS
    for variable in os.environ:
        if variable.startswith(ENV_PREFIX) and variable not in known:
            near = difflib.get_close_matches(variable, known, n=1, cutoff=0.85)
            if near:
                msg = f"The environment variable {variable} is not known; did you mean {near[0]}?"
                raise SettingsProblem(msg, "Rename or unset it.", code="settings.unknown")


def _explained(error: ValidationError, path: Path | None) -> SettingsProblem:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        msg = f"The setting “{name}” is not known{_did_you_mean(name, Settings.model_fields)}."
        where = f" in {path}" if path else ""
        return SettingsProblem(
            msg,
            f"Correct or delete it{where}; the README lists all settings.",
            code="settings.unknown",
        )
    said = first["msg"].removeprefix("Value error, ")
    where = f"the flag, {ENV_PREFIX}{name.upper()}" + (f" or {path}" if path else "")
    return SettingsProblem(f"The setting “{name}” is wrong: {said}.", f"Correct {where}.", code="settings.value")


def _did_you_mean(name: str, known: Any) -> str:  # noqa: ANN401 - untyped by its library
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean “{near[0]}”?" if near else ""


def _token_from(path: Path | None) -> str | None:
    return None if path is None else secret_text(path, "token file", "KANTATA_TOKEN_FILE")


def secret_text(path: Path, what: str, setting: str) -> str:
    """Read a file that holds a secret. Raises SettingsProblem when it cannot be read, or others can read it."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"The {what} {path} cannot be read."
        raise SettingsProblem(msg, f"Check {setting}.", code="settings.token") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        msg = f"The {what} {path} can be read by others."
        raise SettingsProblem(msg, f"Run: chmod 600 {path}", code="settings.token")
    return text


def origins(*, config: Path | None = None, profile: str | None = None) -> dict[str, str]:
    """Where each setting that is not a default comes from, as a person would look for it.

    Raises SettingsProblem as :func:`load` does.
    """
    path = _settings_file(config)
    profile = profile or os.environ.get("IMPORTER_PROFILE") or None
    found = dict.fromkeys(_read_toml(path, None), str(path))
    if path is not None and profile is not None:
        _read_toml(path, profile)  # refuses an unknown one
        section = tomllib.loads(path.read_text(encoding="utf-8"))["profile"][profile]
        found |= dict.fromkeys(section, f"{path} [profile.{profile}]")
    variables = {name: variable for variable, name in OWN_NAMES.items() if os.environ.get(variable)}
    return found | {name: variables.get(name, ENV_PREFIX + name.upper()) for name in _environment()}


def expected_amount(text: str | None) -> Decimal | None:
    """Read the amount of ``--expect-total``. Raises SettingsProblem when it is none."""
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except ArithmeticError as error:
        msg = f"--expect-total {text}: this is not an amount."
        raise SettingsProblem(msg, "Type digits with a point for the decimals: 12345.50", code="usage") from error
    if not amount.is_finite():
        msg = f"--expect-total {text}: this is not an amount."
        raise SettingsProblem(msg, "Type digits with a point for the decimals: 12345.50", code="usage")
    return amount
