import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { timesSent } from './headers.ts';

/** Longer than any key; what is longer is not even digested. */
const MAX_KEY = 512;

/**
 * Tells whether a request carries one of the API keys, in `Authorization: Bearer …` or else in `X-API-Key`. Digests
 * of equal length are compared in constant time, and all of them, so that the time tells nothing of the keys.
 */
export function createAuth(apiKeys: readonly string[]): (request: IncomingMessage) => boolean {
  const isKey = keyCheck(apiKeys);
  return (request) => {
    const presented = presentedKey(request);
    return presented !== null && isKey(presented);
  };
}

/** The same for a key that stands elsewhere than in a header. */
export function keyCheck(apiKeys: readonly string[]): (key: string) => boolean {
  const digests = apiKeys.map(digest);
  return (key) => {
    if (usable(key) === null) return false;
    const candidate = digest(key);
    let matches = 0;
    for (const known of digests) matches += timingSafeEqual(known, candidate) ? 1 : 0;
    return matches > 0;
  };
}

function presentedKey(request: IncomingMessage): string | null {
  const { authorization, 'x-api-key': apiKey } = request.headers;
  if (authorization !== undefined) {
    if (timesSent(request, 'authorization') > 1) return null;
    return usable(/^bearer +(\S+)$/i.exec(authorization)?.[1]);
  }
  return typeof apiKey === 'string' && timesSent(request, 'x-api-key') === 1 ? usable(apiKey) : null;
}

function usable(key: string | undefined): string | null {
  return key === undefined || key === '' || key.length > MAX_KEY ? null : key;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
