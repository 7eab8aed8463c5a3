import type { Clock, Random } from '../domain/clock.ts';
import type { RetryPolicy } from '../domain/retry-policy.ts';
import type { Accept } from '../pipeline/accept.ts';
import type { Control } from '../pipeline/control.ts';
import type { HealthReport } from '../pipeline/health.ts';
import type { InboxStore } from '../store/inbox.ts';
import type { MoveLog, News } from '../store/moves.ts';
import type { SandboxStore } from '../store/sandbox.ts';
import type { Store } from '../store/store.ts';
import type { DashboardFiles } from './dashboard-files.ts';
import type { OverloadLimits } from './overload.ts';
import type { ProcessStatus } from './process-status.ts';
import type { RateLimits } from './rate-limits.ts';
import type { ReceiptDeps } from './routes/receipts.ts';
import type { UserTokens } from './user-tokens.ts';

/** What the HTTP server is made of. Main fills it. */
export interface HttpDeps {
  readonly store: Pick<Store, 'findAnswer' | 'find' | 'list' | 'deadLetters' | 'stats' | 'backlog'>;
  readonly inbox: Omit<InboxStore, 'forgetMarks'>;
  readonly moves: Pick<MoveLog, 'endOfMoves' | 'movesAfter'>;
  readonly news: News;
  readonly sandbox: Pick<SandboxStore, 'listSandbox' | 'clearSandbox'>;
  readonly accept: Accept;
  readonly control: Control;
  readonly clock: Clock;
  /** Spreads `Retry-After`. */
  readonly random: Random;
  readonly newRequestId: () => string;
  /** Its waits are used where a request names only a number of attempts. */
  readonly defaultRetry: RetryPolicy;
  /** Whether webhooks may go there, as far as the URL alone tells. */
  readonly allowsWebhook: (url: string) => boolean;
  /** Empty: no key is asked for. */
  readonly apiKeys: readonly string[];
  /** What users' tokens are made and read by. */
  readonly tokens: UserTokens;
  /** Origins whose pages may use the routes of inboxes; left out: none but this service's own. */
  readonly inboxOrigins?: readonly string[];
  /** Left out: everybody may ask as often as they like. */
  readonly rateLimits?: RateLimits;
  /** Addresses and nets of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  readonly health: () => Promise<HealthReport>;
  /** The figures of this process in the text format of Prometheus. */
  readonly metrics: () => Promise<string>;
  /** Called once for every finished request. */
  readonly log: (line: RequestLine) => void;
  /** Called now and then with how many requests were turned away since the last time, as too much was going on. */
  readonly onRefused: (count: number) => void;
  /** Left out: no provider's receipts are taken. */
  readonly receipts?: ReceiptDeps;
  readonly version: string;
  readonly status: ProcessStatus;
  /** Null: it has not been built. */
  readonly dashboard: DashboardFiles | null;
  readonly limits?: Partial<HttpLimits>;
}

export interface RequestLine {
  readonly method: string;
  /** The route's pattern; null where none matched. */
  readonly route: string | null;
  readonly status: number;
  readonly durationMs: number;
  readonly requestId: string;
  /** The client's header, as it came. */
  readonly traceparent?: string;
  /** What was thrown where nothing may be thrown: a bug, or a store that cannot be used (`StoreUnavailable`). */
  readonly error?: unknown;
}

export interface HttpLimits {
  /** Bytes of a body; `manyBytes` where one request can bring many notifications, or attachments. */
  readonly bodyBytes: number;
  readonly manyBytes: number;
  readonly urlCharacters: number;
  /** For the headers, and for the whole request. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** How long a connection may stay without a request. */
  readonly idleMs: number;
  /** From when a request's turn comes until its client has taken the whole answer. */
  readonly answerMs: number;
  /** Connections at once; fewer where the process may open fewer files than that and a third more. */
  readonly connections: number;
  /** Requests of one connection that have no answer yet. */
  readonly pipelined: number;
  /** How often something goes over a stream of events in any case. */
  readonly heartbeatMs: number;
  readonly overload: OverloadLimits;
}

export const HTTP_LIMITS: HttpLimits = {
  bodyBytes: 262_144,
  manyBytes: 1_048_576,
  urlCharacters: 4096,
  headersMs: 5000,
  requestMs: 9000,
  idleMs: 72_000,
  answerMs: 60_000,
  connections: 20_000,
  pipelined: 100,
  heartbeatMs: 15_000,
  overload: { pending: 250, pendingBytes: 33_554_432, storeMs: 1000, lateMs: 100 },
};

/** How many notifications one page of a list may look at. */
export const SCAN = 20_000;
