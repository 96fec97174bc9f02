"""The tables of a store, and the settings of the connection to it.

One row of `finding` a finding, small and clustered by cell: counting all cells is one pass in order, a cell's
rows are neighbours, and a refreshed finding changes one page. What is read seldom (the Id, title, resources,
note) is in `body`, which only ever grows at its end. Rows name checks, accounts, Regions and repeated texts
by number. `whole` has findings as Security Hub gave them, by the number of their body, where an output wants
them; `outbox` what waits for outputs, of which `outlet` says how far each has come.

There is no mark of a sweep. A copy that is not older than its row advances `asked`, so what a
sweep or a re-list did not see is what was last asked for before it began.
"""

import sqlite3
from itertools import chain

APPLICATION_ID = 0x504F5354
SCHEMA_VERSION = 8
MIGRATED_VERSION = 6
"""Files of this version, and of those since, are brought to the present one, and not read again."""

CACHE_KIB = 24 * 1024
CHECKPOINT_PAGES = 8000
"""32 MiB: pages that are written again and again within it reach the file once."""
JOURNAL_BYTES = 64 * 1024 * 1024

PLACE = "state, chk, account, region, severity, compliance, workflow, key"
"""The primary key of `finding`: where a row stands, in the order in which cells are counted."""

ANNOTATED = "customer IS NOT NULL"
"""With a note or user-defined fields."""
OPEN = "state = 0 AND compliance <> 0"
"""ACTIVE and not PASSED: what an exception can be made of."""
EXCEPTIONAL = "state = 0 AND (workflow IN (1, 3) OR (workflow = 2 AND compliance <> 0))"

_ADDED = {
    7: (
        (
            "CREATE TABLE moment (subject TEXT NOT NULL, key BLOB NOT NULL, at INTEGER NOT NULL,"
            " PRIMARY KEY (subject, key)) WITHOUT ROWID"
        ),
    ),
    8: (
        (
            "CREATE TABLE outbox (id INTEGER PRIMARY KEY, event BLOB NOT NULL, kind INTEGER NOT NULL,"
            " change INTEGER NOT NULL, at INTEGER NOT NULL, written INTEGER NOT NULL, chk INTEGER,"
            " account INTEGER, audience TEXT NOT NULL, first INTEGER NOT NULL, fields TEXT NOT NULL,"
            " body BLOB NOT NULL)"
        ),
        "CREATE TABLE outlet (name TEXT PRIMARY KEY, reached INTEGER NOT NULL) WITHOUT ROWID",
        "CREATE TABLE whole (id INTEGER PRIMARY KEY, digest BLOB NOT NULL, body BLOB NOT NULL)",
        "CREATE TABLE told (subject TEXT PRIMARY KEY, digest BLOB NOT NULL) WITHOUT ROWID",
    ),
}
"""Tables by the version that brought them."""

_COLUMNS = ("failing INTEGER", "seen INTEGER")
"""Columns of `finding` that version 7 brought: SQLite puts what is added where these stand."""
_WITH_COLUMNS = 7


def _finding(*added: str) -> str:
    columns = "".join(f", {column}" for column in added)
    return (
        "CREATE TABLE finding (state INTEGER NOT NULL, chk INTEGER NOT NULL, account INTEGER NOT NULL,"
        " region INTEGER NOT NULL, severity INTEGER NOT NULL, compliance INTEGER NOT NULL,"
        " workflow INTEGER NOT NULL, key BLOB NOT NULL, updated INTEGER NOT NULL, asked INTEGER NOT NULL,"
        f" provider BLOB NOT NULL, customer BLOB, body INTEGER NOT NULL{columns},"
        f" PRIMARY KEY ({PLACE})) WITHOUT ROWID"
    )


_TABLES = (
    *chain.from_iterable(_ADDED.values()),
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE chk (id INTEGER PRIMARY KEY, value BLOB NOT NULL)",
    (
        "CREATE TABLE account (id INTEGER PRIMARY KEY, value TEXT NOT NULL,"
        " name TEXT NOT NULL DEFAULT '', named INTEGER NOT NULL DEFAULT 0)"
    ),
    "CREATE TABLE region (id INTEGER PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE word (id INTEGER PRIMARY KEY, value TEXT NOT NULL)",
    _finding(*_COLUMNS),
    "CREATE UNIQUE INDEX finding_by_key ON finding (key)",
    f"CREATE INDEX finding_exceptional ON finding ({PLACE}) WHERE {EXCEPTIONAL}",
    f"CREATE INDEX finding_open ON finding ({PLACE}) WHERE {OPEN}",
    f"CREATE INDEX finding_annotated ON finding ({PLACE}) WHERE {ANNOTATED}",
    "CREATE TABLE body (id INTEGER PRIMARY KEY, provider BLOB NOT NULL, customer BLOB)",
    (
        "CREATE TABLE overlay (key BLOB PRIMARY KEY, workflow INTEGER, fields BLOB NOT NULL,"
        " written INTEGER NOT NULL) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE rejected (key BLOB PRIMARY KEY, id TEXT NOT NULL, product_arn TEXT NOT NULL,"
        " account TEXT NOT NULL, why TEXT NOT NULL, asked INTEGER NOT NULL) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE unreadable (key BLOB PRIMARY KEY, id TEXT NOT NULL, product_arn TEXT NOT NULL,"
        " account TEXT NOT NULL, why TEXT NOT NULL) WITHOUT ROWID"
    ),
)


def configure_connection(connection: sqlite3.Connection) -> None:
    """Set up a connection before its first access to the file.

    The exclusive lock keeps a second process out (each holds numbers of its own for checks and accounts) and
    needs no shared memory file. NORMAL: a crash of the machine may lose the last transactions, cursor and
    rows together. Temporary data stays in memory, as the root file system may be read-only.
    """
    for pragma in (
        "locking_mode = EXCLUSIVE",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        f"cache_size = -{CACHE_KIB}",
        f"wal_autocheckpoint = {CHECKPOINT_PAGES}",
        f"journal_size_limit = {JOURNAL_BYTES}",
        "secure_delete = OFF",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def create(connection: sqlite3.Connection, owner: str) -> None:
    """Create the tables in an empty file, within the caller's transaction."""
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('owner', ?)", (owner,))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Add what a file of an earlier version lacks, within the caller's transaction."""
    if version < _WITH_COLUMNS:
        for column in _COLUMNS:
            connection.execute(f"ALTER TABLE finding ADD COLUMN {column}")
    for statement in _since(version):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def expected_tables(version: int = SCHEMA_VERSION) -> set[str]:
    """Return the statements that `sqlite_master` holds in a file of this version."""
    tables = set(_TABLES) - set(_since(version))
    return tables if version >= _WITH_COLUMNS else tables - {_finding(*_COLUMNS)} | {_finding()}


def _since(version: int) -> list[str]:
    """Return the tables that a file of this version lacks."""
    return [table for brought, tables in _ADDED.items() if brought > version for table in tables]
