"""The access token: from the environment, a file of the owner, or the keyring of the operating system."""

from __future__ import annotations

import importlib.util
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from importer.model.errors import SettingsProblem
from importer.model.messages import error
from importer.settings.redaction import keep_secret
from importer.settings.trust import bind

if TYPE_CHECKING:
    from importer.settings.model import Settings

T = TypeVar("T")

SERVICE = "invoice-importer"
"""Name of the program in the keyring; the entry's user name is the account."""
KEYRING_SECONDS = 20
"""A locked keyring waits for a person; a run of the scheduler must not."""


def find_token(settings: Settings) -> tuple[str | None, str]:
    """Return the token, or None and the reason in a sentence.

    Raises SettingsProblem for one that cannot be used, or was used with another host so far.
    """
    token, why = _found(settings)
    if token is not None:
        bind(token, settings.base_url)
    return token, why


def rebind(settings: Settings) -> None:
    """Let the token go to the host of these settings from now on. Raises SettingsProblem."""
    token, _ = _found(settings)
    if token is not None:
        bind(token, settings.base_url, again=True)


def _found(settings: Settings) -> tuple[str | None, str]:
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
        raise error(SettingsProblem, "settings.keyring:package")


def _asked(question: Callable[..., T]) -> T:
    """Ask the keyring, but not for ever. Raises SettingsProblem when it does not answer."""
    answers: queue.Queue[T | Exception] = queue.Queue()

    def ask() -> None:
        try:
            import keyring

            answers.put(question(keyring))
        except Exception as why:  # noqa: BLE001 - a person gets a sentence, whatever failed
            answers.put(why)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=KEYRING_SECONDS)
    except queue.Empty:
        answer = TimeoutError()
    if isinstance(answer, Exception):
        raise error(SettingsProblem, "settings.keyring", why=_why(answer)) from None
    return answer


def _why(failure: Exception) -> str:
    """What a person can do something with; never what the keyring says, which might hold the secret."""
    words = {
        "NoKeyringError": "there is none",
        "KeyringLocked": "it is locked",
        "TimeoutError": f"it did not answer within {KEYRING_SECONDS} seconds",
        "PasswordSetError": "it refuses to store",
        "PasswordDeleteError": "it refuses to delete",
    }
    return words.get(type(failure).__name__, type(failure).__name__)
