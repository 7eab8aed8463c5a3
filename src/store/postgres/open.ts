import { connect } from 'node:net';
import { Client, DatabaseError } from 'pg';
import type { Clock } from '../../domain/clock.ts';
import { pause } from '../../domain/pause.ts';
import { withoutPassword } from '../../domain/settings.ts';
import { within } from '../../domain/within.ts';
import { StoreUnavailable, WrongDatabase } from '../store.ts';
import { plainUrl } from './connections.ts';

export interface OpeningOptions {
  readonly url: string;
  readonly clock: Clock;
  /** How long a server that is not ready is waited for, in ms. */
  readonly patience: number;
  readonly onNotice: (text: string) => void;
}

/** Between two attempts, in ms: the first, and the longest. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 1_000;
/** So long nobody is told of the wait, in ms. */
const UNTOLD = 1_000;
const PROBE_PATIENCE = 2_000;

/** What Node says of a certificate that it does not trust, and of a peer that cannot agree on TLS. */
const UNTRUSTED =
  /^(?:CERT_.*|.*_CERT|.*_IN_CHAIN|UNABLE_TO_.*|HOSTNAME_MISMATCH|INVALID_CA|ERR_TLS_.*|ERR_SSL_.*|EPROTO)$/;

/**
 * Answers what `open` does, as soon as the server is ready for it: one that is starting, away, full or unknown to the
 * name service yet is waited for. What waiting does not mend is thrown at once as WrongDatabase; codes decide which.
 */
export async function whenReady<T>(options: OpeningOptions, open: () => Promise<T>): Promise<T> {
  const { url, clock, patience, onNotice } = options;
  const { place, target } = described(url);
  const began = clock.now();
  let cancelNotice: (() => void) | null = null;
  try {
    for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      try {
        return await open();
      } catch (error) {
        const sentence = await refusal(error, target, clock);
        if (sentence !== null) throw new WrongDatabase(`DATABASE_URL ${place}: ${sentence}`, { cause: error });
        if (!(error instanceof StoreUnavailable)) throw error;
        const spent = clock.now() - began;
        const why = codeOf(error) ?? 'no answer';
        if (spent + wait > patience) {
          const told = `PostgreSQL at ${place} has not become ready within ${Math.round(patience / 100) / 10} s (${why})`;
          throw new Error(`${told}; start it, or correct DATABASE_URL`, { cause: error });
        }
        cancelNotice ??= clock.after(Math.max(0, UNTOLD - spent), () =>
          onNotice(`waiting for PostgreSQL at ${place} (${why})`),
        );
        await pause(clock, wait);
      }
    }
  } finally {
    cancelNotice?.();
  }
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly tls: boolean;
}

/** Without the password, and without the parameters, in which another one may stand. */
function described(url: string): { readonly place: string; readonly target: Target } {
  const connectionString = plainUrl(url);
  const place = withoutPassword(connectionString.replace(/\?.*$/s, ''));
  // It reads the URL as the pool does, and connects to nothing.
  const { host, port, user = '', database = '', ssl } = new Client({ connectionString });
  return { place, target: { host, port, user, database, tls: ssl } };
}

/** Why trying again would not help, as a sentence; null if it may. */
async function refusal(error: unknown, target: Target, clock: Clock): Promise<string | null> {
  if (error instanceof WrongDatabase) return error.message;
  const code = codeOf(error);
  const { host, port, user, database, tls } = target;
  if (code === null) return (await lacksTls(error, target, clock)) ? NO_TLS : null;
  switch (code) {
    case '28P01':
      return `the server refuses the password of user ${user}`;
    case '28000': {
      const hint = !tls && (await offersTls(target, clock)) === true ? '; it may demand TLS: add ?sslmode=require' : '';
      return `the server does not let user ${user} in from here (see its pg_hba.conf)${hint}`;
    }
    case '3D000':
      return `there is no database ${database}; make it with: createdb -h ${host} -p ${port} -U ${user} ${database}`;
    case '42501':
      return `user ${user} lacks rights in database ${database}; let its owner run: GRANT CONNECT, CREATE ON DATABASE ${database} TO ${user}`;
    case '25006':
      return 'the server only reads; name one that can be written';
    default:
      return UNTRUSTED.test(code) ? `TLS with the server fails (${code}); see sslmode and sslrootcert` : null;
  }
}

const NO_TLS = 'the server does not offer TLS, which the sslmode asks for';

/** What the server answered, or else what the connection met. */
function codeOf(error: unknown): string | null {
  let met: string | null = null;
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof DatabaseError) return at.code ?? null;
    if ('code' in at && typeof at.code === 'string') met = at.code;
  }
  return met;
}

/** The client reports a server that refuses TLS without a code, so the server is asked again. */
async function lacksTls(error: unknown, target: Target, clock: Clock): Promise<boolean> {
  return error instanceof StoreUnavailable && target.tls && (await offersTls(target, clock)) === false;
}

/** Asks the server by an SSLRequest, which is answered with one letter; null if it is not. */
async function offersTls({ host, port }: Target, clock: Clock): Promise<boolean | null> {
  if (host.startsWith('/')) return null;
  const socket = connect(port, host);
  const answer = new Promise<boolean | null>((resolve) => {
    socket.once('error', () => resolve(null));
    socket.once('close', () => resolve(null));
    socket.once('data', ([letter]) => resolve(letter === 'S'.charCodeAt(0)));
    socket.write(Buffer.from('0000000804d2162f', 'hex'));
  });
  try {
    return await within(clock, PROBE_PATIENCE, answer, () => new Error('it does not answer')).catch(() => null);
  } finally {
    socket.destroy();
  }
}
