"""Secrets are hidden in everything that is written, however they are spelt there."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

import pytest

from importer.settings import redaction
from importer.settings.redaction import keep_secret, redacted

SECRET = "se/kret+4f1d&8c"  # noqa: S105 - planted
SPELT = {
    "plain": SECRET,
    "base64": base64.b64encode(f"Bearer {SECRET}".encode()).decode(),
    "HTML": html.escape(SECRET),
    "address twice": quote(quote(SECRET, ""), ""),
    "JSON escapes": json.dumps("".join(f"\\u{ord(letter):04x}" for letter in SECRET)).replace("\\\\", "\\"),
}


@pytest.mark.parametrize("how", SPELT)
def test_a_secret_is_hidden_in_every_form(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in answers of Kantata: base64, HTML, addresses, escapes of JSON."""
    monkeypatch.setattr(redaction, "_secrets", set())
    keep_secret(SECRET)
    shown = redacted(f"before {SPELT[how]} after")
    assert SPELT[how] not in shown
    assert "4f1d" not in shown
    assert "(hidden)" in shown
    assert shown.startswith("before ")
