-- What is read on from a point by those who watch. A row holds the moves of one transaction; they are numbered in the
-- order of their commits. The newest row is never deleted, so that no number is given twice.
CREATE TABLE moves (
  last  INTEGER PRIMARY KEY, -- the number of its last one
  count INTEGER NOT NULL,
  at    INTEGER NOT NULL,
  moves TEXT    NOT NULL     -- JSON array
) STRICT;

-- Entries of an inbox are a log already, by seq. This is what users did to them in between.
CREATE TABLE inbox_marks (
  seq       INTEGER PRIMARY KEY,
  entry_seq INTEGER NOT NULL, -- that of the newest entry at that time
  user_id   TEXT    NOT NULL,
  mark      TEXT    NOT NULL,
  ids       TEXT,             -- JSON array of the entries that changed; NULL: all that were there
  before    INTEGER,          -- of those, the ones created before it; NULL: all
  at        INTEGER NOT NULL
) STRICT;

CREATE INDEX inbox_marks_of_user ON inbox_marks (user_id, seq);
CREATE INDEX inbox_marks_by_age ON inbox_marks (at);
