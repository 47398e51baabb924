"""What an unknown header probably means, by its words alone: one rule for warnings, errors, ``map`` and the app.

A header is taken apart to words, each word to the ideas that it stands for in four languages and their neighbours
(“Projekt-Kennung” is a project and a number); the first rule whose ideas are all there names the column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from importer.model.columns import BY_NAME, NAME_OF_PROJECT
from importer.model.headers import bare, fold, without_currency
from importer.values.header_ideas import IDEAS, RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NEAR = 83
"""Likeness (rapidfuzz ratio, 0 to 100) from which an unknown header counts as a misspelling."""
ALIKE = 60
"""Likeness from which a header is named as the nearest to a missing one."""
NEAR_WORD = 86
"""Likeness from which a long word counts as a misspelt one."""
LONG_WORD = 6
"""Letters from which a word may be misspelt."""
LONG_STEM = 5
"""Letters from which a stem is looked for within words, as German puts them together: Projektnummer."""
FOREIGN_WORD = 3
"""Letters from which a sound word may tell two headers apart."""
LONGEST = 100
"""Characters of a header whose words are looked at."""
MOST_WORDS = 10
SHORT_STEM = 3
"""Letters from which the end of a long word, or a word that a point cuts short, is understood: Dezimalzeit, Proy."""
LONG_REST = 4
"""Letters from which the rest of a word that is put together says something of its own: Projekt-verantwortung."""
_CAMEL = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Ý])")
_WORD = re.compile(r"[^\W_]+|[%#°º]")
_INITIALS = re.compile(r"\b([^\W\d_])\.([^\W\d_])\b\.?")
"""Two letters with points, such as “O.C.”, which are one word."""
_SUBJECTS = tuple("zeit satz wert tage tag uren prijs".split())
"""Short words that German and Dutch put at the end of long ones."""
_ENDINGS = ("s", "n", "en", "es", "e")
"""Of the plural."""
_CUT = re.compile(r"([^\W\d_]{3,})\.")
"""A word that a point cuts short."""
_FILLING = frozenset(
    "the a of for to in per each and or de du des la le les l d el del los y et der die das des fur vom au aux "
    "zu zur zum und pro je am im an by a au in within innerhalb nach ab di della dello van het te da il e en".split()
)
"""Words that say nothing of their own."""
_CLEAR = frozenset(
    "discount draft currency taxable due terms message tax hours quantity text person place mail made internal".split()
)
"""Ideas of which one word is enough."""


_TO_DATE = re.compile(r"\b(?:to date|so far|a ce jour|a la fecha|hasta la fecha|tot nu toe|tot heden|ad oggi|finora)\b")
"""Words that together say that a sum is of all months until now."""
_TO_BILL = re.compile(
    r"\b(?:to|zu|a|da|te) (?:be )?(?:bill|billed|invoice|invoiced|charge|berechnen|verrechnen|fakturieren|facturer"
    r"|facturar|fatturare|factureren)\b|\babzurechnen"
)
_NO_SUM = frozenset({"hours", "quantity", "date", "text", "project", "client", "person", "number", "paid", "elsewhere"})
"""Ideas beside which “to bill” speaks of no sum, or of another one."""


_BY_PERSON = re.compile(r"\b(?:by|durch|von|par|por|door|da)$")
"""Words after which a person would stand: “done by”."""
_PER_UNIT = re.compile(r"\b(?:per|pro|par|por|je|au|al) (?!\d)")
"""Words between a price and what it is for: “price per page”, “prix au mot”."""
_BILLED_ONCE = frozenset("line invoice project vague client total date task milestone person elsewhere".split())
"""Ideas of what has one price: “Betrag pro Monat” is none of a unit."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the words of a header say."""

    column: str | None
    """Name of the column, sent or compared; None: nothing for billing."""
    sure: bool
    """Whether two words say it, or a known header is nearly the same; one word alone has many meanings."""


def misspelt(text: str, known: Mapping[str, str]) -> str | None:
    """Column that a misspelt header may mean; None when none is near."""
    from rapidfuzz import fuzz, process  # most headers are known

    folded = fold(text)
    for name, _, _ in process.extract(folded, list(known), scorer=fuzz.ratio, score_cutoff=NEAR, limit=5):
        is_another = _has_another_word(folded, name) or _has_foreign_word(text, name)
        if not is_another and not _says_otherwise(text, known[name]):
            return known[name]
    return None


def is_sound(text: str) -> bool:
    """Tell whether each word of a text is understood as it is written, and each part of a word."""
    return all(word in _FILLING or _is_sound_word(word) for word in words_of(text))


def _is_sound_word(word: str) -> bool:
    ideas = _ideas_in(word)
    return bool(ideas) and "else" not in ideas


def _says_otherwise(text: str, column: str) -> bool:
    """Tell whether all words of a header are sound and mean another column: “Positionswert” is no “Positionsart”."""
    words = words_of(text)
    if not words or not is_sound(text):
        return False
    meaning = meaning_of(text)
    return len(words) > 1 if meaning is None else meaning.column != column


def _has_foreign_word(text: str, other: str) -> bool:
    """Tell whether a sound word of a header is no part of the other one: “External Reference URL” is no status."""
    return any(word in _BY_WORD and len(word) >= FOREIGN_WORD and word not in bare(other) for word in words_of(text))


def _has_another_word(text: str, other: str) -> bool:
    """Tell whether one is the other plus a word: “Client” is no misspelt “Client PO”."""
    short, long = sorted((text, other), key=len)
    return len(long) - len(short) > 1 and (long.startswith(short) or long.endswith(short))


def meaning_of(header: str) -> Meaning | None:
    """What the words of a header say; None when they say nothing."""
    return next(meanings_of(header), None)


def meanings_of(header: str) -> Iterator[Meaning]:
    """What the words of a header can mean, the likeliest first."""
    yield from _said_by_phrase(header)
    ideas = ideas_of(header)
    for column, needed, excluded in RULES:
        if ideas.issuperset(needed.split()) and ideas.isdisjoint(excluded.split()):
            several = " " in needed or (needed in _CLEAR and "vague" not in ideas)
            is_price = column == "amount" and "price" in ideas and "total" not in ideas  # perhaps that of one unit
            yield Meaning(column, several and is_sound(header) and not is_price)


def _said_by_phrase(header: str) -> Iterator[Meaning]:
    """What words say together in their order: “billed to date” is of all months, “to bill” is an amount."""
    text = " ".join(words_of(header))
    if _TO_DATE.search(text) or (_BY_PERSON.search(text) and "did" in ideas_of(header)):
        yield Meaning(None, sure=False)
    elif _TO_BILL.search(text) and ideas_of(header).isdisjoint(_NO_SUM):
        yield Meaning("amount", sure=False)
    elif _PER_UNIT.search(text) and _speaks_of_money(header) and ideas_of(header).isdisjoint(_BILLED_ONCE):
        yield Meaning("rate", sure=False)


def _speaks_of_money(header: str) -> bool:
    return "money" in ideas_of(header) or without_currency(header[:LONGEST])[1] is not None


def ideas_of(text: str) -> set[str]:
    """What the words of a text speak of."""
    cut = {bare(word) for word in _CUT.findall(text[:LONGEST])}
    ideas: set[str] = set()
    for word in words_of(text):
        ideas |= _ideas_in(word, is_cut=word in cut)
    return ideas


def likely_column(header: str, present: set[str | None]) -> str | None:
    """Absent column that the words of a header probably mean; None when they say nothing for sure.

    Never the name of the project: “Project manager” is none.
    """
    meaning = meaning_of(header)
    if meaning is None or meaning.column in present or meaning.column not in BY_NAME:
        return None
    return None if meaning.column == NAME_OF_PROJECT else meaning.column


def nearest_header(headers: Iterable[str], name: str, known: Mapping[str, str]) -> str | None:
    """The header that is most like those of a column; None when none is like them."""
    from rapidfuzz import fuzz, process

    nearest, best = None, float(ALIKE)
    names = [header for header, meant in known.items() if meant == name]
    for header in headers:
        found = process.extractOne(fold(header), names, scorer=fuzz.ratio, score_cutoff=best)
        if found is not None and (found[1] > best or nearest is None):
            nearest, best = header, found[1]
    return nearest


def words_of(header: str) -> list[str]:
    """The words of a header: in small letters, without accents; “unitPrice” and “unit_price” are two."""
    text = _INITIALS.sub(r"\1\2", _CAMEL.sub(" ", without_currency(header[:LONGEST])[0]))
    return [bare(word) for word in _WORD.findall(text)][:MOST_WORDS]


@lru_cache(maxsize=1000)
def _ideas_in(word: str, *, is_cut: bool = False) -> frozenset[str]:
    """The ideas that a word stands for; of a long one also those of its parts, or of the word it is misspelt from.

    ``is_cut``: whether a point stands behind it.
    """
    if word in _BY_WORD:
        return _BY_WORD[word]
    if singular := _singular(word):
        return _BY_WORD[singular]
    parts = _parts(word)
    if parts:
        return frozenset().union(*(_BY_WORD[part] for part in parts))
    if is_cut and (found := _ideas_of_cut(word)):
        return found
    return _ideas_within(word, is_cut=is_cut) or _ideas_of_end(word)


def _singular(word: str) -> str | None:
    """The known word of which a long one is the plural."""
    if len(word) <= LONG_WORD:
        return None
    singulars = [word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending)]
    return next((singular for singular in singulars if singular in _BY_WORD), None)


def _parts(word: str) -> tuple[str, ...]:
    """The known words that together are a word, as few as can be: “Erlöskonto” is no “Skonto”; () for another."""
    best: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(SHORT_STEM, len(word) + 1):
        for begin in sorted(best, key=lambda place: len(best[place])):
            part = word[begin:end].removeprefix("s" if begin else "")
            is_shorter = end not in best or len(best[begin]) + 1 < len(best[end])
            if len(part) >= SHORT_STEM and part in _BY_WORD and is_shorter:
                best[end] = (*best[begin], part)
    return best.get(len(word), ())


def _ideas_within(word: str, *, is_cut: bool) -> frozenset[str]:
    """What the long known words within a word say; “else” too, where much of it is not understood."""
    found: set[str] = set()
    rest = word
    for stem in _STEMS:
        if stem in rest:
            found |= _BY_WORD[stem]
            rest = rest.replace(stem, " ")
    if not found:
        return _misspelt_word(word) if len(word) >= LONG_WORD else frozenset()
    for part in rest.split():
        found |= _ideas_of_rest(part, is_cut=is_cut and word.endswith(part))
    return frozenset(found)


def _ideas_of_rest(part: str, *, is_cut: bool) -> frozenset[str]:
    """What stands in a word beside the long known ones."""
    ideas = _BY_WORD.get(part) or _BY_WORD.get(part.removeprefix("s"))
    if ideas is None and is_cut:
        ideas = _ideas_of_cut(part)
    if ideas:
        return ideas
    return frozenset({"else"}) if len(part) >= LONG_REST else frozenset()


def _ideas_of_end(word: str) -> frozenset[str]:
    """What the end of a long word says, where German and Dutch put its subject: “Dezimalzeit” is a time."""
    ends = [end for end in _SUBJECTS if word.endswith(end) and len(word) >= len(end) + LONG_REST]
    return _BY_WORD[ends[0]] if ends else frozenset()


@lru_cache(maxsize=1000)
def _ideas_of_cut(word: str) -> frozenset[str]:
    """What all words have in common that begin like one which a point cuts short: “Proy.”, “Bem.”."""
    if len(word) < LONG_REST:
        return frozenset()
    longer = [ideas for full, ideas in _BY_WORD.items() if full.startswith(word)]
    return frozenset.intersection(*longer) if longer else frozenset()


def _misspelt_word(word: str) -> frozenset[str]:
    from rapidfuzz import fuzz, process

    alike = [stem for stem in _STEMS if stem[0] == word[0]]  # the first letter is seldom the wrong one
    near = process.extractOne(word, alike, scorer=fuzz.ratio, score_cutoff=NEAR_WORD)
    return frozenset() if near is None else _BY_WORD[near[0]]


def _by_word() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for idea, words in IDEAS.items():
        for word in words.split():
            found.setdefault(bare(word), set()).add(idea)
    return {word: frozenset(ideas) for word, ideas in found.items()}


_BY_WORD = _by_word()
_STEMS = sorted((word for word in _BY_WORD if len(word) >= LONG_STEM), key=len, reverse=True)
"""The longest first: “Einzelpreis” before “Preis”."""
