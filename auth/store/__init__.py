"""The tables of this folder's parent and all SQL on them, one subject a file."""

from auth.store.identifications import Identification, IdentificationRows
from auth.store.imports import ImportRows
from auth.store.oidc import Away, OidcRows
from auth.store.one_time import OneTimeRows
from auth.store.people import People
from auth.store.sessions import SESSIONS, SessionRows

__all__ = [
    "SESSIONS",
    "Away",
    "Identification",
    "IdentificationRows",
    "ImportRows",
    "OidcRows",
    "OneTimeRows",
    "People",
    "SessionRows",
]
