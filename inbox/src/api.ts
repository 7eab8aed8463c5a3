import { InboxError, inboxError } from './inbox-error.ts';
import type { Surroundings } from './surroundings.ts';
import type { InboxCounts, InboxFilter, InboxItem, InboxMark, Which } from './types.ts';

export interface InboxPage {
  readonly data: readonly InboxItem[];
  readonly next_cursor: string | null;
  readonly counts: InboxCounts;
}

/** The API of one user's inbox. Everything throws `InboxError`, and nothing else. */
export interface InboxApi {
  list(filter: InboxFilter, limit: number, cursor: string | null, signal: AbortSignal): Promise<InboxPage>;
  mark(as: InboxMark, which: Which, signal: AbortSignal): Promise<InboxCounts>;
  /** A stream that is open; `after` is the id of the last event that was heard. */
  stream(after: string | null, signal: AbortSignal): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
}

export interface InboxApiOptions {
  readonly baseUrl: string;
  readonly userId: string;
  /** Left out where the service asks for none. */
  readonly token?: (() => string | Promise<string>) | undefined;
  readonly surroundings: Surroundings;
}

/** Longer than the service itself lets a request take. */
const PATIENCE = 15_000;

export function inboxApi({ baseUrl, userId, token, surroundings }: InboxApiOptions): InboxApi {
  const root = `${baseUrl.replace(/\/+$/, '')}/api/v1/users/${encodeURIComponent(userId)}/inbox`;
  const tokens = token === undefined ? null : lastingToken(token);

  /** An answer that is not a refusal. A token that is refused is exchanged for a new one, once. */
  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    for (let isSecond = false; ; isSecond = true) {
      const held = tokens?.held() ?? null;
      const headers = new Headers(init.headers);
      if (held !== null) headers.set('authorization', `Bearer ${await held}`);
      const response = await surroundings.fetch(root + path, { ...init, headers }).catch((error: unknown) => {
        throw inboxError(error);
      });
      if (response.ok) return response;
      const refusal = await refusalOf(response);
      if (response.status !== 401 || held === null) throw refusal;
      tokens?.forget(held);
      if (isSecond) throw refusal;
    }
  };
  /** An answer in JSON, within our patience. */
  const read = async <T>(path: string, init: RequestInit, signal: AbortSignal): Promise<T> => {
    const late = new AbortController();
    const inTime = surroundings.after(PATIENCE, () => late.abort());
    try {
      const response = await ask(path, { ...init, signal: AbortSignal.any([signal, late.signal]) });
      return (await response.json()) as T;
    } catch (error) {
      throw inboxError(error);
    } finally {
      inTime();
    }
  };
  return {
    async list(filter, limit, cursor, signal) {
      const query = new URLSearchParams({ limit: String(limit) });
      if (filter !== 'all') query.set('status', filter);
      if (cursor !== null) query.set('cursor', cursor);
      const page = await read<InboxPage>(`?${query}`, {}, signal);
      // Something in between can answer with anything.
      if (!Array.isArray(page?.data) || typeof page.counts?.unread !== 'number') throw inboxError(page);
      return page;
    },
    async mark(as, which, signal) {
      const before = 'before' in which && which.before === null ? {} : which;
      const body = JSON.stringify({ as, ...before });
      const headers = { 'content-type': 'application/json' };
      return (await read<{ counts: InboxCounts }>('/mark', { method: 'POST', headers, body }, signal)).counts;
    },
    async stream(after, signal) {
      const headers = { accept: 'text/event-stream', ...(after === null ? {} : { 'last-event-id': after }) };
      const { body } = await ask('/stream', { headers, signal, cache: 'no-store' });
      if (body === null) throw inboxError(null);
      return body;
    },
  };
}

/** One token for all requests until it is refused, and one question at a time for a new one. */
function lastingToken(fresh: () => string | Promise<string>) {
  let held: Promise<string> | null = null;
  const forget = (used: Promise<string>) => {
    if (held === used) held = null;
  };
  return {
    held(): Promise<string> {
      if (held !== null) return held;
      const asked = (async () => fresh())().catch((error: unknown) => {
        forget(asked);
        throw new InboxError(0, 'no_token', 'There is no token for the inbox.', null, error);
      });
      held = asked;
      return asked;
    },
    forget,
  };
}

async function refusalOf(response: Response): Promise<InboxError> {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfter = Number.isFinite(seconds) ? seconds * 1_000 : null;
  const problem: unknown = await response.json().catch(() => null);
  const { code, detail } = (problem ?? {}) as { readonly code?: unknown; readonly detail?: unknown };
  return new InboxError(
    response.status,
    typeof code === 'string' ? code : 'unknown',
    typeof detail === 'string' ? detail : `The service answered ${response.status}.`,
    retryAfter,
  );
}
