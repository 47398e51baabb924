"""What a list of Kantata holds, and what its silence proves. Pure.

Filters may be ignored by the server (docs/kantata.md section 1): something is absent only where the list is whole and
holds to what was asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from importer.kantata.lenient import dict_of, is_id, list_of, text_of, whole

Answer = dict[str, Any]


def records_in(answer: Answer, collection: str) -> Iterator[tuple[int, Answer]]:
    """Yield the records of a collection with their ids; a record that is null is an empty one."""
    for record_id, record in dict_of(answer.get(collection)).items():
        number = whole(record_id)
        if number is not None:
            yield number, dict_of(record)


def page_count(answer: Answer, page_size: int) -> int | None:
    """How many pages the whole answer has, by ``page_count`` or else by ``count``; None when a full one is silent."""
    meta = dict_of(answer.get("meta"))
    said = ((meta.get("page_count"), 1), (meta.get("count"), page_size), (answer.get("count"), page_size))

    for value, per_page in said:
        number = whole(value)
        if number is not None and number >= 0:
            return -(-number // per_page)

    return 1 if len(list_of(answer.get("results"))) < page_size else None


def holds_to(answer: Answer, collection: str, ids: Collection[str]) -> bool:
    """Whether a list holds whole records of these ids and no others: only then does one that is not in it not exist."""
    return is_whole(answer, collection) and set(dict_of(answer.get(collection))) <= set(ids)


def is_whole(answer: Answer, collection: str) -> bool:
    """Whether a list holds a record of everything that it names: else what it does not show may yet exist."""
    records, results = answer.get(collection), answer.get("results")
    if not isinstance(records, dict):
        return results == []

    named = list(records)
    for result in map(dict_of, list_of(results)):
        if result.get("key") == collection:
            named.append(text_of(result.get("id")) or "")
    return all(is_id(name) and isinstance(records.get(name), dict) for name in named)


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a list, page by page: what it shows, and how much it counts."""

    ids: frozenset[str]
    counts: tuple[int | None, ...]
    """What each page counts; None where it does not say."""
    shown: tuple[int, ...]
    """How many records each page shows."""
    totals: tuple[int | None, ...]
    """What ``meta`` of each page counts."""

    @property
    def agrees(self) -> bool:
        """Whether as much is counted as is shown: in the whole list, or page by page and in ``meta`` as a whole."""
        whole_list = {len(self.ids)}
        by_page = self.counts == self.shown and set(self.totals) == whole_list
        return by_page or set(self.counts) - {None} <= whole_list

    @property
    def facts(self) -> str:
        """What is counted and what is shown, for people."""
        counted = " and ".join(str(count) for count in sorted(set(self.counts) - {None}, key=str))
        return f"counts {counted} and shows {len(self.ids)}"


def reading_of(pages: Sequence[Answer], collection: str) -> Reading:
    """What a list shows and counts."""
    shown = [dict_of(page.get(collection)).keys() for page in pages]
    return Reading(
        frozenset[str]().union(*shown),
        tuple(whole(page.get("count")) for page in pages),
        tuple(len(names) for names in shown),
        tuple(whole(dict_of(page.get("meta")).get("count")) for page in pages),
    )


def subjects_in(answer: Answer) -> list[str]:
    """Ids of the invoices that the external references of an answer belong to."""
    ids = []
    for reference in map(dict_of, dict_of(answer.get("external_references")).values()):
        subject = text_of(reference.get("subject_id"))
        if subject and reference.get("subject_type") == "Invoice":
            ids.append(subject)
    return ids


def sees_finances(answer: Answer) -> set[int]:
    """Projects of an answer whose finances this user may see: only there does “no invoice” mean anything."""
    seen = set()
    for workspace_id, record in records_in(answer, "workspaces"):
        if dict_of(record.get("permissions")).get("can_see_financials") is True:
            seen.add(workspace_id)
    return seen
