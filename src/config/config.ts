import { CHANNELS, type Channel, isChannel } from '../domain/channel.ts';
import { parseDuration } from '../domain/duration.ts';
import { parseRateLimit, type RateLimit } from '../domain/rate-limit.ts';
import { MAX_DAYS, parseRetention, type Retention, retentionOf, TERMINAL_STATUSES } from '../domain/retention.ts';
import {
  DEFAULT_SCHEDULE,
  exponentialPolicy,
  MAX_DELAY,
  MAX_ROUNDS,
  type RetryPolicy,
  scheduledPolicy,
} from '../domain/retry-policy.ts';
import { baseUrl, choice, decimal, host, integer, list } from '../domain/setting-forms.ts';
import { type Env, given, readSettings, type SettingFault, type SettingValues, setting } from '../domain/settings.ts';
import { queueNames } from './aliases.ts';
import { type DatabaseLocation, parseDatabaseUrl } from './database-url.ts';
import { parseNet } from './net.ts';
import { parseQueueUrl, type QueueLocation } from './queue-url.ts';
import { TRACING_SETTINGS, type Tracing, tracingOf } from './tracing.ts';

/** Every setting of the service itself; a provider's own stand beside its code. */
export const SETTINGS = {
  host: host('API_HOST', {
    default: '127.0.0.1',
    doc: 'The address the API listens on. Any other than a loopback address needs `API_KEYS` or `AUTH=off`.',
  }),
  apiPort: integer('API_PORT', {
    min: 0,
    max: 65_535,
    doc: 'The port the API listens on; 0 takes a free one. Wins over `PORT`.',
  }),
  port: integer('PORT', {
    min: 0,
    max: 65_535,
    default: '8000',
    doc: 'The same, by the name that hosting platforms use.',
  }),
  metricsPort: integer('METRICS_PORT', {
    min: 0,
    max: 65_535,
    doc: 'Where `worker` and `scheduler` serve `/metrics` and `/health`, at `API_HOST`; 0 takes a free port. Unset: nowhere. With the API they are on its port.',
  }),
  publicUrl: baseUrl('PUBLIC_URL', {
    doc: 'Where the world finds the API, through whatever proxy stands in front: Twilio calls back there (`/receipts/twilio`). Unset: it is not asked to.',
  }),
  database: setting(
    'DATABASE_URL',
    'sqlite:<path> or postgres://<user>:<password>@<host>/<database>',
    {
      default: 'sqlite:./data/tidings.db',
      doc: 'Where the data is kept. A SQLite file and its folder are made if missing; a PostgreSQL database must exist.',
    },
    parseDatabaseUrl,
  ),
  databasePool: integer('DATABASE_POOL', {
    min: 3,
    max: 100,
    default: '10',
    doc: 'Most connections to PostgreSQL that one process holds, besides one that listens.',
  }),
  queue: setting(
    'QUEUE_URL',
    'database, redis://…, rediss://…, amqp://… or amqps://…',
    { default: 'database', doc: 'What carries deliveries to the workers. `database`: the store itself.' },
    parseQueueUrl,
  ),
  logLevel: choice('LOG_LEVEL', ['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
    default: 'info',
    doc: 'The least important log lines that are written, to standard error.',
  }),
  logFormat: choice('LOG_FORMAT', ['auto', 'json', 'pretty'], {
    default: 'auto',
    doc: '`auto` is `pretty` on a terminal and `json` elsewhere.',
  }),
  defaultChannels: list('DEFAULT_CHANNELS', {
    of: 'channel names',
    item: (name: string): Channel | undefined => (isChannel(name) ? name : undefined),
    default: CHANNELS.join(','),
    doc: 'The chain for requests that name no `channels`; those without an address of the recipient are left out.',
  }),
  retrySchedule: setting(
    'RETRY_SCHEDULE',
    `up to ${MAX_ROUNDS - 1} durations of at most a day, separated by commas`,
    { doc: 'The waits between rounds. Default: `30s,2m,10m,30m,1h`.' },
    parseSchedule,
  ),
  maxRetryAttempts: integer('MAX_RETRY_ATTEMPTS', {
    min: 1,
    max: MAX_ROUNDS,
    doc: 'How many rounds there are at most. Default: one more than the schedule has waits, or 6.',
  }),
  retryBackoffBase: decimal('RETRY_BACKOFF_BASE', {
    min: 0,
    max: 3_600,
    doc: 'Instead of a schedule: after round n the wait is base^n seconds, at most a day.',
  }),
  leaseSeconds: integer('LEASE_SECONDS', {
    min: 2,
    max: 3_600,
    default: '30',
    doc: 'How long a dead worker keeps its deliveries from the others. At least twice `SEND_TIMEOUT_SECONDS`.',
  }),
  sendTimeoutSeconds: integer('SEND_TIMEOUT_SECONDS', {
    min: 1,
    max: 600,
    default: '15',
    doc: 'The longest one call to a provider may take.',
  }),
  concurrency: integer('WORKER_CONCURRENCY', {
    min: 1,
    max: 10_000,
    default: '64',
    doc: 'How many deliveries to somebody outside a worker has in hand at once, from the claim to the record. It makes three quarters as many sends to one host at once at most.',
  }),
  connectionsPerHost: integer('HTTP_CONNECTIONS_PER_HOST', {
    min: 1,
    max: 1_000,
    default: '64',
    doc: 'Most connections of one process to one host, and so sends to it at once. Others wait in line for it, or come back later where the line is slow; their own time has not begun.',
  }),
  retentionDays: integer('RETENTION_DAYS', {
    min: 0,
    max: MAX_DAYS,
    default: '0',
    doc: 'How many days a notification is kept after its end, with all that belongs to it, its inbox entry too. 0: for ever.',
  }),
  retentionByStatus: setting(
    'RETENTION_DAYS_BY_STATUS',
    `days by status (${TERMINAL_STATUSES.join(', ')}), separated by commas: failed=365,sent=30`,
    { doc: 'The same where it differs by how the notification ended; 0: for ever.' },
    parseRetention,
  ),
  drainSeconds: integer('DRAIN_SECONDS', {
    min: 0,
    max: 300,
    default: '0',
    doc: 'How long a process that is told to stop by SIGTERM goes on serving, while `/health/ready` says 503 already. Behind a load balancer: longer than that takes to notice.',
  }),
  apiKeys: list('API_KEYS', {
    of: 'keys',
    item: (key: string): string | undefined => (/^[\x21-\x7e]+$/.test(key) ? key : undefined),
    secret: true,
    doc: 'Keys that open the API, as `Authorization: Bearer <key>` or `X-API-Key`. Unset on loopback: the API is open.',
  }),
  auth: choice('AUTH', ['on', 'off'], {
    default: 'on',
    doc: '`off` serves openly on purpose, on any address, whatever `API_KEYS` says.',
  }),
  tokenSecrets: list('TOKEN_SECRET', {
    of: 'secrets of at least 32 characters',
    item: (secret: string): string | undefined => (/^[\x21-\x7e]{32,}$/.test(secret) ? secret : undefined),
    secret: true,
    doc: "What users' tokens for their inbox are signed with, the same in every process; the first one signs, all of them are believed. Unset: derived from the keys in `API_KEYS` that have 32 characters or more; without such a key each process makes its own at its start.",
  }),
  tokenTtl: setting(
    'TOKEN_TTL',
    'a duration from 1m to 24h',
    { default: '15m', doc: "How long a user's token is good for." },
    (given) => between(parseDuration(given), 60_000, 86_400_000),
  ),
  inboxOrigins: list('INBOX_ORIGINS', {
    of: 'origins, such as https://app.example.com',
    item: parseOrigin,
    doc: "Other sites whose pages may use the API of inboxes, and nothing else (CORS). Unset: only the service's own pages.",
  }),
  rateLimit: setting(
    'RATE_LIMIT',
    'off, or a whole number and s, m, h or d: 600/m',
    {
      default: '600/m',
      doc: 'How often one API key, one user with tokens, or without either an address, may ask. `off`: as often as they like, for load tests.',
    },
    (given) => (given.toLowerCase() === 'off' ? 'off' : parseRateLimit(given.toLowerCase())),
  ),
  rateLimitUrl: setting(
    'RATE_LIMIT_URL',
    'redis://… or rediss://…',
    {
      doc: 'Where API processes count together. Default: `QUEUE_URL` where that is Redis; otherwise each counts by itself.',
    },
    parseRedisUrl,
  ),
  trustedProxies: list('TRUSTED_PROXIES', {
    of: 'IP addresses or nets (10.0.0.0/8)',
    item: parseNet,
    doc: 'Proxies in front of the API whose `X-Forwarded-For` is believed. Unset: a client is who connects.',
  }),
  ...TRACING_SETTINGS,
};

type Values = SettingValues<typeof SETTINGS>;

/** The service's configuration, checked and frozen. Durations in ms. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Of a process without the API; null: it listens nowhere. */
  readonly metricsPort: number | null;
  /** Where the world finds the API, without a trailing slash; null: nowhere that is known. */
  readonly publicUrl: string | null;
  readonly database: DatabaseLocation;
  readonly databasePool: number;
  readonly queue: QueueLocation;
  readonly logLevel: Values['logLevel'];
  readonly logFormat: Values['logFormat'];
  readonly defaultChannels: readonly Channel[];
  readonly retry: RetryPolicy;
  readonly leaseMs: number;
  readonly sendTimeout: number;
  readonly concurrency: number;
  readonly connectionsPerHost: number;
  readonly retention: Retention;
  /** How long it goes on serving after it was told to stop. */
  readonly drainMs: number;
  /** Empty: everybody may. */
  readonly apiKeys: readonly string[];
  /** Empty: they are derived, or drawn. */
  readonly tokenSecrets: readonly string[];
  readonly tokenTtl: number;
  readonly inboxOrigins: readonly string[];
  /** Null: everybody may ask as often as they like. */
  readonly rateLimit: RateLimit | null;
  /** The Redis in which API processes count together; null: each by itself. */
  readonly rateLimitUrl: string | null;
  readonly trustedProxies: readonly string[];
  /** Null: nothing is traced. */
  readonly tracing: Tracing | null;
}

/** Reads all settings and names every fault at once; `config` is null if there are any. */
export function readConfig(env: Env): { readonly config: Config | null; readonly faults: readonly SettingFault[] } {
  const { values, readable, faults } = readSettings(SETTINGS, env);
  const all = [...faults.map(withoutMongo(env)), ...crossFaults(readable), ...queueFaults(env)];
  if (values === null || all.length > 0) return { config: null, faults: all };
  const config: Config = Object.freeze({
    host: values.host,
    port: values.apiPort ?? values.port,
    metricsPort: values.metricsPort,
    publicUrl: values.publicUrl,
    database: values.database,
    databasePool: values.databasePool,
    queue: values.queue,
    logLevel: values.logLevel,
    logFormat: values.logFormat,
    defaultChannels: values.defaultChannels,
    retry: retryPolicy(values),
    leaseMs: values.leaseSeconds * 1000,
    sendTimeout: values.sendTimeoutSeconds * 1000,
    concurrency: values.concurrency,
    connectionsPerHost: values.connectionsPerHost,
    retention: retentionOf(values.retentionDays, values.retentionByStatus ?? {}),
    drainMs: values.drainSeconds * 1000,
    apiKeys: values.auth === 'off' ? [] : (values.apiKeys ?? []),
    tokenSecrets: values.tokenSecrets ?? [],
    tokenTtl: values.tokenTtl,
    inboxOrigins: values.inboxOrigins ?? [],
    rateLimit: values.rateLimit === 'off' ? null : values.rateLimit,
    rateLimitUrl: values.rateLimitUrl ?? (values.queue.kind === 'redis' ? values.queue.url : null),
    trustedProxies: values.trustedProxies ?? [],
    tracing: tracingOf(values),
  });
  return { config, faults: [] };
}

/** What single settings cannot see; those that cannot be read are left out. */
function crossFaults(values: Partial<Values>): readonly SettingFault[] {
  const faults: SettingFault[] = [];
  const { leaseSeconds: lease, sendTimeoutSeconds: timeout, host: address } = values;
  if (lease !== undefined && timeout !== undefined && lease < 2 * timeout) {
    faults.push({
      env: 'LEASE_SECONDS',
      problem: `${lease} is less than twice SEND_TIMEOUT_SECONDS (${timeout}): others would take over while a worker is still sending`,
    });
  }
  if ((values.retrySchedule ?? null) !== null && (values.retryBackoffBase ?? null) !== null) {
    faults.push({ env: 'RETRY_BACKOFF_BASE', problem: 'excludes RETRY_SCHEDULE; set one of them' });
  }
  if (address !== undefined && !isLoopback(address) && values.apiKeys === null && values.auth === 'on') {
    faults.push({
      env: 'API_KEYS',
      problem: `is not set, and API_HOST ${address} can be reached from other machines; set keys, or AUTH=off to serve openly on purpose`,
    });
  }
  return faults;
}

/** Two services and no word on which of them is to be the queue. */
function queueFaults(env: Env): readonly SettingFault[] {
  const [one, other] = queueNames(env);
  if (one === undefined || other === undefined) return [];
  const problem = `is not set, and both ${one} and ${other} are: which of them is to be the queue? Set QUEUE_URL to that URL, or to database for neither`;
  return [{ env: 'QUEUE_URL', problem }];
}

function withoutMongo(env: Env): (fault: SettingFault) => SettingFault {
  const isMongo = /^mongodb(?:\+srv)?:/i.test(given(env, 'DATABASE_URL') ?? '');
  const problem =
    'names a MongoDB, which Tidings cannot keep its data in; leave it out for a SQLite file, or set it to postgres://<user>:<password>@<host>/<database>';
  return (fault) => (isMongo && fault.env === 'DATABASE_URL' ? { ...fault, problem } : fault);
}

export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(address);
}

function retryPolicy(values: Values): RetryPolicy {
  const attempts = values.maxRetryAttempts;
  if (values.retryBackoffBase !== null) {
    return exponentialPolicy(attempts ?? DEFAULT_SCHEDULE.length + 1, values.retryBackoffBase);
  }
  const schedule = values.retrySchedule ?? DEFAULT_SCHEDULE;
  return scheduledPolicy(schedule, attempts ?? schedule.length + 1);
}

function parseSchedule(given: string): readonly number[] | undefined {
  const waits = given.split(',').map((wait) => parseDuration(wait.trim()));
  if (waits.length >= MAX_ROUNDS) return undefined;
  const known = waits.filter((wait) => wait !== null).filter((wait) => wait <= MAX_DELAY);
  return known.length === waits.length ? known : undefined;
}

/** As a browser writes it in `Origin`: scheme, host and a port that is not the scheme's own. */
function parseOrigin(given: string): string | undefined {
  // What looks like a pattern is none: it would fit no page.
  const url = given.includes('*') ? null : URL.parse(given);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === given.toLowerCase() ? url.origin : undefined;
}

function between(value: number | null, min: number, max: number): number | undefined {
  return value !== null && value >= min && value <= max ? value : undefined;
}

function parseRedisUrl(given: string): string | undefined {
  const location = parseQueueUrl(given);
  return location?.kind === 'redis' ? location.url : undefined;
}
