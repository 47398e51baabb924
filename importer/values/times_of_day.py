"""The time of day behind a typed date, as exports write it: 14:30, T00:00:00.000Z, 2:30 PM, 오후 2:30."""

from __future__ import annotations

import re

_BEHIND_A_DAY = re.compile(
    r"""(?: T | ,?[ ](?:(?:at|um|à)[ ])? | (?<=[日일]) )
    (?P<early>오전|오후|上午|下午|午前|午後)?[ ]?
    (?P<hour>[0-9]{1,2})
    (?P<rest>
        [:h][0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?
      | (?<=T[0-9]{2})[0-5][0-9](?:[0-5][0-9])?
      | [時时点시](?:[ ]?[0-5]?[0-9][分분])?(?:[ ]?[0-5]?[0-9][秒초])?
    )
    (?:[ ]?(?P<late>[AP])\.?M\.?)?
    (?:[ ]Uhr)?
    (?P<zone>[ ]?(?:Z|(?:UTC|GMT)?[+-][0-9]{2}(?::?[0-9]{2})?|UTC|GMT|[A-Z]{2,4}T)(?:[ ]\([\w ,]+\))?)?$""",
    re.IGNORECASE | re.VERBOSE,
)
_AFTERNOON = frozenset("P p 오후 下午 午後".split())
HOURS, HALF_DAY = 24, 12


def split_off(text: str) -> tuple[str, re.Match[str] | None]:
    """The text without its time of day, and that time; a zone is a part of it."""
    time = _BEHIND_A_DAY.search(text)
    return (text, None) if time is None else (text[: time.start()], time)


def fault_of(time: re.Match[str]) -> str | None:
    """Message of why a time of day leaves the day uncertain; None when it does not.

    A time without a zone belongs to the day beside it. So does midnight in any zone: programs add it
    to a date. Another time in a zone may belong to the day before or after where the invoice is written.
    """
    hour, half = int(time["hour"]), time["early"] or time["late"]
    if half is not None:
        if hour > HALF_DAY:
            return "*.not_a_date:time"
        hour = hour % HALF_DAY
        if half in _AFTERNOON:
            hour += HALF_DAY
    if hour >= HOURS:
        return "*.not_a_date:time"
    is_midnight = hour == 0 and re.search("[1-9]", time["rest"]) is None
    return None if is_midnight or time["zone"] is None else "*.not_a_date:zone"
