"""The questions of ``map``: what each column means, what each word means, and what the sheet lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.commands.asking import answer_to, need_yes
from importer.flow.mapping import CHOICES, ITEM_TYPES, Answers, toml_of, value_typed
from importer.model.columns import BY_NAME, Kind
from importer.model.errors import ended
from importer.model.headers import fold, known_headers
from importer.model.problems import column_letter
from importer.model.visible import in_one_line
from importer.model.words import count_of, names_in_short
from importer.reporting.screen import Screen, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.flow.mapping import Draft, SettingsPlace
    from importer.flow.missing_columns import Missing
    from importer.values.cell_shapes import SeenColumn
    from importer.values.header_shapes import Proposal
    from importer.values.word_proposals import WordProposal

NOT_WRITTEN = "Nothing was written"
AGAIN = "Run it again when you are sure."
LEGEND = """
Answer yes, or type the name of the column that is meant (? lists them, and says what can be typed anywhere).
- says that a column means nothing for billing, s leaves it open. Ctrl-C stops; nothing is written before the end."""
LONGEST_HEADER, LONGEST_CELL = 60, 30
"""Characters shown of a header, and of a cell."""
MOST_LISTED = 40
"""Columns that are listed one by one; of a table with more, the others are counted."""
NO_MEANING = "nothing for billing"
CAN_TYPE = "Type y when that is right, else the name of a column, - for nothing, or s to leave it open."


def short(text: str, longest: int) -> str:
    """A text of the sheet in one line, cut where it is long."""
    shown = in_one_line(text[: longest + 1])
    return shown if len(text) <= longest else f"{shown[:longest]}…"


def overview(draft: Draft) -> Iterator[str]:
    """All that would be asked, as lines."""
    yield f"Sheet “{draft.sheet}”, header in row {draft.header_row}."
    for preset in draft.presets:
        yield f"It looks like {preset.title}: with --preset {preset.name} it needs no mapping."
    for proposal in draft.proposals[:MOST_LISTED]:
        yield head_of(proposal.column)
        yield f"    {verdict(proposal)}"
    if len(draft.proposals) > MOST_LISTED:
        yield f"… and {len(draft.proposals) - MOST_LISTED:,} more columns."
    for word in draft.words(draft.likely):
        meant = "not known" if word.meant is None else f"perhaps {said(word.meant)}"
        yield f"{CHOICES[word.name]}: “{short(word.word, LONGEST_HEADER)}” ({count_of(word.count, 'cell')}) → {meant}"
    for missing in draft.missing(draft.likely):
        yield f"No column is {missing.title} → {_instead(missing)}"


def _instead(missing: Missing) -> str:
    """What may stand in for a column that is missing."""
    if missing.candidates:
        named = [f"“{short(column.text, LONGEST_HEADER)}”" for column in missing.candidates]
        return f"perhaps {' or '.join(named[:MOST_LISTED])}"
    if not missing.can_be_constant:
        return "no other column looks like it, and nothing can be billed without it"
    return "nothing is likely" if missing.proposed is None else f"perhaps {said(missing.proposed)} for every row"


def head_of(column: SeenColumn) -> str:
    """A column by its letter, its header and a few cells."""
    cells = " · ".join(short(cell, LONGEST_CELL) for cell in column.samples) or "no filled cells"
    return f"{column_letter(column.position)}  “{short(column.text, LONGEST_HEADER)}”  {cells}"


def verdict(proposal: Proposal) -> str:
    """What a column probably means, and how sure that is."""
    meant = NO_MEANING if proposal.meant is None else CHOICES[proposal.meant]
    doubt = "" if proposal.sure else "perhaps "
    return f"→ {doubt}{meant}: {proposal.why}"


def said(value: object) -> str:
    """What a word or a constant would mean, as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ITEM_TYPES.get(str(value), str(value))


def _meanings(name: str) -> str:
    """What can be typed for a column."""
    if BY_NAME[name].kind is Kind.ITEM_TYPE:
        return f"It can be {', '.join(ITEM_TYPES.values())}."
    return f"For example: {BY_NAME[name].example}."


class Conversation:
    """Asks at the terminal; all of it on stderr."""

    def __init__(self, draft: Draft) -> None:
        """Say what is understood already."""
        self._draft, self._talk = draft, Screen(stderr=True, highlight=False)
        self._meant: dict[int, str | None] = {}
        known = ", ".join(
            f"“{short(column.text, LONGEST_HEADER)}” is {CHOICES[name]}" for column, name in draft.understood
        )
        self._say(f"Sheet “{draft.sheet}”, header in row {draft.header_row}.")
        if known:
            self._say(f"Understood: {known}.")

    def preset(self) -> str | None:
        """The preset that the person takes instead of questions; None: no one, or there is none."""
        for preset in self._draft.presets:
            self._say(f"\nThis looks like {preset.title}, for which there is a ready mapping (preset {preset.name}).")
            if self._ask("Use it instead of answering questions? yes or no", ("yes", "no")) == "yes":
                return preset.name
        return None

    def answers(self) -> Answers:
        """What the person says of columns, of words, and of what is missing."""
        answers = Answers()
        self._say(LEGEND)
        rest = []
        for proposal in self._draft.proposals:
            if proposal.meant is None:
                rest.append(proposal)
            else:
                self._about(proposal)
        self._about_the_rest(rest)
        for missing in self._draft.missing(self._meant):
            if missing.candidates:
                self._which_is(missing)
        for position, text in self._draft.texts.items():
            if position in self._meant:
                answers.means(text, self._meant[position])
        for word in self._draft.words(self._meant):
            self._about_word(word, answers)
        for missing in self._draft.missing(self._meant):
            self._about_missing(missing, answers)
        return answers

    def confirm(self, answers: Answers, place: SettingsPlace) -> None:
        """Show what would be written and ask for a yes. Raises GateRefused for any other answer."""
        lines = toml_of(answers, place)
        where = f"{place.path}, section [profile.{place.profile}]" if place.profile else str(place.path)
        new = ", which is new" if place.is_new else ""
        self._say(f"\nThis would stand in {where}{new}:\n")
        self._talk.print(lines, markup=False, soft_wrap=True)
        need_yes("\nType yes to write it", NOT_WRITTEN, AGAIN)

    # --- columns ---

    def _about(self, proposal: Proposal) -> None:
        self._say("")
        self._say(head_of(proposal.column))
        self._say(f"    {verdict(proposal)}")
        position = proposal.column.position
        question = "Is that right? Enter: yes" if proposal.sure else "Is that right? y: yes"
        while True:
            answer = answer_to(question, NOT_WRITTEN, default="").strip()
            if answer.lower() in ("y", "yes") or (proposal.sure and not answer):
                self._meant[position] = proposal.meant
                return
            if answer.lower() == "s":
                return
            if answer == "-" or self._named(answer) is not None:
                self._meant[position] = self._named(answer)
                return
            self._names(answer)

    def _named(self, answer: str) -> str | None:
        """The column that a person names, by its title, its name or another header of it."""
        for name, title in CHOICES.items():
            if fold(answer) in (fold(name), fold(title)):
                return name
        other = known_headers().get(fold(answer))
        return other if other in CHOICES else None

    def _names(self, answer: str) -> None:
        if answer.lower() in ("n", "no"):
            self._say("Then type the name of the column that is meant (? lists them), - for nothing, or s.")
            return
        if answer not in ("", "?"):
            self._say(f"There is no column “{short(answer, LONGEST_HEADER)}”; ? lists them.")
        self._say(CAN_TYPE)
        if answer == "?":
            self._say(f"Columns: {', '.join(dict.fromkeys(CHOICES.values()))}.")

    def _about_the_rest(self, rest: list[Proposal]) -> None:
        """Columns that seem to mean nothing: all at once, each can be named."""
        left = {column_letter(proposal.column.position): proposal for proposal in rest}
        while left:
            them = self._list_of_nothing([proposal.column for proposal in left.values()])
            can = f"Type yes to pass over {them}, no, or a letter: {names_in_short(list(left))}."
            answer = self._answer(
                f"Pass over {them} from now on? yes, no, or the letter of one that means something", can
            )
            if answer.lower() in ("yes", "y"):
                self._meant.update(dict.fromkeys((proposal.column.position for proposal in left.values()), None))
                return
            if answer.lower() in ("no", "n"):
                return
            chosen = left.get(answer.upper())
            if chosen is None:
                self._say(can)
                continue
            self._choose(chosen.column)
            if self._meant.get(chosen.column.position):
                del left[answer.upper()]

    def _list_of_nothing(self, columns: list[SeenColumn]) -> str:
        """List columns that seem to mean nothing; return the word that stands for them."""
        count, mean, them = len(columns), "mean", "them"
        if count == 1:
            mean, them = "means", "it"
        self._say(f"\n{count_of(count, 'column')} probably {mean} nothing for billing:")
        for column in columns[:MOST_LISTED]:
            self._say(head_of(column))
        if count > MOST_LISTED:
            self._say(f"… and {count - MOST_LISTED:,} more.")
        return them

    def _choose(self, column: SeenColumn) -> None:
        self._say(head_of(column))
        names = (
            f"Type the name of a column, or s to leave it open. Columns: {', '.join(dict.fromkeys(CHOICES.values()))}."
        )
        while True:
            answer = self._answer("What does it mean? The name of a column, ? for the names", names)
            name = self._named(answer)
            if name is not None:
                self._meant[column.position] = name
            if name is not None or answer.lower() in ("s", "-"):
                return
            self._say(f"There is no column “{short(answer, LONGEST_HEADER)}”; ? lists them.")

    # --- words and what is missing ---

    def _which_is(self, missing: Missing) -> None:
        """Offer the unused columns that look like one that is missing; another letter than theirs leaves it open."""
        self._say(f"\nNo column is {missing.title}. It could be:")
        letters = {}
        for column in missing.candidates[:MOST_LISTED]:
            if self._meant.get(column.position) is None:  # one that was chosen for another name is no second one
                letters[column_letter(column.position)] = column
                self._say(head_of(column))
        can = f"Type a letter: {names_in_short(list(letters))}, or s when it is none of them."
        while True:
            answer = self._answer(f"Which one is {missing.title}? Its letter; s: none of them", can)
            if answer.lower() == "s":
                return
            if answer.upper() in letters:
                self._meant[letters[answer.upper()].position] = missing.name
                return
            self._say(can)

    def _about_word(self, word: WordProposal, answers: Answers) -> None:
        title = CHOICES[word.name]
        cells = count_of(word.count, "cell")
        self._say(
            f"\n{title}: “{short(word.word, LONGEST_HEADER)}” ({cells}) is not understood. {_meanings(word.name)}"
        )
        meant = self._value(word.name, word.meant)
        if meant is not None:
            answers.values.setdefault(word.name, {})[word.word] = meant

    def _about_missing(self, missing: Missing, answers: Answers) -> None:
        if not missing.can_be_constant:
            self._say(f"\nNo column is {missing.title}. The preview refuses the sheet until one is.")
            return
        self._say(f"\nNo column is {missing.title}. Is it the same for every row? {_meanings(missing.name)}")
        value = self._value(missing.name, missing.proposed)
        if value is not None:
            answers.constants[missing.name] = value

    def _value(self, name: str, proposed: object) -> object:
        """What a person gives for a word or for all rows; None: nothing."""
        question = "Type its meaning; s: leave it open"
        if proposed is not None:
            question = f"{said(proposed)}? y: yes. Or type another meaning; s: leave it open"
        while True:
            answer = self._answer(question, f"{_meanings(name)} Type one, or s to leave it open.")
            if answer.lower() == "s":
                return None
            if proposed is not None and answer.lower() in ("y", "yes"):
                return proposed
            value, why = value_typed(name, answer)
            if why is None:
                return value
            self._say(f"“{short(answer, LONGEST_HEADER)}” {ended(why)}")

    # --- the terminal ---

    def _ask(self, question: str, allowed: tuple[str, ...]) -> str:
        can, answer = f"Type {' or '.join(allowed)}.", ""
        while answer not in allowed:
            answer = self._answer(question, can).lower()
        return answer

    def _answer(self, question: str, can: str) -> str:
        """What is typed. To Enter alone and to ? it is said what can be typed, and asked again."""
        while True:
            answer = answer_to(question, NOT_WRITTEN, default="").strip()
            if answer not in ("", "?"):
                return answer
            self._say(can)

    def _say(self, text: str) -> None:
        self._talk.print("\n".join(plain(line) for line in text.split("\n")))
