"""The Kantata OX API: requests out, outcomes and findings back."""

from importer.kantata_api.answers import FoundInvoice, classify
from importer.kantata_api.client import INCLUDES, KantataApi

__all__ = ["INCLUDES", "FoundInvoice", "KantataApi", "classify"]
