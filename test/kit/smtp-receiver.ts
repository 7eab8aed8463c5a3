import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** A mail as it came over the wire. */
export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The account that was logged in; null: none. */
  readonly user: string | null;
  readonly encrypted: boolean;
  /** Header and body, dot-stuffing undone. */
  readonly raw: string;
}

/** A refusal. `text` begins with the enhanced code, if any: `5.1.1 No such user`. */
export interface SmtpReply {
  readonly code: number;
  readonly text: string;
}

/** A real mail server on a port of its own that records what it is sent. */
export interface SmtpReceiver extends AsyncDisposable {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Those refused after their content. */
  readonly refused: readonly ReceivedMail[];
  /** How many connections were ever made. */
  readonly connections: number;
  /** The MAIL FROM and RCPT TO seen, refused ones too: `RCPT a@example.com`. */
  readonly commands: readonly string[];
  /** Refuses an address at RCPT TO, as often as there are replies; `forever` repeats the last. */
  refuse(address: string, replies: readonly SmtpReply[], forever?: boolean): void;
  refuseSender(address: string, reply: SmtpReply): void;
  /** Refuses the next mails after their content, one for each reply. */
  refuseContent(...replies: SmtpReply[]): void;
  /** Once that many mails have come in all. */
  received(count: number): Promise<readonly ReceivedMail[]>;
  close(): Promise<void>;
}

export interface SmtpReceiverOptions {
  /** Then a login is demanded. */
  readonly account?: { readonly user: string; readonly password: string };
  /** Offers STARTTLS, or speaks TLS from the start. Without it, neither. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly implicit?: boolean };
}

export async function smtpReceiver({ account, tls }: SmtpReceiverOptions = {}): Promise<SmtpReceiver> {
  const mails: ReceivedMail[] = [];
  const refused: ReceivedMail[] = [];
  const commands: string[] = [];
  const refusals = new Map<string, { readonly replies: SmtpReply[]; readonly forever: boolean }>();
  const senders = new Map<string, SmtpReply>();
  const contents: SmtpReply[] = [];
  let connections = 0;
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  const server = new SMTPServer({
    ...(tls === undefined ? {} : { key: tls.key, cert: tls.cert, secure: tls.implicit ?? false }),
    authOptional: account === undefined,
    disabledCommands: [...(account === undefined ? ['AUTH'] : []), ...(tls === undefined ? ['STARTTLS'] : [])],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 100,
    onConnect(_session, done) {
      connections += 1;
      done();
    },
    onAuth(auth, _session, done) {
      if (auth.username === account?.user && auth.password === account?.password) done(null, { user: auth.username });
      else done(refusal({ code: 535, text: '5.7.8 Wrong user or password' }));
    },
    onMailFrom({ address }, _session, done) {
      commands.push(`MAIL ${address}`);
      const reply = senders.get(address);
      done(reply === undefined ? null : refusal(reply));
    },
    onRcptTo({ address }, _session, done) {
      commands.push(`RCPT ${address}`);
      const own = refusals.get(address);
      const reply = own?.forever === true && own.replies.length === 1 ? own.replies[0] : own?.replies.shift();
      done(reply === undefined ? null : refusal(reply));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const mail = {
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          user: typeof session.user === 'string' ? session.user : null,
          encrypted: session.secure,
          raw: Buffer.concat(chunks).toString('utf8'),
        };
        const reply = contents.shift();
        if (reply !== undefined) {
          refused.push(mail);
          return done(refusal(reply));
        }
        mails.push(mail);
        done();
        waiting = waiting.filter(({ count, resolve }) => {
          if (mails.length >= count) resolve();
          return mails.length < count;
        });
      });
    },
  });
  // Clients that break off are part of the game.
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return {
    // Listening on a port, its address is that of one.
    port: (server.server.address() as AddressInfo).port,
    mails,
    refused,
    get connections() {
      return connections;
    },
    commands,
    refuse(address, replies, forever = false) {
      refusals.set(address, { replies: [...replies], forever });
    },
    refuseSender(address, reply) {
      senders.set(address, reply);
    },
    refuseContent(...replies) {
      contents.push(...replies);
    },
    async received(count) {
      if (mails.length < count) await new Promise<void>((resolve) => waiting.push({ count, resolve }));
      return mails;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function refusal({ code, text }: SmtpReply): Error {
  return Object.assign(new Error(text), { responseCode: code });
}
