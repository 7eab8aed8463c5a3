-- Times are milliseconds since the epoch. Ids are the 16 bytes of a UUIDv7: their order is the order of time.

CREATE TABLE notifications (
  id           BLOB    PRIMARY KEY NOT NULL,
  request_id   TEXT    NOT NULL,
  broadcast_id BLOB,
  created_at   INTEGER NOT NULL,
  user_id      TEXT,
  addresses    TEXT,             -- JSON object: the recipient without its user id; NULL if that is all
  title        TEXT,
  message      TEXT    NOT NULL,
  action_url   TEXT,
  data         TEXT,             -- JSON object
  overrides    TEXT,             -- JSON object
  priority     INTEGER NOT NULL, -- 0 high, 1 normal, 2 low
  send_at      INTEGER,
  expires_at   INTEGER,
  retry        TEXT,             -- JSON: {"rounds", "delays"}; NULL for the default
  on_unknown   TEXT    NOT NULL,
  metadata     TEXT,             -- JSON object of strings
  tags         TEXT              -- JSON array of strings
) STRICT, WITHOUT ROWID;

CREATE INDEX notifications_of_user ON notifications (user_id, id) WHERE user_id IS NOT NULL;

CREATE TABLE deliveries (
  notification_id BLOB    NOT NULL,
  leg             INTEGER NOT NULL,
  chain           TEXT    NOT NULL, -- channels, separated by commas
  status          TEXT    NOT NULL,
  version         INTEGER NOT NULL, -- grows with every write; a lease's fencing token
  priority        INTEGER NOT NULL,
  due_at          INTEGER,          -- the lease's end while sending; NULL exactly when finished
  expires_at      INTEGER,
  round           INTEGER NOT NULL,
  position        INTEGER NOT NULL,
  dropped         TEXT,             -- channels that are out for good, separated by commas
  attempts        INTEGER NOT NULL,
  crashes         INTEGER NOT NULL,
  limited_since   INTEGER,
  channel_used    TEXT,
  reason          TEXT,
  sent_at         INTEGER,
  delivered_at    INTEGER,
  finished_at     INTEGER,
  discarded_at    INTEGER,
  PRIMARY KEY (notification_id, leg)
) STRICT, WITHOUT ROWID;

-- Partial on purpose: what is finished costs the work nothing.
CREATE INDEX deliveries_ready ON deliveries (priority, due_at, status) WHERE status IN ('scheduled', 'pending', 'retrying');
CREATE INDEX deliveries_leased ON deliveries (due_at) WHERE status = 'sending';
CREATE INDEX deliveries_unsent ON deliveries (status, notification_id) WHERE status IN ('failed', 'expired', 'suppressed', 'cancelled');

CREATE TABLE attempts (
  notification_id     BLOB    NOT NULL,
  leg                 INTEGER NOT NULL,
  number              INTEGER NOT NULL,
  channel             TEXT    NOT NULL,
  provider            TEXT,
  outcome             TEXT    NOT NULL,
  code                TEXT,
  detail              TEXT,
  started_at          INTEGER NOT NULL,
  duration_ms         INTEGER NOT NULL,
  provider_message_id TEXT,
  PRIMARY KEY (notification_id, leg, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
  scope       TEXT    NOT NULL,
  key         TEXT    NOT NULL,
  fingerprint TEXT    NOT NULL,
  answer      TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE TABLE counters (
  minute INTEGER NOT NULL, -- minutes since the epoch
  kind   TEXT    NOT NULL,
  name   TEXT    NOT NULL,
  count  INTEGER NOT NULL,
  PRIMARY KEY (minute, kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox (
  seq             INTEGER PRIMARY KEY, -- order of arrival
  id              BLOB    NOT NULL UNIQUE, -- the delivery's
  notification_id BLOB    NOT NULL,
  user_id         TEXT    NOT NULL,
  title           TEXT,
  body            TEXT    NOT NULL,
  action_url      TEXT,
  data            TEXT,
  created_at      INTEGER NOT NULL,
  seen_at         INTEGER,
  read_at         INTEGER,
  archived_at     INTEGER
) STRICT;

CREATE INDEX inbox_of_user ON inbox (user_id, seq);

CREATE TABLE sandbox (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  notification_id BLOB    NOT NULL,
  leg             INTEGER NOT NULL,
  channel         TEXT    NOT NULL,
  recipient       TEXT    NOT NULL,
  message         TEXT    NOT NULL, -- JSON object
  caught_at       INTEGER NOT NULL
) STRICT;

-- One row that a health check rewrites to learn whether writing works.
CREATE TABLE probe (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  probed_at INTEGER NOT NULL
) STRICT;
