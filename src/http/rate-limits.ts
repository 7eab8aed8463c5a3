import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RateLimit, RateVerdict } from '../domain/rate-limit.ts';
import type { Limiter } from '../limiter/limiter.ts';
import type { Auth } from './auth.ts';
import { sendProblem } from './problem-reply.ts';

/** How often each client may ask. */
export interface RateLimits {
  readonly limit: RateLimit;
  readonly limiter: Limiter;
  /** Told of each request that is refused. */
  readonly onRefused: () => void;
}

/** Calls `pass` where the client has not asked too often, and answers it otherwise. */
export type RateGuard = (request: FastifyRequest, reply: FastifyReply, pass: () => void) => void;

export interface RateGuardOptions extends RateLimits {
  /** A name for the key that a request carries; null: it carries none that is known. */
  readonly keyOf: Auth['keyOf'];
  /** What the user's token says that it carries; null: it carries none. */
  readonly tokenOf: Auth['tokenOf'];
  readonly addressOf: (request: IncomingMessage) => string;
}

/**
 * A client is a key, wherever it is used; or a user, whatever tokens of theirs are used and from where; and without
 * either an address. So a stranger who tries keys or tokens, or floods, spends what its address has, and nothing of
 * those who have a key or a token that is good.
 */
export function rateGuard({ limit, limiter, onRefused, ...who }: RateGuardOptions): RateGuard {
  const count = String(limit.count);
  const detail = `One API key, user or address may ask ${limit.count} times in ${words(limit.period)} (RATE_LIMIT).`;
  return (request, reply, pass) => {
    const client = clientOf(request.raw, who);
    const verdict = typeof client === 'string' ? limiter.take(client) : client.then((name) => limiter.take(name));
    const go = (known: RateVerdict) => {
      tell(reply, known, count);
      if (known.admitted) return pass();
      onRefused();
      sendProblem(reply.header('retry-after', seconds(known.retryMs)), 'too_many_requests', { detail });
    };
    if (verdict instanceof Promise) void verdict.then(go);
    else go(verdict);
  };
}

function clientOf(
  request: IncomingMessage,
  { keyOf, tokenOf, addressOf }: Pick<RateGuardOptions, 'keyOf' | 'tokenOf' | 'addressOf'>,
): string | Promise<string> {
  const key = keyOf(request);
  if (key !== null) return `key:${key}`;
  const token = tokenOf(request);
  if (token === null) return addressOf(request);
  return token.then((reading) => (reading.ok ? `user:${reading.userId}` : addressOf(request)));
}

function tell(reply: FastifyReply, verdict: RateVerdict, count: string): void {
  reply
    .header('ratelimit-limit', count)
    .header('ratelimit-remaining', String(verdict.remaining))
    .header('ratelimit-reset', String(Math.ceil(verdict.resetMs / 1_000)));
}

/** Whole ones, and never too early. */
function seconds(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1_000)));
}

function words(period: number): string {
  const unit = [
    [86_400_000, 'day'],
    [3_600_000, 'hour'],
    [60_000, 'minute'],
  ] as const;
  return `a ${unit.find(([ms]) => ms === period)?.[1] ?? 'second'}`;
}
