"""Compare what Kantata holds of an invoice with what was sent: to the cent, and field by field. Pure.

What an answer does not show is said to be unread, never taken as equal: an answer
may leave associations out, and holds nulls and blanks (docs/kantata.md section 1).
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from importer.kantata.fields import ID_LISTS
from importer.kantata.payload import tidy
from importer.kantata.snapshot import digest_of, snapshot_of, with_cents
from importer.model.answers import Difference, ShownItem, TieOut
from importer.model.columns import BY_NAME, ITEM_TYPE_TITLES
from importer.model.invoices import ItemType
from importer.model.words import money

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.model.answers import ReadBack, Shown
    from importer.model.plans import PlannedInvoice

HEADER = (
    "invoice_date",
    "payment_schedule",
    "user_invoice_number",
    "user_invoice_title",
    "purchase_order",
    "project_code",
    "message",
)
ITEM_LISTS = {ItemType.FIXED_FEE: "fixed_fee_items", ItemType.ADDITIONAL: "additional_items"}
_MORE_TITLES = {
    "recipient_id": "recipient",
    "user_id": "owner",
    "tax_rate": "tax rate",
    "balance_in_cents": "balance in cents",
    "due_date": "due date",
}
NOTHING = "nothing"
DRAFT = "draft"
"""Name of the difference between a draft and an issued invoice."""
MOST_SAID = 5
"""Differences of one invoice that its reason names; the count says how many more there are."""
LONGEST_SAID = 200
"""Characters of one value as the reason shows it."""
MOST_IDS = 10
"""Ids named in one difference."""
ADVICE = "Open the invoice in Kantata and compare it with these rows; correct it there, or undo it and bill it again."
READ_IT = "Open the invoice in Kantata and compare it with these rows."


@dataclass(frozen=True, slots=True)
class _Sent:
    """A fixed-fee or additional item as it was sent."""

    item_type: ItemType
    amount: Decimal
    notes: str
    fields: dict[str, object]
    """taxable, story_id and workspace_id, as far as they were sent."""

    @property
    def name(self) -> str:
        kind = ITEM_TYPE_TITLES[self.item_type].lower()
        return f"{kind} “{self.notes}”" if self.notes else kind


def tied(one: PlannedInvoice, read_back: ReadBack | None) -> PlannedInvoice:
    """The invoice with what Kantata holds of it, and a loud reason when that is not what was sent."""
    result = tie_out(one.payload or {"invoice": {}}, read_back.shown if read_back else None)
    one = replace(one, read_back=read_back or one.read_back, tie_out=result)
    reason, what_to_do = said(result)
    return one if reason is None else replace(one, reason=reason, what_to_do=what_to_do)


def tie_out(payload: dict[str, Any], shown: Shown | None) -> TieOut:
    """Compare an invoice with what was sent, as far as each field was sent."""
    if shown is None:
        return TieOut(unread=("the whole invoice",))
    body = payload["invoice"]
    return _result([*_content(body, shown), *_header(body, shown)])


def content_tie_out(payload: dict[str, Any], shown: Shown) -> TieOut:
    """Compare only what is billed: projects, time entries, expenses, milestones and items."""
    return _result(_content(payload["invoice"], shown))


def header_differences(payload: dict[str, Any], shown: Shown) -> tuple[Difference, ...]:
    """What of the header is otherwise than it was sent, but for being a draft: drafts are there to be issued."""
    found = _header(payload["invoice"], shown)
    return tuple(one for one in found if isinstance(one, Difference) and one.what != DRAFT)


def _content(body: dict[str, Any], shown: Shown) -> list[Difference | str]:
    return [*_projects(body, shown), *_ids(body, shown), *_items(body, shown)]


def _result(found: Iterable[Difference | str]) -> TieOut:
    found = tuple(found)
    differences = tuple(one for one in found if isinstance(one, Difference))
    return TieOut(differences, tuple(dict.fromkeys(one for one in found if isinstance(one, str))))


def said(result: TieOut) -> tuple[str | None, str | None]:
    """What the tie-out says to a person, and what to do; two times None when all is equal."""
    if result.differences:
        texts = [
            f"{_short(one.what)}: sent {_short(one.sent)}, Kantata holds {_short(one.held)}"
            for one in result.differences[:MOST_SAID]
        ]
        more = len(result.differences) - MOST_SAID
        unread = f"; not read back: {', '.join(result.unread)}" if result.unread else ""
        return f"Differs: {'; '.join(texts)}{f'; and {more} more' if more > 0 else ''}{unread}.", ADVICE
    if result.unread:
        return f"Created, but Kantata's answer could not be read back: {', '.join(result.unread)}.", READ_IT
    return None, None


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SAID else f"{text[:LONGEST_SAID]}…"


def changed_since(before: str, shown: Shown) -> tuple[str, ...]:
    """What of an invoice is not as it was when ``before`` was made by ``snapshot_of``, in words.

    Older prints hold fewer fields; what a print does not hold is not compared. The oldest write 500 as 500.00.
    """
    was, now = json.loads(before), json.loads(snapshot_of(shown) or "{}")
    names = {**was["header"], **shown.header}
    header = [_changed(name, was["header"], shown.header) for name in names]
    more = [_changed(name, was.get("more", {}), shown.more) for name in was.get("more", {})]
    same = "rest" in now and was["rest"] in {now["rest"], digest_of(shown, with_cents)}
    rest = None if same else "its items, amounts or texts"
    return tuple(one for one in (*header, *more, rest) if one is not None)


def _changed(name: str, was: dict[str, object], shown: dict[str, object]) -> str | None:
    if was.get(name) == shown.get(name):
        return None
    title = BY_NAME[name].title.lower() if name in BY_NAME else _MORE_TITLES.get(name, name)
    return f"{title}: was {_words(was.get(name))}, is {_words(shown.get(name))}"


def has_cents(payload: dict[str, Any] | None) -> bool:
    """Whether an amount that is sent is not a whole one."""
    body = (payload or {}).get("invoice", {})
    return any(isinstance(item["amount"], float) for name in ITEM_LISTS.values() for item in body.get(name, ()))


def lost_cents(result: TieOut | None) -> bool:
    """Whether Kantata holds another amount than was sent."""
    return result is not None and any(one.is_amount for one in result.differences)


def _projects(body: dict[str, Any], shown: Shown) -> Iterator[Difference | str]:
    sent = frozenset(body.get("workspace_ids") or [body["workspace_id"]])
    if shown.workspace_ids is None:
        yield "the projects"
    elif shown.workspace_ids != sent:
        yield Difference("projects", _numbers(sent), _numbers(shown.workspace_ids))


def _ids(body: dict[str, Any], shown: Shown) -> Iterator[Difference | str]:
    for kind, name in ID_LISTS.items():
        sent, title = frozenset(body.get(name, ())), f"{ITEM_TYPE_TITLES[kind].lower()} ids"
        held = shown.item_ids.get(kind)
        if held is None:
            if sent:
                yield title
        elif held != sent:
            yield Difference(
                title, _numbers(sent - held) + _also(sent & held), _numbers(held - sent) + _also(sent & held)
            )


def _header(body: dict[str, Any], shown: Shown) -> Iterator[Difference | str]:
    for name in HEADER:
        if name not in body:
            continue
        held = shown.header.get(name)
        blank = held is None or held == ""
        if name not in shown.header or (blank and name == "invoice_date"):  # dates were seen blank
            yield BY_NAME[name].title.lower()
        elif tidy(str(body[name])) != ("" if blank else tidy(str(held))):
            yield Difference(BY_NAME[name].title.lower(), f"“{body[name]}”", NOTHING if blank else f"“{held}”")
    draft = shown.header.get("draft")
    if not isinstance(draft, bool):
        yield "whether it is a draft"
    elif "draft" in body and draft is not body["draft"]:
        words = {True: "a draft", False: "an issued invoice"}
        yield Difference(DRAFT, words[body["draft"]], words[draft])


def _items(body: dict[str, Any], shown: Shown) -> Iterator[Difference | str]:
    sent = [
        _Sent(
            kind,
            Decimal(str(item["amount"])),
            tidy(item.get("notes")),
            {name: item[name] for name in ("taxable", "story_id", "workspace_id") if name in item},
        )
        for kind, name in ITEM_LISTS.items()
        for item in body.get(name, ())
    ]
    if shown.items is None or any(item.amount is None for item in shown.items):
        yield "the fixed fees and additional items"
        return
    missing, surplus = _unmatched(sent, list(shown.items))
    for item in missing:
        near = max(surplus, key=lambda held: _nearness(item, held), default=None)
        if near is None or _nearness(item, near) < _NEAR:
            yield Difference(item.name, money(item.amount), NOTHING, is_amount=True)
        else:
            surplus.remove(near)
            yield from _item_differences(item, near)
    for held in surplus:
        name = ITEM_TYPE_TITLES[held.item_type].lower() + (f" “{held.notes}”" if held.notes else "")
        yield Difference(name, NOTHING, _amount(held), is_amount=True)


_NEAR = 4
"""Points from which two items are one that was changed: the same kind with the same amount or text."""


def _nearness(sent: _Sent, held: ShownItem) -> int:
    if sent.item_type is not held.item_type:
        return 0
    same = 5 * (sent.notes == held.notes) + 4 * (sent.amount == held.amount)
    return same + sum(_same(value, held.fields.get(name)) for name, value in sent.fields.items())


def _unmatched(sent: list[_Sent], held: list[ShownItem]) -> tuple[list[_Sent], list[ShownItem]]:
    """Leave what has no equal on the other side. Those that say most choose first."""
    places: dict[tuple[ItemType, Decimal | None, str], list[ShownItem]] = defaultdict(list)
    for item in held:
        places[item.item_type, item.amount, item.notes].append(item)
    missing = []
    for wanted in sorted(sent, key=lambda one: -len(one.fields)):
        alike = places[wanted.item_type, wanted.amount, wanted.notes]
        match = next((one for one in alike if not any(_field_differences(wanted, one))), None)
        if match is None:
            missing.append(wanted)
        else:
            alike.remove(match)
    return missing, [item for alike in places.values() for item in alike]


def _item_differences(sent: _Sent, held: ShownItem) -> Iterator[Difference | str]:
    if sent.amount != held.amount:
        yield Difference(f"amount of {sent.name}", money(sent.amount), _amount(held), is_amount=True)
    if sent.notes != held.notes:
        yield Difference(f"text of {sent.name}", f"“{sent.notes}”", f"“{held.notes}”" if held.notes else NOTHING)
    yield from _field_differences(sent, held)


def _field_differences(sent: _Sent, held: ShownItem) -> Iterator[Difference | str]:
    titles = {"taxable": "taxable", "story_id": "task", "workspace_id": "project"}
    for name, value in sent.fields.items():
        what = f"{titles[name]} of {sent.name}"
        if name not in held.fields:
            yield what
        elif not _same(value, held.fields[name]):
            yield Difference(what, _words(value), _words(held.fields[name]))


def _amount(held: ShownItem) -> str:
    return NOTHING if held.amount is None else money(held.amount)


def _same(sent: object, held: object) -> bool:
    """Ids are numbers in requests and texts in answers; an empty taxable is no."""
    if isinstance(sent, bool):
        return sent is (held is True)
    return str(sent) == str(held)


def _words(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else NOTHING if value is None else str(value)


def _numbers(ids: frozenset[int]) -> str:
    named = ", ".join(str(one) for one in sorted(ids)[:MOST_IDS])
    return (named + (f" and {len(ids) - MOST_IDS} more" if len(ids) > MOST_IDS else "")) or NOTHING


def _also(both: frozenset[int]) -> str:
    return f" (beside {len(both)} that agree)" if both else ""
