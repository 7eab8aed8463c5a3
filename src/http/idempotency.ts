import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestKey } from '../pipeline/accept.ts';
import { canonicalJson } from './canonical-json.ts';
import { timesSent } from './headers.ts';

/** 1–255 visible ASCII characters. */
export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** The request's `Idempotency-Key`; null without one, undefined for one that cannot be used. */
export function idempotencyKeyOf(request: IncomingMessage): string | null | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || timesSent(request, 'idempotency-key') !== 1) return undefined;
  return IDEMPOTENCY_KEY.test(key) ? key : undefined;
}

/** A key within its scope, and the digest by which a repeat of the request is known from another one. */
export function requestKey(scope: string, key: string, body: unknown): RequestKey {
  return { scope, key, fingerprint: createHash('sha256').update(canonicalJson(body)).digest('base64url') };
}
