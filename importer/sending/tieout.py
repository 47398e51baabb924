"""Compare what Kantata holds of an invoice with what was sent: to the cent, and field by field. Pure.

What an answer does not show is said to be unread, never taken as equal: an answer
may leave associations out, and holds nulls and blanks (docs/kantata.md section 1).
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from importer.kantata.fields import COMPARED_FIELDS, ID_LISTS, ITEM_LISTS
from importer.kantata.payload import tidy
from importer.kantata.snapshot import snapshot_of
from importer.model.answers import Difference, ReadBack, Shown, ShownItem, TieOut
from importer.model.columns import BY_NAME, ITEM_TYPE_TITLES
from importer.model.plans import InvoiceResult, PlannedInvoice
from importer.model.words import money

if TYPE_CHECKING:
    from importer.model.invoices import ItemType

Reported = TypeVar("Reported", PlannedInvoice, InvoiceResult)
_MORE_TITLES = {
    "recipient_id": "recipient",
    "user_id": "owner",
    "tax_rate": "tax rate",
    "balance_in_cents": "balance in cents",
    "due_date": "due date",
}
_FIELD_TITLES = {"taxable": "taxable", "story_id": "task", "workspace_id": "project"}
"""What of an item is compared besides its amount and text."""
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
        return _name(self.item_type, self.notes)


def with_tie_out(planned: Reported, read_back: ReadBack | None) -> Reported:
    """A created invoice with what Kantata holds of it, and a loud reason when that is not what was sent."""
    shown = None if read_back is None else read_back.shown
    result = tie_out(planned.payload or {"invoice": {}}, shown)
    planned = replace(planned, read_back=read_back or planned.read_back, tie_out=result)
    reason, what_to_do = in_words(result)
    if reason is None:
        return planned
    return replace(planned, reason=reason, what_to_do=what_to_do)


def with_found_again(planned: Reported, read_back: ReadBack) -> Reported:
    """An invoice that an earlier run created, with what Kantata holds of it now.

    People go on working with invoices: one that is issued by now, or has another
    message, is as it should be, and only says so. Its projects, items and amounts
    are what was billed.
    """
    shown = read_back.shown
    if shown is None or planned.payload is None:
        return replace(planned, read_back=read_back)
    result = content_tie_out(planned.payload, shown)
    changed = header_differences(planned.payload, shown)
    planned = replace(planned, read_back=read_back, tie_out=result)
    if result.differences:
        differs, advice = in_words(result)
        return replace(planned, reason=f"{planned.reason} {differs}", what_to_do=advice)

    if result.unread:
        unread = f"It could not be read back whole: {', '.join(result.unread)}."
        planned = replace(planned, reason=f"{planned.reason} {unread}", what_to_do=READ_IT)
    if not changed:
        return planned
    words = "; ".join(f"{each.what}: {each.held}, in the sheet {each.sent}" for each in changed)
    return replace(planned, reason=f"{planned.reason} Changed in Kantata since: {words}.")


def with_not_found_again(planned: PlannedInvoice, *, recent: bool) -> PlannedInvoice:
    """An invoice that an earlier run created and Kantata does not show, which does not prove it gone."""
    why, later = "this token may not see the finances of its projects", "ask for permission and submit again"
    if recent:
        why, later = "it was sent too recently to tell whether it is gone", "submit again in a few minutes"
    missing = f"It could not be found again: Kantata does not show invoice {planned.invoice_id}, but {why}."
    return replace(
        planned,
        missing=True,
        tie_out=TieOut(unread=("the whole invoice",)),
        reason=f"{planned.reason} {missing}",
        what_to_do=f"Look for it in Kantata, or {later}. If somebody deleted it, another --batch bills it again.",
    )


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
    differences = _result(_header(payload["invoice"], shown)).differences
    return tuple(difference for difference in differences if difference.what != DRAFT)


def in_words(result: TieOut) -> tuple[str | None, str | None]:
    """What the tie-out says to a person, and what to do; two times None when all is equal."""
    if result.differences:
        texts = [_difference_in_words(difference) for difference in result.differences[:MOST_SAID]]
        more = len(result.differences) - MOST_SAID
        if more > 0:
            texts.append(f"and {more} more")
        if result.unread:
            texts.append(f"not read back: {', '.join(result.unread)}")
        return f"Differs: {'; '.join(texts)}.", ADVICE
    if result.unread:
        return f"Created, but Kantata's answer could not be read back: {', '.join(result.unread)}.", READ_IT
    return None, None


def _difference_in_words(difference: Difference) -> str:
    return f"{_short(difference.what)}: sent {_short(difference.sent)}, Kantata holds {_short(difference.held)}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SAID else f"{text[:LONGEST_SAID]}…"


def _content(body: dict[str, Any], shown: Shown) -> list[Difference | str]:
    return [*_projects(body, shown), *_ids(body, shown), *_items(body, shown)]


def _result(found: Iterable[Difference | str]) -> TieOut:
    """Part what differs from what could not be read back (its name, once)."""
    differences: list[Difference] = []
    unread: dict[str, None] = {}
    for each in found:
        if isinstance(each, Difference):
            differences.append(each)
        else:
            unread[each] = None
    return TieOut(tuple(differences), tuple(unread))


def changed_since(before: str, shown: Shown, passed_over: Collection[str] = ()) -> tuple[str, ...]:
    """What of an invoice, but for fields ``passed_over``, is not as it was when ``before`` was made, in words.

    ``before`` is the text of :func:`importer.kantata.snapshot.snapshot_of`.
    """
    was, now = json.loads(before), json.loads(snapshot_of(shown) or "{}")
    headers = [name for name in {**was["header"], **shown.header} if name not in passed_over]
    found = [_changed(name, was["header"], shown.header) for name in headers]
    found += [_changed(name, was["more"], shown.more) for name in was["more"] if name not in passed_over]
    changes = [change for change in found if change is not None]
    if was["rest"] != now.get("rest"):
        changes.append("its items, amounts or texts")
    return tuple(changes)


def _changed(name: str, was: dict[str, object], shown: dict[str, object]) -> str | None:
    if was.get(name) == shown.get(name):
        return None
    title = BY_NAME[name].title.lower() if name in BY_NAME else _MORE_TITLES.get(name, name)
    return f"{title}: was {_words(was.get(name))}, is {_words(shown.get(name))}"


def has_cents(payload: dict[str, Any] | None) -> bool:
    """Whether an amount that is sent is not a whole one."""
    body = (payload or {}).get("invoice", {})
    items = itertools.chain.from_iterable(body.get(name, ()) for name in ITEM_LISTS.values())
    return any(isinstance(item["amount"], float) for item in items)


def lost_cents(result: TieOut | None) -> bool:
    """Whether Kantata holds another amount than was sent."""
    return result is not None and any(difference.is_amount for difference in result.differences)


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
            also = _also(sent & held)
            yield Difference(title, _numbers(sent - held) + also, _numbers(held - sent) + also)


def _header(body: dict[str, Any], shown: Shown) -> Iterator[Difference | str]:
    for name in COMPARED_FIELDS:
        if name in body:
            yield from _field(name, body[name], shown.header)
    draft = shown.header.get("draft")
    if not isinstance(draft, bool):
        yield "whether it is a draft"
    elif "draft" in body and draft is not body["draft"]:
        words = {True: "a draft", False: "an issued invoice"}
        yield Difference(DRAFT, words[body["draft"]], words[draft])


def _field(name: str, sent: object, header: dict[str, object]) -> Iterator[Difference | str]:
    """Compare one field of the header that was sent."""
    title, held = BY_NAME[name].title.lower(), header.get(name)
    blank = held is None or held == ""
    if name not in header or (blank and name == "invoice_date"):  # dates were seen blank
        yield title
    elif blank and tidy(str(sent)):
        yield Difference(title, f"“{sent}”", NOTHING)
    elif not blank and tidy(str(sent)) != tidy(str(held)):
        yield Difference(title, f"“{sent}”", f"“{held}”")


def _sent_items(body: dict[str, Any]) -> Iterator[_Sent]:
    for kind, name in ITEM_LISTS.items():
        for item in body.get(name, ()):
            fields = {field: item[field] for field in _FIELD_TITLES if field in item}
            yield _Sent(kind, Decimal(str(item["amount"])), tidy(item.get("notes")), fields)


def _items(body: dict[str, Any], shown: Shown) -> Iterator[Difference | str]:
    if shown.items is None or any(item.amount is None for item in shown.items):
        yield "the fixed fees and additional items"
        return
    missing, left = _unmatched(list(_sent_items(body)), list(shown.items))
    surplus = _Surplus(left)
    for item in missing:
        near = surplus.nearest(item)
        if near is None:
            yield Difference(item.name, money(item.amount), NOTHING, is_amount=True)
        else:
            yield from _item_differences(item, near)
    for held in surplus.rest():
        yield Difference(_name(held.item_type, held.notes), NOTHING, _amount(held), is_amount=True)


class _Surplus:
    """The items of Kantata that are not as any sent item; each is taken once.

    Those with the same text or amount lie together, so that thousands of changed items are not compared each with each.
    """

    def __init__(self, items: Iterable[ShownItem]) -> None:
        self._left = dict(enumerate(items))
        self._places: dict[object, dict[object, deque[int]]] = defaultdict(lambda: defaultdict(deque))
        for number, held in self._left.items():
            fields = tuple(repr(held.fields.get(name)) for name in _FIELD_TITLES)
            for alike in _likenesses(held.item_type, held.notes, held.amount):
                self._places[alike][fields].append(number)

    def nearest(self, sent: _Sent) -> ShownItem | None:
        """Take the item that is most like a sent one, of several the first; None when none is near."""
        found = []
        for alike in _likenesses(sent.item_type, sent.notes, sent.amount):
            for numbers in self._places[alike].values():
                while numbers and numbers[0] not in self._left:
                    numbers.popleft()
                if numbers:
                    found.append((-_nearness(sent, self._left[numbers[0]]), numbers[0]))
        if not found:
            return None
        return self._left.pop(min(found)[1])

    def rest(self) -> Iterable[ShownItem]:
        """What was not taken."""
        return self._left.values()


def _likenesses(item_type: ItemType, notes: str, amount: Decimal | None) -> tuple[object, ...]:
    """By what two items are near: the same kind with the same text and amount, or with one of the two."""
    return (item_type, notes, amount), (item_type, "notes", notes), (item_type, "amount", amount)


def _name(item_type: ItemType, notes: str) -> str:
    kind = ITEM_TYPE_TITLES[item_type].lower()
    return f"{kind} “{notes}”" if notes else kind


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
    missing: list[_Sent] = []
    for wanted in sorted(sent, key=lambda item: -len(item.fields)):
        alike = places[wanted.item_type, wanted.amount, wanted.notes]
        match = next((item for item in alike if not any(_field_differences(wanted, item))), None)
        if match is None:
            missing.append(wanted)
        else:
            alike.remove(match)
    return missing, list(itertools.chain.from_iterable(places.values()))


def _item_differences(sent: _Sent, held: ShownItem) -> Iterator[Difference | str]:
    if sent.amount != held.amount:
        yield Difference(f"amount of {sent.name}", money(sent.amount), _amount(held), is_amount=True)
    if sent.notes != held.notes:
        yield Difference(f"text of {sent.name}", f"“{sent.notes}”", f"“{held.notes}”" if held.notes else NOTHING)
    yield from _field_differences(sent, held)


def _field_differences(sent: _Sent, held: ShownItem) -> Iterator[Difference | str]:
    for name, value in sent.fields.items():
        what = f"{_FIELD_TITLES[name]} of {sent.name}"
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
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NOTHING if value is None else str(value)


def _numbers(ids: frozenset[int]) -> str:
    if not ids:
        return NOTHING
    named = ", ".join(str(number) for number in sorted(ids)[:MOST_IDS])
    more = len(ids) - MOST_IDS
    return f"{named} and {more} more" if more > 0 else named


def _also(both: frozenset[int]) -> str:
    return f" (beside {len(both)} that agree)" if both else ""
