"""Texts that a client reads: what a program or a template left in them is refused, or shown to a person."""

from __future__ import annotations

import re
from html import unescape

from importer.values.readings import SURE_DIGITS, Unreadable, number_of, unreadable

LONGEST_TEXT = 32_767
"""Characters that fit into one cell of Excel; the results must be able to hold what was sent."""

# --- errors of formulas ---

_ERROR_VALUES = frozenset(
    "#N/A #NV #N/D #ND #N/DISP #Н/Д #HIÁNYZIK #YOK #I/T #N/B #NENÍ_K_DISPOZICI #GETTING_DATA =…".split(),
)
"""How error cells read that end in no mark, in several languages, and formulas without a result."""
_ERROR_WORD = re.compile(r"#[¡¿]?[^\W\d_][^\W_]*(?:/[^\W_]+)?[!?]")
"""Other error cells, in capitals: #REF!, #BEZUG!, #¿NOMBRE?."""
_ERROR_NUMBER = r"(?:Err|Fehler|Erreur|Errore|Erro) ?: ?[0-9]{3}"
"""Error cells of LibreOffice."""
_ERROR_ALONE = re.compile(rf"{_ERROR_NUMBER}|#{{3,}}")
_ERROR_NAMES = (
    "NULL DIV/0 VALUE REF NAME NUM SPILL CALC FIELD BLOCKED UNKNOWN CONNECT BUSY ERROR "
    "WERT BEZUG ZAHL ÜBERLAUF KALK NUL VALEUR NOM NOMBRE PROPAGATION NULO VALOR NÚM DESBORDAMIENTO "
    "NULLO VALORE RIF NOME LEEG DEEL/0 WAARDE VERW NAAM GETAL OVERLOOP VÆRDI REFERENCE NAVN VERDI "
    "VÄRDEFEL REFERENS NAMN OGILTIGT JAKO/0 ARVO VIITTAUS NIMI LUKU DZIEL/0 ARG ADR NAZWA LICZBA "
    "HODNOTA ODKAZ NÁZEV ČÍSLO ÉRTÉK HIV NÉV SZÁM SAYI/0 DEĞER BAŞV AD SAYI ДЕЛ/0 ЗНАЧ ССЫЛКА ИМЯ ЧИСЛО"
).split()
_ERROR_WITHIN = re.compile(
    rf"(?<!\w)(?:#[¡¿]?(?:{'|'.join(_ERROR_NAMES)})[!?]|#(?:N/A|NV|N/D|N/DISP|Н/Д)(?!\w)|{_ERROR_NUMBER}(?!\w))|#{{5,}}"
)
"""Error values as a part of a text; a hash before other words is no error: #4711, #GO!."""

# --- words for nothing, and what a template left ---

_WORDS_FOR_NOTHING = frozenset(
    (
        "nan nat n/a n.a. n.v.t. #n/a <na> null <null> (null) \\n none (none) nil (blank) (empty) #empty undefined"
    ).split()
)
"""What programs write for an empty cell, in lower case."""
_NOT_STATED = frozenset({"k.a.", "k.A."})
"""German for “not stated”; “K.A.” may be a code or initials."""
_TO_BE_DONE = frozenset("todo tbd tbc tba fixme xxx xxxx ???".split())
"""Texts, in lower case and without points, that stand for one still to come."""
_BLANK_FOR = (
    "client|client name|customer|customer name|company|company name|name|your name|project|project name|month|year|date"
    "|amount|description|text|placeholder|title|address|number|po number|invoice number|service|period"
    "|kunde|kundenname|firma|projekt|projektname|monat|jahr|datum|betrag|beschreibung|leistung|zeitraum"
    "|nom|projet|mois|année|montant|cliente|nombre|proyecto|mes|fecha|importe"
)
_BLANK = (
    rf"(?:\[|<) ?(?:(?:insert|enter|your) )?(?:{_BLANK_FOR}|insert [\w ]{{1,40}}|enter [\w ]{{1,40}}|\.{{3}}|…) ?[\]>]"
)
_BLANK_ALONE = re.compile(_BLANK, re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"\{\{[^{}]{0,80}\}\}|\{%[^{}]{0,80}%\}|\$\{[^{}]{0,80}\}|<%[^<>]{0,80}%>|<<[^\s<>](?:[^<>]{0,60}[^\s<>])?>>"
    r"|%\(\w{1,40}\)s|\[object Object\]|\bLorem ipsum\b"
)
_DOUBTFUL = re.compile(
    rf"\b(?:TODO|TBD|TBC|FIXME|XXX+|undefined|NaN|null)\b|\{{[A-Za-z_][\w .]{{0,40}}\}}|%[A-Z_]{{3,40}}%|_{{4,}}"
    rf"|(?i:{_BLANK})"
)
"""Placeholders that a person could mean as well, and letters as a workbook, JSON or an address writes them."""
_ESCAPED = re.compile(r"_x00[01][0-9A-Fa-f]_|\\u0[0-9a-f]{3}|%C3%[89AB][0-9A-F]")
_ESCAPES = ("_x00", "\\u0", "%C3%")
"""How these begin: looked for first, as that costs hardly anything."""
_LOST_LETTER = re.compile(r"[^\W\d_]{1,40}[?¸³‰¤¬¦][^\W\d_]{1,40}")
"""M?ller, M¸ller: a letter that a program could not write, or wrote in another code."""
LONGEST_ALONE = 20
"""Characters of a text that may be nothing else; most texts are longer."""
_LEFT_ALONE = re.compile(
    r"=[+-]?(?:[A-Z][A-Z.]{1,20}\(.*|\$?[A-Z]{1,3}\$?[0-9]{1,7}(?:[-+*/&:].*)?)"
    r"|(?:Loading|Wird geladen|Chargement|Cargando|Caricamento|Laden)\s?(?:\.{3}|…)"
    r"|(?:XX|DD|TT|MM|JJ|YY|[._/ -]){2,}\d*|[^\w\s]{1,3}"
)
"""Whole texts: a formula that was never one, what an online sheet shows while it loads, a date to come, marks alone."""

# --- damage ---

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202e]")
_LATER_BYTE = "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
"""A byte within a UTF-8 character, as Windows-1252 or Latin-1 shows it."""
_DAMAGED = re.compile(
    f"\ufffd|[ÂÃ]{_LATER_BYTE}|[ÄÅ](?![‘’“”]){_LATER_BYTE}|â[€\x80]|â[\x81‚\x82ƒ\x83„\x84…\x85†\x86]{_LATER_BYTE}"
    f"|ï¿½|ï»¿|ð[Ÿ\x9f]|(?:[ÐÑ]{_LATER_BYTE}){{2}}"
    "|√[†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø]|‚(?:Ç¨|Ä[ìîúùôò¢¶])"
    "|[├┬][^\\s├┬─┐┘┤]|Ă[¤¶©§¨°±¸ĽľŁłŹźˇ˘˙˛˝„…†‡‰‹›]"
)
"""The mark of a lost letter, and UTF-8 text that was read as Windows-1252 (Ã© for é, â‚¬ for €), as Mac Roman, as
code page 850 or as Windows-1250."""
_HTML = re.compile(
    r"&(?:#[0-9]{1,6}|#[xX][0-9a-fA-F]{1,5}|[A-Za-z]{2,8}[0-9]{0,2});|</?(?:br|p|div|span|b|i|li|ul) ?/?>"
)


def text_of_cell(raw: object) -> str | Unreadable:
    """Read a cell of a column of texts."""
    if isinstance(raw, str):
        return _typed_text(raw.strip())
    if isinstance(raw, bool):
        return "TRUE" if raw else "FALSE"
    if isinstance(raw, float) and abs(raw) >= 10**SURE_DIGITS:
        return unreadable("*.too_many_digits:text", digits=SURE_DIGITS)
    number = number_of(raw)
    if number is None:
        return unreadable("*.is_a_date")
    return format(number.normalize(), "f")


def _typed_text(text: str) -> str | Unreadable:
    if len(text) > LONGEST_TEXT:
        return unreadable("*.too_long", most=LONGEST_TEXT)
    return _rubbish(text) or _rubbish_within(text) or text


def _rubbish(text: str) -> Unreadable | None:
    """Why a text is none at all; None when it is one."""
    if text in _ERROR_VALUES or (text.isupper() and _ERROR_WORD.fullmatch(text)):
        return unreadable("*.error_value:text")
    if _ERROR_ALONE.fullmatch(text):
        return unreadable("*.error_value:narrow" if text[0] == "#" else "*.error_value:text")
    word = text.lower()
    if word in _WORDS_FOR_NOTHING or text in _NOT_STATED:
        return unreadable("*.word_for_nothing")
    if word.replace(".", "").rstrip(":!") in _TO_BE_DONE or _BLANK_ALONE.fullmatch(text):
        return unreadable("*.placeholder:alone")
    return None


def _rubbish_within(text: str) -> Unreadable | None:
    """Why a part of a text is none; None when there is nothing of the kind."""
    if match := _ERROR_WITHIN.search(text):
        return unreadable("*.error_value:within", found=match[0])
    if match := _PLACEHOLDER.search(text):
        return unreadable("*.placeholder", found=match[0])
    if not text.isascii() and _DAMAGED.search(text):
        return unreadable("*.damaged_text")
    if _CONTROL.search(text):
        return unreadable("*.damaged_text:control")
    if any(code[0] == "<" or unescape(code) != code for code in _HTML.findall(text)):
        return unreadable("*.html")
    return None


def doubtful_part(text: str) -> str | None:
    """What a program or a template may have left in a text, though a person could mean it."""
    if match := (len(text) <= LONGEST_ALONE and _LEFT_ALONE.fullmatch(text)) or _DOUBTFUL.search(text):
        return match[0]
    if any(sign in text for sign in _ESCAPES) and (match := _ESCAPED.search(text)):
        return match[0]
    if "/" in text or (match := _LOST_LETTER.search(text)) is None:
        return None  # in a web address a question mark stands between letters
    return match[0]
