"""Every setting with its default and its meaning."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from importer.kantata.addresses import ApiAddress, FetchedAddress, InvoiceLink, account_at, is_loopback
from importer.settings.secrecy import checked_token, secret_text
from importer.settings.values import (
    Amount,
    Constants,
    Days,
    Encoding,
    Folder,
    HeadersByColumn,
    IgnoredHeaders,
    LineText,
    LongTimeout,
    NotNegative,
    PerSecond,
    ProjectNumber,
    Seconds,
    Timeout,
    WordsByColumn,
)

if TYPE_CHECKING:
    from importer.model.headers import OwnHeaders

ENV_PREFIX = "IMPORTER_"


class Settings(BaseSettings):
    """Everything that an operator can turn; the descriptions make the README's table."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    token: SecretStr | None = Field(None, description="Access token of Kantata (environment only: KANTATA_TOKEN).")
    token_file: Path | None = Field(
        None, description="File that holds the token, readable by its owner only (environment: KANTATA_TOKEN_FILE)."
    )
    base_url: ApiAddress = Field(
        "https://api.mavenlink.com/api/v1",
        description="Address of the API (environment: KANTATA_BASE_URL). Plain http only to this machine.",
    )
    ledger: str = Field(
        "", description="Ledger: a file, or postgresql+psycopg://user@host/database. Empty: in the data folder."
    )
    allow_unsafe_ledger: bool = Field(
        default=False,
        description="Use a ledger file also on a network drive, in a synchronised folder, or beside a conflict copy.",
    )
    reports: Folder = Field(Path("reports"), description="Folder for the results.")
    payment_schedule: Days | None = Field(
        None, description="Days to pay for invoices whose rows say nothing; none makes it required."
    )
    draft: bool = Field(default=True, description="Create drafts, where the sheet says nothing.")
    suppress_emails: bool = Field(default=True, description="Keep Kantata from mailing, where the sheet says nothing.")
    fractional_amounts: Literal["refuse", "send"] = Field(
        "refuse",
        description="Amounts with cents: refuse them, or send them. Whether Kantata keeps cents is not documented; "
        "where probe has found that it does, they are sent.",
    )
    not_sent_cells: Literal["refuse", "ignore", "compare"] | None = Field(
        None,
        description="Amount, hours, rate and texts beside a time entry, expense or milestone: refuse them, ignore "
        "them, or compare the figures with what Kantata holds. None: compare, where Kantata can be asked, else refuse.",
    )
    decimal_mark: Literal["auto", ".", ","] = Field(
        "auto", description="Decimal mark of amounts typed as text: a point, a comma, or as each column proves (auto)."
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
    encoding: Encoding = Field(
        None, description="Encoding of CSV files without a mark of their own, such as windows-1252; none is UTF-8."
    )
    most_rows: int = Field(
        1_048_576, ge=1, le=10_000_000, description="Most rows of a sheet; most_unpacked_mb may end it before."
    )
    most_columns: int = Field(200, ge=1, le=16_384, description="Most columns of a sheet.")
    most_unpacked_mb: int = Field(256, ge=1, le=4096, description="Largest file, and largest workbook unpacked, MB.")
    read_seconds: LongTimeout = Field(120, description="How long reading a file may take.")
    read_memory_mb: int = Field(4096, ge=256, le=65_536, description="Most memory for reading a file, MB.")
    expect_invoices: int | None = Field(None, ge=0, description="Refuse unless the sheet makes so many invoices.")
    expect_total: Amount | None = Field(None, description="Refuse unless the amounts in the sheet sum up to this.")
    largest_invoice: NotNegative | None = Field(
        None, description="Refuse when an invoice has more than this, in the sheet or with what Kantata prices."
    )
    largest_total: NotNegative | None = Field(
        None, description="Refuse when all invoices have more than this, in the sheet or with what Kantata prices."
    )
    completeness: bool = Field(
        default=True, description="Count what else is open in Kantata in the months of the file, and name it."
    )
    largest_left_out: NotNegative | None = Field(
        None,
        description="Refuse when more than this, in one currency, is open in the months of the file and not in it.",
    )
    invoice_date_outside: Literal["warn", "error", "allow"] = Field(
        "warn", description="Invoice dates outside the month of the batch: a warning, an error, or nothing."
    )
    future_days: int = Field(
        31,
        ge=0,
        le=36_500,
        description="Days ahead that an invoice date may lie; beyond it is a warning, or an error as above.",
    )
    change_percent: NotNegative = Field(
        Decimal(50), description="Change against the batch before, in percent, beyond which preview names a project."
    )
    repeat_days: int = Field(
        20,
        ge=0,
        le=366,
        description="Lines like those of an invoice dated less than this many days away are held: probably a repeat. "
        "Who bills weekly sets 5.",
    )
    workers: int = Field(4, ge=1, le=32, description="How many invoices are under way at the same time.")
    pace_per_second: PerSecond = Field(
        5, description="Most invoices sent per second; halves when Kantata throttles, recovers slowly."
    )
    connect_timeout_seconds: Timeout = Field(10, description="How long to wait for a connection.")
    read_timeout_seconds: LongTimeout = Field(
        190, description="How long to wait for an answer; above Kantata's own limit of 180 s."
    )
    retry_seconds: Seconds = Field(
        300, description="Longest that a run waits out refusals (throttling, no connection) in all."
    )
    settle_seconds: Seconds = Field(
        180,
        description="How long after sending “not found” means nothing when an invoice in doubt is looked for. "
        "Longer where probe has found that lists lag, up to 900.",
    )
    invoice_link: InvoiceLink = Field(
        "https://app.mavenlink.com/invoices/{id}",
        description="Web address of an invoice, {id} stands for its id. A guess, unless probe was given the address: "
        "Kantata does not document it.",
    )
    preset: Literal["clockify", "toggl", "harvest"] | None = Field(
        None,
        description="Ready mapping of an export of Clockify, Toggl Track or Harvest, below your own lines; other "
        "sheets are refused.",
    )
    presets: list[Literal["clockify", "toggl", "harvest"]] = Field(
        default_factory=list,
        description="Ready mappings that count for files with the headers of such an export, and for no others; "
        "map writes them.",
    )
    columns: HeadersByColumn = Field(
        default_factory=dict, description='More headers per column, as a table: [columns] workspace_id = ["Client"].'
    )
    ignore_columns: IgnoredHeaders = Field(
        default_factory=list,
        description='Headers that mean nothing here: ignore_columns = ["Internal note"]; copied to the results, '
        "without a warning.",
    )
    line_text: LineText = Field(
        default_factory=list,
        description="Headers whose cells make the text of a line, in this order: "
        'line_text = ["Date", "First name + Last name", "Task"].',
    )
    constants: Constants = Field(
        default_factory=dict,
        description='Values for columns that the sheet lacks, as a table: [constants] item_type = "Fixed fee".',
    )
    values: WordsByColumn = Field(
        default_factory=dict,
        description='Your own words per column, as a table: [values.item_type] "T&M" = "time_entry".',
    )
    workspaces: dict[str, ProjectNumber] = Field(
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
    inbox: Folder = Field(
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
    heartbeat_url: FetchedAddress = Field(
        None, description="Web address that is fetched after each run that ended well (exit code 0), and only then."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - as inherited
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as inherited
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as inherited
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as inherited
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what :func:`importer.settings.load` gives: it puts flags, environment and file together."""
        return (init_settings,)

    @property
    def account(self) -> str:
        """Name of the Kantata account in the ledger: its address, however it is spelt."""
        return account_at(self.base_url)

    @property
    def is_elsewhere(self) -> bool:
        """Whether the token goes neither to the usual address of Kantata nor to this machine."""
        usual = account_at(type(self).model_fields["base_url"].default)
        return self.account != usual and not is_loopback(self.base_url)

    @property
    def most_file_bytes(self) -> int:
        """Size of the largest file that is read, and of its content unpacked."""
        return self.most_unpacked_mb * 2**20

    @property
    def own_headers(self) -> OwnHeaders:
        """What is said of the headers of the user's own sheets."""
        from importer.model.headers import OwnHeaders

        return OwnHeaders(
            self.columns, tuple(self.ignore_columns), frozenset(self.constants), tuple(self.line_text), self.preset
        )

    def read_token(self) -> str | None:
        """Return the token, or None when none is set. Raises SettingsProblem when it cannot be used."""
        if self.token:
            return checked_token(self.token.get_secret_value())
        if self.token_file is None:
            return None
        return checked_token(secret_text(self.token_file, "token file", "KANTATA_TOKEN_FILE"))
