import type { Outcome } from '../domain/outcome.ts';
import type { HttpAnswer } from './provider.ts';

/** Longest wait that a provider may ask for, in ms. */
const MAX_WAIT = 24 * 3_600_000;
/** Shortest: "0" must not make a hot loop of waits that cost no attempt. */
const MIN_WAIT = 1_000;
/** Waited after a 429 that names no time. */
export const DEFAULT_WAIT = 5_000;

export type Answered = Extract<HttpAnswer, { readonly kind: 'answered' }>;

/**
 * What comes of an answer that needs no reading: nothing was sent, or nothing came back. For the others, `read`
 * decides; it is usually a few cases before `statusOutcome`.
 */
export function httpOutcome(answer: HttpAnswer, read: (answer: Answered) => Outcome): Outcome {
  switch (answer.kind) {
    case 'answered':
      return read(answer);
    case 'not_sent':
      if (answer.code === 'url_not_allowed') return { kind: 'rejected', code: answer.code, detail: answer.detail };
      return { kind: 'deferred', code: answer.code, detail: answer.detail, scope: 'provider' };
    case 'no_answer':
      return { kind: 'unknown', code: answer.code, detail: answer.detail };
  }
}

/** What a status says by itself where success was not found. `detail`: the provider's own words, if it gave any. */
export function statusOutcome(answer: Answered, now: number, detail: string | null = null): Outcome {
  const { status } = answer;
  const words = detail === null || detail === '' ? `HTTP ${status}` : `HTTP ${status}: ${detail}`;
  const wait = retryAfter(answer.headers['retry-after'], now);
  if (status === 429) return limited(words, wait);
  if (status >= 500 || status === 408 || status === 425) {
    const named = wait === null ? {} : { retryAfterMs: wait };
    return { kind: 'deferred', code: 'provider_error', detail: words, scope: 'provider', ...named };
  }
  // A redirect answers a base URL that is not the API's; it is not followed, so nothing was sent.
  if (status === 401 || status === 403 || (status >= 300 && status < 400)) return misconfigured(words);
  if (status >= 400) return { kind: 'rejected', code: 'message_rejected', detail: words };
  return { kind: 'unknown', code: 'invalid_response', detail: words };
}

export function limited(detail: string, retryAfterMs: number | null): Outcome {
  return {
    kind: 'deferred',
    code: 'rate_limited',
    detail,
    scope: 'provider',
    retryAfterMs: retryAfterMs ?? DEFAULT_WAIT,
  };
}

export function misconfigured(detail: string): Outcome {
  return { kind: 'deferred', code: 'provider_misconfigured', detail, scope: 'provider' };
}

const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/;

/**
 * The wait that a `Retry-After` header asks for, in ms: seconds (some send a fraction) or an HTTP date. Null: none
 * was given, or none that makes sense. Between 1 s and 24 h.
 */
export function retryAfter(header: string | undefined, now: number): number | null {
  const text = header?.trim() ?? '';
  if (/^[0-9]+(?:\.[0-9]+)?$/.test(text)) return waitOf(Number(text) * 1000);
  if (!HTTP_DATE.test(text)) return null;
  const wait = Date.parse(text) - now;
  return wait > 0 ? waitOf(wait) : null;
}

/** A wait in ms within its bounds. */
export function waitOf(ms: number): number {
  return Math.ceil(Math.min(MAX_WAIT, Math.max(MIN_WAIT, ms)));
}

/** A body that is a JSON object; null: it is not. */
export function jsonObject(body: string): Readonly<Record<string, unknown>> | null {
  try {
    return record(JSON.parse(body));
  } catch {
    return null;
  }
}

export function record(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
}
