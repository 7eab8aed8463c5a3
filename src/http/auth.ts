import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { timesSent } from './headers.ts';
import { sendProblem } from './problem-reply.ts';
import type { TokenReading, UserTokens } from './user-tokens.ts';

/** Longer than any key; what is longer is not even digested. */
const MAX_KEY = 512;

/** Longer than any token of ours: a user id of 255 characters and all that stands around it. */
const MAX_TOKEN = 2_048;
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]*$/;

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
  /**
   * What a user's token says that a request carries in `Authorization: Bearer …`, found out once per request; null
   * where it carries nothing of that form, or a key. A token is looked at also where no key is asked for, so that a
   * page that works in development works elsewhere.
   */
  readonly tokenOf: (request: IncomingMessage) => Promise<TokenReading> | null;
}

/**
 * Digests of equal length are compared in constant time, and all of them, so that the time tells nothing of the keys.
 * Without any key none is asked for.
 */
export function createAuth(apiKeys: readonly string[], tokens: Pick<UserTokens, 'read'> | null): Auth {
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
  const readings = new WeakMap<IncomingMessage, Promise<TokenReading>>();
  const tokenOf = (request: IncomingMessage): Promise<TokenReading> | null => {
    const token = tokens === null ? null : presentedToken(request);
    if (tokens === null || token === null || nameOf(token) !== null) return null;
    const reading = readings.get(request) ?? tokens.read(token);
    readings.set(request, reading);
    return reading;
  };
  return {
    keyOf,
    isKey: (text) => nameOf(text) !== null,
    isAllowed: (request) => known.length === 0 || keyOf(request) !== null,
    tokenOf,
  };
}

/** From here on every route of this part asks for a key. */
export function askForKey(app: FastifyInstance, { isAllowed }: Pick<Auth, 'isAllowed'>): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (isAllowed(request.raw)) done();
    else sendProblem(reply.header('www-authenticate', 'Bearer'), 'unauthorized');
  });
}

/** From here on every route of this part, with a user in its path, is that user's with a token, and anybody's with a key. */
export function askForUser(app: FastifyInstance, { isAllowed, tokenOf }: Pick<Auth, 'isAllowed' | 'tokenOf'>): void {
  app.addHook<{ Params: { readonly user_id?: string } }>('onRequest', async (request, reply) => {
    const token = await tokenOf(request.raw);
    if (token === null) {
      if (isAllowed(request.raw)) return;
      return sendProblem(reply.header('www-authenticate', 'Bearer'), 'unauthorized');
    }
    if (!token.ok) return sendProblem(reply.header('www-authenticate', 'Bearer error="invalid_token"'), token.code);
    if (token.userId !== request.params.user_id) return sendProblem(reply, 'forbidden');
  });
}

function presentedKey(request: IncomingMessage): string | null {
  const { authorization, 'x-api-key': apiKey } = request.headers;
  if (authorization !== undefined) return usable(bearerOf(request));
  return typeof apiKey === 'string' && timesSent(request, 'x-api-key') === 1 ? usable(apiKey) : null;
}

function presentedToken(request: IncomingMessage): string | null {
  const token = bearerOf(request);
  return token !== undefined && token.length <= MAX_TOKEN && TOKEN.test(token) ? token : null;
}

function bearerOf(request: IncomingMessage): string | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined || timesSent(request, 'authorization') > 1) return undefined;
  return /^bearer +(\S+)$/i.exec(authorization)?.[1];
}

function usable(key: string | undefined): string | null {
  return key === undefined || key === '' || key.length > MAX_KEY ? null : key;
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
