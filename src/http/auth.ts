import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { timesSent } from './headers.ts';
import { sendProblem } from './problem-reply.ts';

/** Longer than any key; what is longer is not even digested. */
const MAX_KEY = 512;

/** Who may use what asks for a key. */
export interface Auth {
  /**
   * Which of the API keys a request carries, in `Authorization: Bearer …` or else in `X-API-Key`: a name made of the
   * key's digest, the same in every process; null where it carries none of them.
   */
  readonly keyOf: (request: IncomingMessage) => string | null;
  /** Whether a text that stands elsewhere than in a header is one of the keys. */
  readonly isKey: (text: string) => boolean;
  /** Whether a request carries a key, or none is asked for. */
  readonly isAllowed: (request: IncomingMessage) => boolean;
}

/**
 * Digests of equal length are compared in constant time, and all of them, so that the time tells nothing of the keys.
 * Without any key none is asked for.
 */
export function createAuth(apiKeys: readonly string[]): Auth {
  const known = apiKeys.map((key) => {
    const bytes = digest(key);
    return { bytes, name: bytes.toString('hex').slice(0, 16) };
  });
  const nameOf = (key: string): string | null => {
    if (usable(key) === null) return null;
    const candidate = digest(key);
    let found: string | null = null;
    for (const { bytes, name } of known) if (timingSafeEqual(bytes, candidate)) found = name;
    return found;
  };
  const keyOf = (request: IncomingMessage): string | null => {
    const presented = presentedKey(request);
    return presented === null ? null : nameOf(presented);
  };
  return {
    keyOf,
    isKey: (text) => nameOf(text) !== null,
    isAllowed: (request) => known.length === 0 || keyOf(request) !== null,
  };
}

/** From here on every route of this part asks for a key. */
export function askForKey(app: FastifyInstance, { isAllowed }: Pick<Auth, 'isAllowed'>): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (isAllowed(request.raw)) done();
    else sendProblem(reply.header('www-authenticate', 'Bearer'), 'unauthorized');
  });
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
  return hash('sha256', text, 'buffer');
}
