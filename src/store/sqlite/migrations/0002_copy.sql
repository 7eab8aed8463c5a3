-- How far the copy of another store into this one has come; no row where there never was one.
CREATE TABLE copy (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  source     TEXT    NOT NULL,
  version    INTEGER NOT NULL, -- grows with every write of the copy: of two at once, one is refused
  started_at INTEGER NOT NULL,
  ended_at   INTEGER,          -- NULL: not yet, and nobody may work with what is here
  progress   TEXT    NOT NULL  -- JSON object: by table the last key, the rows and their checksum
) STRICT;
