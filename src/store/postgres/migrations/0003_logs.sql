-- What is read on from a point by those who watch. A row holds the moves of one transaction. Rows are read in the order
-- of transactions, and only those before the oldest that is still under way: nothing can appear among them any more.
CREATE TABLE tidings.moves (
  tx    xid8    NOT NULL DEFAULT pg_current_xact_id(),
  seq   bigint  GENERATED ALWAYS AS IDENTITY,
  count integer NOT NULL,
  at    bigint  NOT NULL,
  moves text    NOT NULL, -- JSON array
  PRIMARY KEY (tx, seq)
);

-- Entries of an inbox are a log already, by seq, as whoever writes to an inbox holds a lock until the commit. This is
-- what users did to them in between.
CREATE TABLE tidings.inbox_marks (
  seq       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entry_seq bigint NOT NULL, -- that of the newest entry at that time
  user_id   text   COLLATE "C" NOT NULL,
  mark      text   NOT NULL,
  ids       text,            -- JSON array of the entries that changed; NULL: all that were there
  before    bigint,          -- of those, the ones created before it; NULL: all
  at        bigint NOT NULL
);

CREATE INDEX inbox_marks_of_user ON tidings.inbox_marks (user_id, seq);
CREATE INDEX inbox_marks_by_age ON tidings.inbox_marks (at);
