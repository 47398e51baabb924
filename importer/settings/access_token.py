"""The access token: from the environment, a file of the owner, or the keyring of the operating system."""

from __future__ import annotations

import importlib.util
import queue
import threading
from typing import TYPE_CHECKING, TypeVar

from importer.model.errors import SettingsProblem
from importer.settings.redaction import keep_secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.settings.model import Settings

T = TypeVar("T")

SERVICE = "invoice-importer"
"""Name of the program in the keyring; the entry's user name is the account."""
KEYRING_SECONDS = 20
"""A locked keyring waits for a person; a run of the scheduler must not."""
ELSEWHERE = "Put the token into the environment variable KANTATA_TOKEN, or its file's path into KANTATA_TOKEN_FILE."


def find_token(settings: Settings) -> tuple[str | None, str]:
    """Return the token, or None and the reason in a sentence. Raises SettingsProblem for one that cannot be used."""
    token, why = settings.read_token(), "No access token is set."
    if token is None:
        try:
            token = stored(settings.account)
        except SettingsProblem as problem:
            why = f"No access token is set, and {problem.message[0].lower()}{problem.message[1:]}"
    keep_secret(token)
    return token, why


def stored(account: str) -> str | None:
    """Token of an account in the keyring; None without one, or without the extra. Raises SettingsProblem."""
    if importlib.util.find_spec("keyring") is None:
        return None
    token: str | None = _asked(lambda keyring: keyring.get_password(SERVICE, account))
    return token


def store(account: str, token: str) -> None:
    """Put the token of an account into the keyring. Raises SettingsProblem."""
    _need_keyring()
    _asked(lambda keyring: keyring.set_password(SERVICE, account, token))


def forget(account: str) -> bool:
    """Delete the token of an account from the keyring; False when there was none. Raises SettingsProblem."""
    _need_keyring()
    if stored(account) is None:
        return False
    _asked(lambda keyring: keyring.delete_password(SERVICE, account))
    return True


def _need_keyring() -> None:
    if importlib.util.find_spec("keyring") is None:
        msg = "The keyring of the operating system needs the package keyring."
        hint = f'Install it: pipx install "kantata-invoice-importer[keyring]". {ELSEWHERE}'
        raise SettingsProblem(msg, hint, code="settings.keyring")


def _asked(question: Callable[..., T]) -> T:
    """Ask the keyring, but not for ever. Raises SettingsProblem when it does not answer."""
    answers: queue.Queue[T | Exception] = queue.Queue()

    def ask() -> None:
        try:
            import keyring

            answers.put(question(keyring))
        except Exception as error:  # noqa: BLE001 - a person gets a sentence, whatever failed
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=KEYRING_SECONDS)
    except queue.Empty:
        answer = TimeoutError()
    if isinstance(answer, Exception):
        msg = f"The keyring cannot be used here ({_why(answer)})."
        hint = f"Schedulers such as cron run outside the desktop session that unlocks it. {ELSEWHERE}"
        raise SettingsProblem(msg, hint, code="settings.keyring") from None
    return answer


def _why(error: Exception) -> str:
    """What a person can do something with; never what the keyring says, which might hold the secret."""
    words = {
        "NoKeyringError": "there is none",
        "KeyringLocked": "it is locked",
        "TimeoutError": f"it did not answer within {KEYRING_SECONDS} seconds",
        "PasswordSetError": "it refuses to store",
        "PasswordDeleteError": "it refuses to delete",
    }
    return words.get(type(error).__name__, type(error).__name__)
