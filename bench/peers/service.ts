/**
 * The peer: a notification service as a careful team builds one today. Fastify takes and validates, PostgreSQL keeps a
 * row of each notification, BullMQ on Redis carries the jobs to a worker of its own, which calls a provider that does
 * nothing and writes down that it was sent. Nothing else: no retries across channels, no idempotency, no attempts log.
 *
 * Settings are those that the libraries recommend: an offline queue that fails at once for the API, none for the worker
 * (docs.bullmq.io, "Going to production"), jobs removed when done, prepared statements, pools of 20, 64 jobs at once.
 */
export const QUEUE = 'notifications';
export const POOL = 20;
export const CONCURRENCY = 64;

/** What a job carries: all that the provider needs, so that the worker need not read. */
export interface Job {
  readonly id: string;
  readonly channel: string;
  readonly userId: string;
  readonly title: string | null;
  readonly message: string;
}

export const JOB_OPTIONS = {
  attempts: 6,
  backoff: { type: 'exponential', delay: 30_000 },
  removeOnComplete: true,
  removeOnFail: { age: 24 * 3600 },
} as const;

export const SCHEMA = `CREATE TABLE notifications (
  id         uuid        PRIMARY KEY,
  user_id    text        NOT NULL,
  channel    text        NOT NULL,
  title      text,
  message    text        NOT NULL,
  status     text        NOT NULL DEFAULT 'pending',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  sent_at    timestamptz
); CREATE INDEX notifications_of_user ON notifications (user_id, created_at)`;

export const INSERT = {
  name: 'insert',
  text: 'INSERT INTO notifications (id, user_id, channel, title, message) VALUES ($1, $2, $3, $4, $5)',
};

export const SENT = {
  name: 'sent',
  text: `UPDATE notifications SET status = 'sent', sent_at = clock_timestamp() WHERE id = $1`,
};

export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}
