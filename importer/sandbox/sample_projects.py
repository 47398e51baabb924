"""The fourteen projects of the sample account."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Project:
    """A sample project."""

    id: int
    title: str
    recipient: str | None
    currency: str = "EUR"
    archived: bool = False
    approvals: bool = False
    financials: bool = True

    def record_id(self, thousands: int, number: int) -> int:
        """Return the id of its record ``number`` (from 1) in the range 5000, 6000, 7000 or 8000."""
        base, short = divmod(self.id, 100_000_000)
        return base * 100_000_000 + (thousands + (short if short > 100 else short + 100)) * 1000 + number  # noqa: PLR2004 - explained beside it


PROJECTS = (
    Project(101, "Website-Relaunch Bäckerei Müller", "Jürgen Müller"),
    Project(102, "Markenauftritt Großküchen Schöller", "Käthe Schöller", approvals=True),
    Project(103, "Onlineshop Käserei Alpgrün", "Vreni Bürgi"),
    Project(104, "Kampagne Herbstlichter, Stadtwerke Düsseldorf", "Ömer Şahin"),
    Project(105, "App FährePlus", "Søren Østergård", approvals=True),
    Project(106, "Brand refresh Harbor & Pine Coffee", "Maya Chen", currency="USD"),
    Project(107, "Investor site Northlake Robotics", "Daniel O'Neill", currency="USD"),
    Project(108, "Annual report Wexford Trust", "Fiona Ashworth", currency="GBP"),
    Project(109, "Messestand Böhm Maschinenbau", "Ralf Böhm"),
    Project(110, "Podcast-Produktion Jäger & Söhne", None),
    Project(111, "Vertraulich: Projekt Möwe", "Inés Muñoz", financials=False),
    Project(112, "Jubiläumsbuch Brauerei Löwenstein", "Gerda Löwenstein", archived=True),
    Project(4_100_000_001, "Intranet Krankenhaus St. Änne", "Dr. Björn Weiß"),
    Project(4_100_000_002, "Rollout Nordic Fjällräv", "Åsa Lindström", approvals=True),
)
