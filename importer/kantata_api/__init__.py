"""The Kantata OX API: requests out, outcomes and findings back."""

from importer.kantata_api.account import Found
from importer.kantata_api.answers import FoundInvoice, classify
from importer.kantata_api.client import INCLUDES, KantataApi
from importer.kantata_api.removal import Removal, RemovalKind
from importer.kantata_api.shown import BillableItem, Holder, Project, Task

__all__ = [
    "INCLUDES",
    "BillableItem",
    "Found",
    "FoundInvoice",
    "Holder",
    "KantataApi",
    "Project",
    "Removal",
    "RemovalKind",
    "Task",
    "classify",
]
