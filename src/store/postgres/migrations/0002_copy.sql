-- How far the copy of another store into this one has come; no row where there never was one.
CREATE TABLE tidings.copy (
  id         smallint PRIMARY KEY CHECK (id = 1),
  source     text     NOT NULL,
  version    bigint   NOT NULL, -- grows with every write of the copy: of two at once, one is refused
  started_at bigint   NOT NULL,
  ended_at   bigint,            -- NULL: not yet, and nobody may work with what is here
  progress   text     NOT NULL  -- JSON object: by table the last key, the rows and their checksum
) WITH (fillfactor = 50);
