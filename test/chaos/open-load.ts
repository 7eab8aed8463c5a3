import { Agent, request } from 'undici';
import type { Draws } from './draws.ts';
import { type Receiver, requestBody, type Way, wayOf } from './ways.ts';

/** What a client knows of one notification that it asked for. */
export interface Asked {
  readonly key: string;
  readonly way: Way;
  /** Whose inbox it is for; null: nobody's. */
  readonly userId: string | null;
  /** Null: it never got an answer that told; it may exist or not. */
  id: string | null;
  /** When it was told so; null: never. */
  ackedAt: number | null;
  /** How often no answer came: a dead process, a broken connection, silence. */
  lost: number;
}

/** An answer other than 202, or none. */
export interface Trouble {
  readonly at: number;
  /** The name of the API process. */
  readonly api: string;
  /** Null: no answer. */
  readonly status: number | null;
  /** The code of the problem document; of no answer, the client's own. Null: it was no problem document. */
  readonly code: string | null;
  readonly retryAfter: string | null;
}

export interface LoadOptions {
  readonly apis: readonly { readonly name: string; readonly url: string }[];
  readonly receiver: Receiver;
  readonly count: number;
  /** Requests a second, whatever becomes of those before. */
  readonly rate: number;
  readonly draws: Draws;
}

export interface OpenLoad {
  /** In the order of asking. */
  readonly asked: ReadonlyMap<string, Asked>;
  readonly troubles: readonly Trouble[];
  /** When a 202 came for a request that was begun at `begunAt`, in ms since the epoch. */
  readonly accepts: readonly { readonly begunAt: number; readonly at: number }[];
  /** Keys that were answered with two ids. */
  readonly twoIds: readonly string[];
  /** Resolves when the last new one has been asked for. */
  readonly allAsked: Promise<void>;
  /** Resolves when each has its answer, or its client has given up. */
  readonly over: Promise<void>;
  /** No more are begun, and who has no answer gives up. */
  giveUp(): void;
  close(): Promise<void>;
}

const TICK = 10;
/** To each API: enough that no request waits here for another one's answer. */
const CONNECTIONS = 4_096;
/** How long a client waits for an answer, in ms. */
const PATIENCE = 10_000;
/** One in so many gives up when its request got no answer, instead of asking again: nobody knows whether it exists. */
const GIVES_UP = 20;
/** One in so many asks again although it has its answer. */
const ASKS_TWICE = 50;
/** Between two tries of one client, in ms, where the answer names no time. */
const AGAIN_AFTER = 250;

export function startLoad(options: LoadOptions): OpenLoad {
  const { apis, count, rate, draws } = options;
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 });
  const asked = new Map<string, Asked>();
  const troubles: Trouble[] = [];
  const accepts: { begunAt: number; at: number }[] = [];
  const twoIds: string[] = [];
  const clients: Promise<void>[] = [];
  const ended = new AbortController();

  async function client(one: Asked, index: number): Promise<void> {
    for (let tries = index; !ended.signal.aborted; tries++) {
      const api = apis[tries % apis.length];
      if (api === undefined) throw new Error('there is no API');
      const begunAt = Date.now();
      const answer = await post(agent, api, one.key, requestBody(one, options.receiver));
      if ('id' in answer) {
        accepts.push({ begunAt, at: Date.now() });
        if (one.id !== null && one.id !== answer.id) twoIds.push(one.key);
        const first = one.id === null;
        one.id = answer.id;
        one.ackedAt ??= Date.now();
        if (first && draws.chance(1 / ASKS_TWICE)) continue;
        return;
      }
      troubles.push(answer);
      if (answer.status === null) one.lost += 1;
      // What is refused for good stays refused.
      else if (answer.status < 500) return;
      if (answer.status === null && answer.code !== 'ECONNREFUSED' && draws.chance(1 / GIVES_UP)) return;
      await sleep(waitAfter(answer, draws));
    }
  }

  const allAsked = new Promise<void>((resolve) => {
    const begun = performance.now();
    const ticking = setInterval(() => {
      const due = Math.min(count, Math.floor(((performance.now() - begun) / 1000) * rate));
      while (asked.size < due && !ended.signal.aborted) {
        const index = asked.size;
        const one: Asked = { key: `key-${index}`, ...wayOf(index), id: null, ackedAt: null, lost: 0 };
        asked.set(one.key, one);
        clients.push(client(one, index));
      }
      if (asked.size < count && !ended.signal.aborted) return;
      clearInterval(ticking);
      resolve();
    }, TICK);
  });
  return {
    asked,
    troubles,
    accepts,
    twoIds,
    allAsked,
    over: allAsked.then(async () => void (await Promise.all(clients))),
    giveUp: () => ended.abort(),
    close: () => agent.destroy(),
  };
}

async function post(
  agent: Agent,
  api: { readonly name: string; readonly url: string },
  key: string,
  body: object,
): Promise<{ readonly id: string } | Trouble> {
  try {
    const answer = await request(`${api.url}/api/v1/notifications`, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE),
    });
    const { statusCode, headers } = answer;
    const text = await answer.body.text();
    if (statusCode === 202) return { id: (JSON.parse(text) as { id: string }).id };
    const isProblem = /^application\/problem\+json\b/.test(String(headers['content-type']));
    const code = isProblem ? problemCode(text, statusCode) : null;
    const retryAfter = [headers['retry-after'] ?? []].flat()[0] ?? null;
    return { at: Date.now(), api: api.name, status: statusCode, code, retryAfter };
  } catch (error) {
    return { at: Date.now(), api: api.name, status: null, code: faultCode(error), retryAfter: null };
  }
}

/** Null: it is not the document that its status promises. */
function problemCode(text: string, status: number): string | null {
  try {
    const problem = JSON.parse(text) as { readonly status?: unknown; readonly code?: unknown };
    return problem.status === status && typeof problem.code === 'string' ? problem.code : null;
  } catch {
    return null;
  }
}

function faultCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return 'timeout';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

function waitAfter({ retryAfter }: Trouble, draws: Draws): number {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : AGAIN_AFTER * (1 + draws.next());
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
