"""Where a study lasts: one schema, on SQLite or on PostgreSQL.

Each ask and each tell is one transaction and one entry (or more) in a log that
only grows; the tables of trials follow from it. Nothing here knows how points
are chosen or measured.
"""

from bosearch.store.events import Event as Event
from bosearch.store.events import EventKind as EventKind
from bosearch.store.studies import StudySummary as StudySummary
from bosearch.store.studies import list_studies as list_studies
from bosearch.store.upgrade import upgrade as upgrade
from bosearch.store.verification import verify as verify
