import { Readable } from 'node:stream';
import type SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { SMTPConnectionAuth, SMTPConnectionOptions, SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';
import { smtpFault } from './smtp-outcome.ts';

export interface SmtpPoolOptions {
  readonly connection: SMTPConnectionOptions;
  /** Null: nobody logs in. */
  readonly login: SMTPConnectionAuth | null;
}

/** A mail ready for the wire. */
export interface Parcel {
  readonly from: string;
  readonly to: readonly string[];
  readonly content: Buffer;
}

export type Sent =
  /** Taken, for all but those refused. Errors are those of the client library. */
  | { readonly kind: 'taken'; readonly refused: readonly Error[] }
  /** `contentBegun`: a byte of the content may have left, so that nobody knows what became of it. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly contentBegun: boolean };

/**
 * Sessions with one mail server, each kept for the next mail. There are as many as there are mails at once: whoever
 * sends sees to it that these are not too many.
 */
export interface SmtpPool {
  /** Ends with `signal` at the latest. */
  send(parcel: Parcel, signal: AbortSignal): Promise<Sent>;
  /** Ends the sessions that nobody uses; the others end with their mail. */
  close(): void;
}

/** Mails in one session: servers count them too, and may end it in the middle of one. */
const MAILS = 100;
/** What is written at once, in bytes. */
const PIECE = 65_536;

interface Session {
  readonly connection: SMTPConnection;
  isReady: boolean;
  /** Its last mail was refused, and the server still has that in mind. */
  needsReset: boolean;
  sent: number;
  /** Why it ended, once it did; the library tells of it before it tells that it did. */
  over: Error | null;
  /** Called with that, for the step that waits for an answer; the library does not call where it was we who ended it. */
  ended: (why: Error) => void;
}

export function smtpPool(Connection: typeof SMTPConnection, { connection: options, login }: SmtpPoolOptions): SmtpPool {
  /** The last used comes first, so that those which are not needed grow idle, and end by the socket's time-out. */
  const idle: Session[] = [];
  let closed = false;

  function newSession(): Session {
    const connection = new Connection(options);
    const session: Session = { connection, isReady: false, needsReset: false, sent: 0, over: null, ended() {} };
    connection.on('error', (error: Error) => {
      session.over ??= error;
    });
    connection.once('end', () => {
      const why = session.over ?? fault('ECONNECTION', 'The connection ended.');
      session.over = why;
      const at = idle.indexOf(session);
      if (at !== -1) idle.splice(at, 1);
      // If the library has something better to say, it says so in this turn.
      queueMicrotask(() => session.ended(why));
    });
    return session;
  }

  async function sendIn(session: Session, parcel: Parcel, signal: AbortSignal): Promise<Sent> {
    const content = inPieces(parcel.content);
    const abort = () => end(session, fault('EABORT', 'The time is over.'));
    signal.addEventListener('abort', abort, { once: true });
    try {
      if (signal.aborted) abort();
      if (!session.isReady) await begin(session, login);
      if (session.needsReset) await reset(session);
      const { rejectedErrors = [] } = await hand(session, parcel, content);
      keep(session, content);
      return { kind: 'taken', refused: rejectedErrors };
    } catch (error) {
      session.needsReset = true;
      if (isRefusal(error)) keep(session, content);
      else session.connection.close();
      return { kind: 'failed', error, contentBegun: content.readableDidRead };
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** For the next mail; not where an answer came in the middle of the content, the rest of which would be commands. */
  function keep(session: Session, content: Readable): void {
    session.sent += 1;
    const isWhole = content.readableEnded || !content.readableDidRead;
    if (isWhole && !closed && session.sent < MAILS && session.over === null) idle.push(session);
    else session.connection.close();
  }

  return {
    async send(parcel, signal) {
      const kept = idle.pop();
      if (kept !== undefined) {
        const sent = await sendIn(kept, parcel, signal);
        if (sent.kind === 'taken' || sent.contentBegun || !isConnectionFault(sent.error)) return sent;
        // It had died meanwhile, which says nothing of the server.
      }
      return sendIn(newSession(), parcel, signal);
    },
    close() {
      closed = true;
      for (const { connection } of idle.splice(0)) connection.close();
    },
  };
}

/** One command and its answer: the library's callback, or the session's end. */
function step<T>(session: Session, run: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    if (session.over !== null) return reject(session.over);
    session.ended = reject;
    run((error, value) => (error === null ? resolve(value) : reject(error)));
  });
}

async function begin(session: Session, login: SMTPConnectionAuth | null): Promise<void> {
  const { connection } = session;
  await step(session, (done) => connection.connect((error) => done(error ?? null, undefined)));
  if (login !== null && connection.allowsAuth) {
    await step(session, (done) => connection.login(login, (error) => done(error, undefined)));
  }
  session.isReady = true;
}

async function reset(session: Session): Promise<void> {
  try {
    await step(session, (done) => session.connection.reset((error) => done(error, undefined)));
    session.needsReset = false;
  } catch {
    throw session.over ?? fault('ECONNECTION', 'The session could not be used again.');
  }
}

/** The envelope, and then the content. */
function hand(session: Session, { from, to }: Parcel, content: Readable): Promise<SMTPConnectionSendInfo> {
  return step(session, (done) => session.connection.send({ from, to: [...to] }, content, done));
}

function end(session: Session, why: Error): void {
  session.over ??= why;
  session.connection.close();
}

function inPieces(content: Buffer): Readable {
  let at = 0;
  return new Readable({
    read() {
      this.push(content.subarray(at, at + PIECE));
      at += PIECE;
      if (at >= content.length) this.push(null);
    },
  });
}

/** The server said no to this mail; its session goes on. */
function isRefusal(error: unknown): boolean {
  const { code, reply } = smtpFault(error) ?? { code: '', reply: null };
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && reply !== null && reply.code >= 400 && reply.code !== 421;
}

const CONNECTION_FAULTS = new Set(['ECONNECTION', 'ESOCKET', 'ETIMEDOUT']);

function isConnectionFault(error: unknown): boolean {
  const { code, reply } = smtpFault(error) ?? { code: '', reply: null };
  return CONNECTION_FAULTS.has(code) || reply?.code === 421;
}

function fault(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
