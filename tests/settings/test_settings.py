"""Settings: flag > environment > importer.toml > default; unknown names are errors; tokens stay secret."""

from __future__ import annotations

import os
import traceback
from decimal import Decimal
from pathlib import Path

import pytest

from importer.model.errors import SettingsProblem
from importer.settings.loading import load
from importer.settings.model import Settings
from importer.settings.quantities import expected_amount
from importer.settings.secrecy import without_secret

TOKEN = "s3cr3t-0123456789abcdef"  # noqa: S105 - no real token


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has an empty working directory and environment."""
    for name in list(os.environ):
        if name.startswith(("IMPORTER_", "KANTATA_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def toml(text: str, path: Path = Path("importer.toml")) -> Path:
    """Write a settings file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def refused(**flags: object) -> SettingsProblem:
    """Load settings that must be refused; return why."""
    with pytest.raises(SettingsProblem) as caught:
        load(**flags)  # type: ignore[arg-type]
    assert caught.value.message
    assert caught.value.hint
    return caught.value


# --- precedence -----------------------------------------------------------------------


def test_the_defaults_protect() -> None:
    """Drafts, no e-mails, no cents, hidden rows named, no payment terms, the real address."""
    settings = load()
    assert (settings.draft, settings.suppress_emails, settings.fractional_amounts) == (True, True, "refuse")
    assert (settings.payment_schedule, settings.hidden_rows) == (None, "warn")
    assert settings.base_url == "https://api.mavenlink.com/api/v1"
    assert (settings.pace_per_second, settings.connect_timeout_seconds) == (5, 10)
    assert (settings.read_timeout_seconds, settings.retry_seconds) == (190, 300)
    assert settings.invoice_link == "https://app.mavenlink.com/invoices/{id}"
    assert settings.reports == Path("reports")
    assert settings.read_token() is None


def test_each_source_overrules_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flag over environment over importer.toml over default."""
    assert load().payment_schedule is None
    toml("payment_schedule = 10\ndraft = false")
    assert load().payment_schedule == 10
    monkeypatch.setenv("IMPORTER_PAYMENT_SCHEDULE", "20")
    assert load().payment_schedule == 20
    assert load(payment_schedule=30).payment_schedule == 30
    assert load(payment_schedule=None).payment_schedule == 20
    assert load(payment_schedule=30).draft is False


def test_settings_of_one_load_do_not_leak_into_the_next() -> None:
    """A deleted settings file has no after-effect."""
    path = toml("payment_schedule = 10")
    assert load().payment_schedule == 10
    path.unlink()
    assert load().payment_schedule is None


def test_the_file_is_looked_for_here_then_in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--config over IMPORTER_CONFIG over the working directory over the user's config folder."""
    toml("payment_schedule = 1", tmp_path / "home" / "config" / "invoice-importer" / "importer.toml")
    assert load().payment_schedule == 1
    toml("payment_schedule = 2")
    assert load().payment_schedule == 2
    monkeypatch.setenv("IMPORTER_CONFIG", str(toml("payment_schedule = 3", tmp_path / "env.toml")))
    assert load().payment_schedule == 3
    assert load(config=toml("payment_schedule = 4", tmp_path / "flag.toml")).payment_schedule == 4


@pytest.mark.parametrize(
    ("variable", "value", "name", "read"),
    [
        ("IMPORTER_LEDGER", "/x/ledger.sqlite", "ledger", "/x/ledger.sqlite"),
        ("IMPORTER_REPORTS", "/x/reports", "reports", Path("/x/reports")),
        ("IMPORTER_DRAFT", "false", "draft", False),
        ("IMPORTER_SUPPRESS_EMAILS", "no", "suppress_emails", False),
        ("IMPORTER_FRACTIONAL_AMOUNTS", "send", "fractional_amounts", "send"),
        ("IMPORTER_HIDDEN_ROWS", "refuse", "hidden_rows", "refuse"),
        ("IMPORTER_PACE_PER_SECOND", "0.5", "pace_per_second", 0.5),
        ("IMPORTER_CONNECT_TIMEOUT_SECONDS", "1", "connect_timeout_seconds", 1),
        ("IMPORTER_READ_TIMEOUT_SECONDS", "2.5", "read_timeout_seconds", 2.5),
        ("IMPORTER_RETRY_SECONDS", "0", "retry_seconds", 0),
        ("IMPORTER_INVOICE_LINK", "https://x.example/{id}", "invoice_link", "https://x.example/{id}"),
        ("KANTATA_BASE_URL", "https://x.example/api/v1/", "base_url", "https://x.example/api/v1"),
        ("IMPORTER_COLUMNS", '{"workspace_id": ["Kunde"]}', "columns", {"workspace_id": ["Kunde"]}),
    ],
)
def test_every_setting_has_an_environment_twin(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str, read: object
) -> None:
    """Each setting can be given as an environment variable."""
    monkeypatch.setenv(variable, value)
    assert getattr(load(), name) == read


def test_settings_are_frozen() -> None:
    """Nothing changes the settings of a run under way."""
    with pytest.raises(ValueError, match="frozen"):
        load().draft = False  # type: ignore[misc]


# --- profiles ---------------------------------------------------------------------------

PROFILES = "payment_schedule = 10\ndraft = false\n[profile.agency]\npayment_schedule = 20\n[profile.other]\n"


def test_a_profile_lies_over_the_rest_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """--profile over IMPORTER_PROFILE; what the profile does not say is as in the file."""
    toml(PROFILES)
    assert load().payment_schedule == 10
    assert (load(profile="agency").payment_schedule, load(profile="agency").draft) == (20, False)
    monkeypatch.setenv("IMPORTER_PROFILE", "agency")
    assert load().payment_schedule == 20
    assert load(profile="other").payment_schedule == 10
    monkeypatch.setenv("IMPORTER_PAYMENT_SCHEDULE", "30")
    assert load(profile="agency").payment_schedule == 30


def test_an_unknown_profile_names_the_near_match() -> None:
    """A misspelt profile is never the default one."""
    toml(PROFILES)
    error = refused(profile="agenzy")
    assert error.code == "settings.profile"
    assert "agency" in error.message


def test_a_profile_without_a_file_is_refused() -> None:
    """A profile needs a settings file."""
    assert refused(profile="agency").code == "settings.profile"


def test_a_profile_that_is_no_section_is_refused() -> None:
    """``profile = "agency"`` chooses nothing; it is not a section."""
    toml('profile = "agency"')
    assert refused(profile="agency").code in {"settings.profile", "settings.value", "settings.file"}
    assert refused().code in {"settings.profile", "settings.value", "settings.file"}


# --- unknown and wrong --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("payment_scedule = 30", "payment_schedule"),
        ("drafts = false", "draft"),
        ("[profile.x]\nreprots = 'x'", "reports"),
    ],
)
def test_an_unknown_key_of_the_file_names_the_near_match(text: str, near: str) -> None:
    """A misspelt key would be passed over silently."""
    path = toml(text)
    error = refused(profile="x" if "profile" in text else None)
    assert error.code == "settings.unknown"
    assert f"did you mean “{near}”" in error.message
    assert str(path) in error.hint


@pytest.mark.parametrize("line", ["require_approval = true", "largest_invoice = 500", '"Largest total" = 5000'])
@pytest.mark.parametrize("section", ["[workspaces]", "[profile.x.workspaces]"])
def test_a_gate_is_no_name_of_a_project(section: str, line: str) -> None:
    """What is added at the end of the file stands in its last section; there it would guard nothing."""
    toml(f"unattended = true\n{section}\nACME = 101\n{line}\n")
    error = refused(profile="x" if "profile" in section else None)
    assert error.code == "settings.misplaced"
    assert "Move it above" in error.hint


def test_a_project_is_no_yes() -> None:
    """TOML knows ``true``; it is no number of a project."""
    toml("[workspaces]\nACME = true\n")
    assert "not yes or no" in refused().message


def test_a_key_like_no_other_is_an_error_too() -> None:
    """Without a near match the key is still named."""
    toml("zzz = 1")
    assert "“zzz”" in refused().message


@pytest.mark.parametrize(
    ("variable", "near"),
    [("IMPORTER_LEGDER", "IMPORTER_LEDGER"), ("IMPORTER_PAYMENT_SCEDULE", "IMPORTER_PAYMENT_SCHEDULE")],
)
def test_a_misspelt_variable_names_the_near_match(monkeypatch: pytest.MonkeyPatch, variable: str, near: str) -> None:
    """A second ledger by accident would bill twice."""
    monkeypatch.setenv(variable, "x")
    error = refused()
    assert error.code == "settings.unknown"
    assert near in error.message
    assert variable in error.message


@pytest.mark.parametrize(
    ("variable", "value", "name"),
    [
        ("IMPORTER_PAYMENT_SCHEDULE", "soon", "payment_schedule"),
        ("IMPORTER_PAYMENT_SCHEDULE", "-1", "payment_schedule"),
        ("IMPORTER_FRACTIONAL_AMOUNTS", "round", "fractional_amounts"),
        ("IMPORTER_HIDDEN_ROWS", "ignore", "hidden_rows"),
        ("IMPORTER_PACE_PER_SECOND", "0", "pace_per_second"),
        ("IMPORTER_RETRY_SECONDS", "inf", "retry_seconds"),
        ("IMPORTER_RETRY_SECONDS", "-1", "retry_seconds"),
        ("IMPORTER_DRAFT", "maybe", "draft"),
        ("IMPORTER_INVOICE_LINK", "https://x.example/invoices", "invoice_link"),
        ("IMPORTER_INVOICE_LINK", "javascript:{id}", "invoice_link"),
        ("IMPORTER_COLUMNS", "not json", "columns"),
        ("IMPORTER_COLUMNS", '{"workspaceid": ["x"]}', "columns"),
    ],
)
def test_a_wrong_value_names_its_setting(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str) -> None:
    """A wrong value is a settings problem that names the setting, never a traceback."""
    monkeypatch.setenv(variable, value)
    error = refused()
    assert error.code == "settings.value"
    assert name in error.message


def test_a_column_that_does_not_exist_names_the_near_match() -> None:
    """Headers for a misspelt column would never be used."""
    toml('[columns]\nworkspaceid = ["Kunde"]')
    assert "did you mean “workspace_id”" in refused().message


@pytest.mark.parametrize("content", [b"payment_schedule = \n", b"\xff\xfe\x00", b"reports = unquoted"])
def test_a_broken_file_is_named(content: bytes) -> None:
    """A file that is no TOML is a settings problem, not a traceback."""
    Path("importer.toml").write_bytes(content)
    error = refused()
    assert error.code == "settings.file"
    assert "importer.toml" in error.message


def test_a_settings_file_that_was_named_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped path is not the default settings."""
    assert refused(config=Path("nowhere.toml")).code == "settings.file"
    monkeypatch.setenv("IMPORTER_CONFIG", "nowhere.toml")
    assert refused().code == "settings.file"


# --- address ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["https://api.example/api/v1", "http://127.0.0.1:8080/api/v1", "http://localhost:1/x", "http://[::1]:8080/api/v1"],
)
def test_safe_addresses(address: str) -> None:
    """TLS anywhere, and plain http to this machine."""
    assert load(base_url=address).base_url == address


@pytest.mark.parametrize(
    ("address", "account"),
    [
        ("https://API.Example:443/api/v1/", "https://api.example/api/v1"),
        ("https://api.example:8443/api/v1", "https://api.example:8443/api/v1"),
        ("http://localhost:1/x", "http://127.0.0.1:1/x"),
        ("http://[::1]:1/x", "http://127.0.0.1:1/x"),
    ],
)
def test_an_account_has_one_name_however_its_address_is_spelt(address: str, account: str) -> None:
    """Two spellings of one address must not be two ledgers."""
    assert load(base_url=address).account == account


@pytest.mark.parametrize(
    "address",
    [
        "http://api.mavenlink.com/api/v1",
        "http://10.0.0.1/api/v1",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example",
        "http://localhost@evil.example/",
        "https://me:pw@api.example/",
        "ftp://localhost/",
        "api.mavenlink.com",
        "https://",
        "",
        "//localhost/",
    ],
)
def test_a_token_never_travels_in_the_clear(address: str) -> None:
    """Plain http to any other machine, other schemes and addresses with passwords are refused."""
    error = refused(base_url=address)
    assert error.code == "settings.value"
    assert "base_url" in error.message
    assert "me:pw" not in error.message


# --- the token --------------------------------------------------------------------------


def test_the_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """KANTATA_TOKEN is the token; a blank one is none."""
    monkeypatch.setenv("KANTATA_TOKEN", TOKEN)
    assert load().read_token() == TOKEN
    monkeypatch.setenv("KANTATA_TOKEN", "")
    assert load().read_token() is None


def test_no_words_about_settings_show_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """repr, str, dump and errors of settings never hold the token."""
    monkeypatch.setenv("KANTATA_TOKEN", TOKEN)
    settings = load()
    shown = (repr(settings), str(settings), f"{settings}", repr(settings.model_dump()), settings.model_dump_json())
    assert all(TOKEN not in text for text in shown)
    with pytest.raises(SettingsProblem) as caught:
        load(payment_schedule="soon")
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("text", ['token = "{}"', '[profile.x]\ntoken = "{}"', "token_file = '{}'"])
@pytest.mark.parametrize("profile", [None, "x"])
def test_a_token_in_the_settings_file_is_refused(text: str, profile: str | None) -> None:
    """Settings files are shared: a token in one is refused, in any profile, and not repeated."""
    toml(text.format(TOKEN) + ("" if "profile" in text else "\n[profile.x]\n"))
    error = refused(profile=profile)
    assert error.code == "settings.token"
    assert "KANTATA_TOKEN" in error.hint
    assert TOKEN not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("token", ["two words", "line\nend", "tökén", " padded "])
def test_a_mangled_token_is_refused_without_showing_it(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """A token copied with blanks or line ends would travel as something else."""
    monkeypatch.setenv("KANTATA_TOKEN", token)
    with pytest.raises(SettingsProblem) as caught:
        load().read_token()
    assert caught.value.code == "settings.token"
    assert token.strip() not in caught.value.message + caught.value.hint


def token_file(path: Path, mode: int, content: str = TOKEN + "\n") -> Path:
    """Write a token file with a mode."""
    path.write_text(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_token_file_of_the_owner_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    """KANTATA_TOKEN_FILE names it; the line end is no part of the token; KANTATA_TOKEN overrules it."""
    monkeypatch.setenv("KANTATA_TOKEN_FILE", str(token_file(tmp_path / "token", mode)))
    assert load().read_token() == TOKEN
    monkeypatch.setenv("KANTATA_TOKEN", "other")
    assert load().read_token() == "other"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o666])
def test_a_token_file_that_others_can_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    """A token file is for its owner only; the cure is named, the token is not."""
    monkeypatch.setenv("KANTATA_TOKEN_FILE", str(token_file(tmp_path / "token", mode)))
    with pytest.raises(SettingsProblem, match="read by others") as caught:
        load().read_token()
    assert "chmod 600" in caught.value.hint
    assert TOKEN not in caught.value.message


@pytest.mark.parametrize("content", ["", "  \n"])
def test_an_empty_token_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    """An empty file is no token, and not “no token wanted”."""
    monkeypatch.setenv("KANTATA_TOKEN_FILE", str(token_file(tmp_path / "token", 0o600, content)))
    with pytest.raises(SettingsProblem):
        load().read_token()


def test_a_missing_token_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped path is not “no token”."""
    monkeypatch.setenv("KANTATA_TOKEN_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsProblem, match="cannot be read"):
        load().read_token()


# --- small ones -------------------------------------------------------------------------


def test_the_link_has_a_place_for_the_id() -> None:
    """Without it every invoice would have the same web address."""
    assert load().invoice_link == "https://app.mavenlink.com/invoices/{id}"


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12345.50", Decimal("12345.5")),
        ("12,345.50", Decimal("12345.5")),
        ("1.200,00", Decimal(1200)),
        ("-5", Decimal(-5)),
        (None, None),
    ],
)
def test_expected_totals(text: str | None, amount: Decimal | None) -> None:
    """--expect-total is an exact amount."""
    assert expected_amount(text) == amount


@pytest.mark.parametrize("text", ["1.200", "1,200", "abc", "nan", "inf", "", "EUR 5"])
def test_an_expected_total_that_is_none_is_refused(text: str) -> None:
    """A gate that cannot be read must not stand open."""
    with pytest.raises(SettingsProblem):
        expected_amount(text)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('draft = "ja"', "it must be true or false"),
        ('workers = "many"', "it must be a whole number"),
        ("workers = 0", "it must be 1 or more"),
        ('hidden_rows = "hide"', "it must be 'warn', 'skip' or 'refuse'"),
        ('largest_total = "200.000"', "“200.000” could mean two amounts"),
        ('largest_total = "much"', "“much” is not an amount"),
        ("largest_total = -1", "it must be 0 or more"),
        ('payment_schedule = "Net soon"', "it must be a number of days from 0 to 9999"),
        ('inbox = ""', "it names no folder"),
        ("reports = 5", "it must be the name of a file or folder"),
    ],
)
def test_a_wrong_value_is_explained_in_words(line: str, said: str) -> None:
    """What it must be, and where it stands; no word of the program's own."""
    path = toml(line)
    with pytest.raises(SettingsProblem) as caught:
        load()
    assert said in caught.value.message
    assert caught.value.hint == f"Correct {path}."
    assert "nput should" not in caught.value.message


def test_the_hint_names_the_one_place_where_the_value_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag, a variable or a section: where to look is said once."""
    path = toml("workers = 2\n[profile.p]\nworkers = 0")
    with pytest.raises(SettingsProblem) as caught:
        load(profile="p")
    assert caught.value.hint == f"Correct {path} [profile.p]."
    monkeypatch.setenv("IMPORTER_WORKERS", "x")
    with pytest.raises(SettingsProblem) as caught:
        load()
    assert caught.value.hint == "Correct IMPORTER_WORKERS."
    with pytest.raises(SettingsProblem) as caught:
        load(workers="x")
    assert caught.value.hint == "Correct the flag."


@pytest.mark.parametrize(
    "content",
    ["Largest_total = 5", "largest_total = 5\n[profile.p]\nLargest_total = 1", "[profile.other]\nlargest_totl = 1"],
)
def test_a_name_in_capitals_or_in_an_unused_profile_is_refused_too(content: str) -> None:
    """A limit that is passed over because of its spelling would guard nothing."""
    toml(content)
    with pytest.raises(SettingsProblem, match="did you mean “largest_total”"):
        load()


def test_amounts_and_days_are_read_as_in_the_sheet() -> None:
    """“200,000.00” and “Net 30” mean one thing only."""
    toml('largest_total = "200,000.00"\npayment_schedule = "Net 30"')
    assert (load().largest_total, load().payment_schedule) == (200_000, 30)


def test_every_setting_is_described() -> None:
    """The README's table is made from the descriptions."""
    assert all(field.description and field.description.endswith(".") for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    ("before", "word"),
    [("KANTATA_TOKEN=", "KANTATA_TOKEN"), ("export KANTATA_TOKEN=", "export"), ("Bearer ", "Bearer")],
)
def test_what_was_copied_along_with_a_token_is_said(tmp_path: Path, before: str, word: str) -> None:
    """Otherwise Kantata refuses it, and nobody sees why; the token itself is not shown."""
    (file := tmp_path / "token").write_text(f"{before}s3cret")
    file.chmod(0o600)
    with pytest.raises(SettingsProblem, match=f"begins with .{word}") as raised:
        load(token_file=str(file)).read_token()
    assert "s3cret" not in f"{raised.value.message} {raised.value.hint}"


def test_a_mark_that_windows_puts_in_front_of_a_token_is_none_of_it(tmp_path: Path) -> None:
    """Notepad saves it with every file."""
    (file := tmp_path / "token").write_text("s3cret\r\n", encoding="utf-8-sig")
    file.chmod(0o600)
    assert load(token_file=str(file)).read_token() == "s3cret"


def test_a_password_in_the_query_of_a_ledger_address_is_not_shown() -> None:
    """Also not the part of it behind an @ that should have been written %40."""
    assert "ret" not in without_secret("ledger", "postgresql://h/db?user=x&password=sec@ret")
    assert without_secret("ledger", "postgresql://u:p?x@h/db?sslmode=require") == "postgresql://h/db"
