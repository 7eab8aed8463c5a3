-- Times are milliseconds since the epoch. Ids are UUIDv7: their order is the order of time, so keys append.
-- JSON is kept as text: it comes back byte for byte (jsonb reorders keys, rewrites numbers and refuses what JSON allows),
-- nothing is parsed on the way in, and the few filters that look inside cast the few rows they look at.

CREATE TABLE tidings.notifications (
  id           uuid     PRIMARY KEY,
  request_id   text     NOT NULL,
  broadcast_id uuid,
  created_at   bigint   NOT NULL,
  user_id      text     COLLATE "C",
  addresses    text,              -- JSON object: the recipient without its user id; NULL if that is all
  title        text,
  message      text     NOT NULL,
  action_url   text,
  data         text,              -- JSON object
  overrides    text,              -- JSON object
  priority     smallint NOT NULL, -- 0 high, 1 normal, 2 low
  send_at      bigint,
  expires_at   bigint,
  retry        text,              -- JSON: {"rounds", "delays"}; NULL for the default
  on_unknown   text     NOT NULL,
  metadata     text,              -- JSON object of strings
  tags         text[]
);

CREATE INDEX notifications_of_user ON tidings.notifications (user_id, id) WHERE user_id IS NOT NULL;

-- Every claim and settle changes columns that an index holds, so none of these updates is heap-only: what keeps the
-- table small is that dead rows are cleared away early, by a share of the table that does not grow with its history.
CREATE TABLE tidings.deliveries (
  notification_id uuid     NOT NULL,
  leg             smallint NOT NULL,
  chain           text     NOT NULL, -- channels, separated by commas
  status          text     NOT NULL,
  version         integer  NOT NULL, -- grows with every write; a lease's fencing token
  priority        smallint NOT NULL,
  due_at          bigint,            -- the lease's end while sending; NULL exactly when finished
  expires_at      bigint,
  round           integer  NOT NULL,
  position        smallint NOT NULL,
  dropped         text,              -- channels that are out for good, separated by commas
  attempts        integer  NOT NULL,
  crashes         integer  NOT NULL,
  limited_since   bigint,
  channel_used    text,
  reason          text,
  sent_at         bigint,
  delivered_at    bigint,
  finished_at     bigint,
  discarded_at    bigint,
  PRIMARY KEY (notification_id, leg)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);

-- Partial on purpose: what is finished costs the work nothing.
CREATE INDEX deliveries_ready ON tidings.deliveries (priority, due_at) WHERE status IN ('scheduled', 'pending', 'retrying');
CREATE INDEX deliveries_leased ON tidings.deliveries (due_at) WHERE status = 'sending';
CREATE INDEX deliveries_unsent ON tidings.deliveries (status, notification_id, leg) WHERE status IN ('failed', 'expired', 'suppressed', 'cancelled');

CREATE TABLE tidings.attempts (
  notification_id     uuid     NOT NULL,
  leg                 smallint NOT NULL,
  number              integer  NOT NULL,
  channel             text     NOT NULL,
  provider            text,
  outcome             text     NOT NULL,
  code                text,
  detail              text,
  started_at          bigint   NOT NULL,
  duration_ms         bigint   NOT NULL,
  provider_message_id text,
  PRIMARY KEY (notification_id, leg, number)
);

CREATE TABLE tidings.idempotency_keys (
  scope       text   COLLATE "C" NOT NULL,
  key         text   COLLATE "C" NOT NULL,
  fingerprint text   NOT NULL,
  answer      text   NOT NULL,
  created_at  bigint NOT NULL,
  PRIMARY KEY (scope, key)
);

CREATE INDEX idempotency_keys_by_age ON tidings.idempotency_keys (created_at);

-- Slots let concurrent transactions count without waiting for one another; figures are the sums over them.
CREATE TABLE tidings.counters (
  minute bigint   NOT NULL, -- minutes since the epoch
  kind   text     COLLATE "C" NOT NULL,
  name   text     COLLATE "C" NOT NULL,
  slot   smallint NOT NULL,
  count  bigint   NOT NULL,
  PRIMARY KEY (minute, kind, name, slot)
) WITH (fillfactor = 50);

CREATE TABLE tidings.inbox (
  seq             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- order of arrival
  id              uuid   NOT NULL UNIQUE, -- the delivery's
  notification_id uuid   NOT NULL,
  user_id         text   COLLATE "C" NOT NULL,
  title           text,
  body            text   NOT NULL,
  action_url      text,
  data            text,
  created_at      bigint NOT NULL,
  seen_at         bigint,
  read_at         bigint,
  archived_at     bigint
);

CREATE INDEX inbox_of_user ON tidings.inbox (user_id, seq);

CREATE TABLE tidings.sandbox (
  id              bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  notification_id uuid     NOT NULL,
  leg             smallint NOT NULL,
  channel         text     NOT NULL,
  recipient       text     NOT NULL,
  message         text     NOT NULL, -- JSON object
  caught_at       bigint   NOT NULL
);

-- Every transaction that writes marks its lane with its own number, so that a commit whose answer was lost can be
-- looked up. Rewritten in place, a few bytes each.
CREATE TABLE tidings.lanes (
  lane      uuid        PRIMARY KEY,
  seq       bigint      NOT NULL,
  marked_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
