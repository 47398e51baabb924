"""Ask the person at the terminal, and take no silence for consent."""

from __future__ import annotations

import sys

import typer


def answer_to(question: str, not_done: str, *, default: str | None = None) -> str:
    """Return what a person types. Raises StoppedAtQuestion for Ctrl-C or Ctrl-D.

    ``not_done``: what then was not done, as the beginning of a sentence. ``default``: what Enter alone stands for;
    None: the question is asked again.
    """
    from importer.model.errors import StoppedAtQuestion

    try:
        answer: str = typer.prompt(question, default=default, show_default=False, err=True)
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("\n")
        msg = f"{not_done}: you stopped it at the question."
        raise StoppedAtQuestion(msg, "Run it again when you are sure.") from None
    return answer


def is_terminal() -> bool:
    """Tell whether there is a person to ask."""
    return sys.stdin.isatty()


def need_terminal(not_done: str, hint: str = "Add --yes.") -> None:
    """Raise GateRefused where stdin is no terminal, so that no one can be asked."""
    from importer.model.errors import GateRefused

    if not is_terminal():
        msg = f"{not_done}: without a terminal there is no one to ask."
        raise GateRefused(msg, hint, code="gate.yes")


def need_yes(question: str, not_done: str, hint: str) -> None:
    """Ask for a typed yes, and once more where only y was typed.

    Raises GateRefused for any other answer; ``hint`` says what to do then.
    """
    from importer.model.errors import GateRefused

    answer = answer_to(question, not_done).strip().lower()
    if answer == "y":
        answer = answer_to("The whole word is wanted: yes", not_done).strip().lower()
    if answer != "yes":
        msg = f"{not_done}: you did not type yes."
        raise GateRefused(msg, hint, code="gate.yes")
