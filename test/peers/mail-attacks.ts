import type { Socket } from 'node:net';
import { drip, flood } from './raw-server.ts';

/** A mail server that does a client no good. */
export interface MailAttack {
  readonly name: string;
  readonly script: (socket: Socket) => void;
  /** `outcome code`, any of these. */
  readonly expected: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What a server says to a line that it is sent, as its script has it: text, or what it does. */
type Reply = string | ((socket: Socket) => void) | undefined;

/** `(connected)` comes first; then line after line. What `odd` does not answer is answered as it should be. */
function mailServer(odd: (line: string) => Reply): (socket: Socket) => void {
  return (socket) => {
    const answer = (line: string) => {
      const reply = odd(line) ?? polite(line);
      if (typeof reply === 'string') socket.write(reply);
      else reply?.(socket);
    };
    let rest = '';
    socket.on('data', (bytes) => {
      const lines = (rest + bytes.toString('latin1')).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (!socket.destroyed) answer(line);
    });
    answer('(connected)');
  };
}

function polite(line: string): string | undefined {
  if (line === '(connected)') return '220 ready\r\n';
  if (/^(?:EHLO|MAIL|RCPT|RSET)/.test(line)) return '250 ok\r\n';
  if (line === 'DATA') return '354 go on\r\n';
  if (line === 'STARTTLS') return '502 what\r\n';
  if (line === 'QUIT') return '221 bye\r\n';
  return line === '.' ? '250 taken\r\n' : undefined;
}

const at = (place: string, reply: Reply) => mailServer((line) => (line.startsWith(place) ? reply : undefined));
const silence = () => undefined;
const close = (socket: Socket) => void socket.destroy();
const reset = (socket: Socket) => void socket.resetAndDestroy();
const floods = (text: string) => (socket: Socket) => flood(socket, text);
const drips = (text: string) => (socket: Socket) => drip(socket, text, 100);

const NOT_BEGUN = ['deferred connection_failed', 'deferred provider_error'];
const PERHAPS_LOST = ['unknown connection_lost'];
const PERHAPS_LATE = ['unknown timeout'];
const PERHAPS_NONSENSE = ['unknown invalid_response'];
const NO_TLS = ['deferred tls_failed'];
const STRICT = { SMTP_TLS: 'starttls' };
const LINE_WITHOUT_END = 'x'.repeat(65_536);

export const MAIL_ATTACKS: readonly MailAttack[] = [
  { name: 'a greeting of any length without a line end', script: floods(LINE_WITHOUT_END), expected: NOT_BEGUN },
  { name: 'a greeting of lines without end', script: floods('220-hello\r\n'.repeat(1_000)), expected: NOT_BEGUN },
  { name: 'a greeting, dripped', script: drips('220-hello\r\n'), expected: NOT_BEGUN },
  { name: 'no greeting', script: silence, expected: NOT_BEGUN },
  { name: 'HTTP', script: (socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), expected: NOT_BEGUN },
  { name: 'an EHLO without end', script: at('EHLO', floods('250-SIZE 1\r\n'.repeat(1_000))), expected: NOT_BEGUN },
  { name: 'an EHLO, dripped', script: at('EHLO', drips('250-SIZE 1\r\n')), expected: NOT_BEGUN },
  {
    name: 'answers without end that nobody asked for',
    script: at('MAIL', floods('250 ok\r\n'.repeat(1_000))),
    // Who says yes to everything beforehand has said so.
    expected: ['accepted', ...NOT_BEGUN, ...PERHAPS_NONSENSE],
  },
  { name: 'a reset at MAIL', script: at('MAIL', reset), expected: NOT_BEGUN },
  { name: 'an answer to RCPT, dripped', script: at('RCPT', drips('250-ok\r\n')), expected: NOT_BEGUN },
  { name: 'no answer to DATA', script: at('DATA', silence), expected: NOT_BEGUN },
  { name: 'a close in the content', script: at('Subject', close), expected: PERHAPS_LOST },
  { name: 'a reset in the content', script: at('Subject', reset), expected: PERHAPS_LOST },
  { name: 'a close after the dot', script: at('.', close), expected: PERHAPS_LOST },
  { name: 'a reset after the dot', script: at('.', reset), expected: PERHAPS_LOST },
  { name: 'no answer after the dot', script: at('.', silence), expected: PERHAPS_LATE },
  { name: 'an answer after the dot, dripped', script: at('.', drips('250-taken\r\n')), expected: PERHAPS_LATE },
  {
    name: 'an answer after the dot without end',
    script: at('.', floods('250-taken\r\n'.repeat(1_000))),
    expected: PERHAPS_NONSENSE,
  },
  { name: 'half an answer after the dot', script: at('.', (socket) => void socket.end('25')), expected: PERHAPS_LOST },
  { name: 'STARTTLS taken out of what is offered', script: mailServer(() => undefined), env: STRICT, expected: NO_TLS },
  {
    name: 'STARTTLS that is refused',
    script: mailServer((line) =>
      line.startsWith('EHLO') ? '250-me\r\n250 STARTTLS\r\n' : line === 'STARTTLS' ? '454 later\r\n' : undefined,
    ),
    env: STRICT,
    expected: NO_TLS,
  },
  {
    name: 'STARTTLS whose handshake hangs',
    script: mailServer((line) =>
      line.startsWith('EHLO') ? '250-me\r\n250 STARTTLS\r\n' : line === 'STARTTLS' ? '220 go on\r\n' : undefined,
    ),
    env: STRICT,
    expected: [...NO_TLS, ...NOT_BEGUN],
  },
  {
    name: 'TLS whose handshake hangs',
    script: silence,
    env: { SMTP_TLS: 'implicit' },
    expected: [...NO_TLS, ...NOT_BEGUN],
  },
  {
    name: 'TLS whose handshake drips',
    script: drips('\u0016\u0003\u0003\u0000\u007a'),
    env: { SMTP_TLS: 'implicit' },
    expected: [...NO_TLS, ...NOT_BEGUN],
  },
];
