"""Invoice keys: what looks the same is the same key."""

from __future__ import annotations

import pytest

from importer.values.keys import alike, key_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Mu\u0308ller", "Müller"),
        ("ACME\u2011OCT", "ACME-OCT"),
        ("ACME\u2010OCT", "ACME-OCT"),
        ("ACME\u200b-OCT\ufeff", "ACME-OCT"),
        ("AC\u00adME", "ACME"),
        (" ACME\u00a0 OCT ", "ACME OCT"),
    ],
)
def test_keys_that_look_the_same_are_the_same(one: str, other: str) -> None:
    """Composed letters, kinds of hyphens and blanks, and signs that cannot be seen."""
    assert key_of(one) == key_of(other) == other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ACME", "acme"),
        ("A C", "AC"),
        ("1", "01"),
        ("1", "1.0"),
        ("2026.1", "2026.10"),
        ("INV-01", "INV-1"),
        ("A–1", "A-1"),
        ("ＡＣＭＥ", "ACME"),
        ("АСМЕ", "ACME"),
        ("INV-1O0", "INV-100"),
        ("INV-O1", "INV-1"),
        ("A1", "Al"),
        ("Phase I", "Phase 1"),
    ],
)
def test_keys_that_look_alike_are_two_keys_that_are_shown(one: str, other: str) -> None:
    """Case, blanks, zeros, dashes, letters of other alphabets, and letters for digits."""
    assert key_of(one) != key_of(other)
    assert alike(key_of(one)) == alike(key_of(other))


@pytest.mark.parametrize(
    ("one", "other"), [("ACME-1", "ACME-10"), ("ACME-1", "ACME-2"), ("1", "10"), ("Müller", "Muller"), ("1.01", "1.1")]
)
def test_keys_that_differ_are_not_alike(one: str, other: str) -> None:
    """A letter, a digit or its place makes another invoice."""
    assert alike(one) != alike(other)
