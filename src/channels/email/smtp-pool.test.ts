import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { it } from 'node:test';
import * as fc from 'fast-check';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { smtpFault } from './smtp-outcome.ts';
import { type Sent, smtpPool } from './smtp-pool.ts';

/** What a server does at each command; `lost` takes what came, and is gone before it says so. */
const MOODS = ['yes', 'no', 'later', 'closing', 'drop', 'lost', 'fin', 'nonsense'] as const;
type Mood = (typeof MOODS)[number];

/** A server of moods. It knows which mails it took, by the one line that is their content. */
async function moodyServer(moods: readonly Mood[], pipelining: boolean) {
  const taken: string[] = [];
  const sockets = new Set<net.Socket>();
  let next = 0;
  const server = net.createServer((socket) => {
    sockets.add(socket.setNoDelay(true));
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    let content: string[] | null = null;
    const answer = (yes: string, onYes = () => {}) => {
      const mood = moods[next++] ?? 'yes';
      if (mood === 'yes' || mood === 'lost') onYes();
      if (mood === 'drop' || mood === 'lost') socket.destroy();
      else if (mood === 'fin') socket.end();
      else socket.write(wordsOf(mood, yes));
    };
    const command = (line: string) => {
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'EHLO') return answer(pipelining ? '250-moody\r\n250 PIPELINING' : '250 moody');
      if (verb !== 'DATA') return answer('250 2.0.0 Ok');
      return answer('354 Go on', () => {
        content = [];
      });
    };
    let rest = '';
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString('latin1')).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (socket.destroyed) return;
        if (content === null) command(line);
        else if (line !== '.') content.push(line);
        else {
          const mail = content.join('\n');
          content = null;
          answer('250 2.0.0 Taken', () => taken.push(mail));
        }
      }
    });
    answer('220 moody');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // Listening on a port, its address is that of one.
    port: (server.address() as AddressInfo).port,
    taken,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function wordsOf(mood: Exclude<Mood, 'drop' | 'lost' | 'fin'>, yes: string): string {
  switch (mood) {
    case 'yes':
      return `${yes}\r\n`;
    case 'no':
      return '554 5.7.1 No\r\n';
    case 'later':
      return '451 4.7.1 Later\r\n';
    case 'closing':
      return '421 4.3.2 Closing\r\n';
    case 'nonsense':
      return 'HTTP/1.1 200 OK\r\n';
  }
}

it('whatever a server does, no mail is taken twice, and what was taken is not called unsent', async () => {
  const run = fc.record({
    // Most of the time it is well, so that sessions live to see their second mail.
    moods: fc.array(fc.oneof({ weight: 9, arbitrary: fc.constant('yes' as const) }, fc.constantFrom(...MOODS)), {
      minLength: 20,
      maxLength: 80,
    }),
    pipelining: fc.boolean(),
    mails: fc.integer({ min: 1, max: 25 }),
    atOnce: fc.integer({ min: 1, max: 4 }),
    abortAfter: fc.array(fc.option(fc.integer({ min: 0, max: 8 }), { freq: 4 }), { maxLength: 25 }),
  });
  await fc.assert(
    fc.asyncProperty(run, async ({ moods, pipelining, mails, atOnce, abortAfter }) => {
      await using server = await moodyServer(moods, pipelining);
      const connection = { host: '127.0.0.1', port: server.port, secure: false, ignoreTLS: true };
      const pool = smtpPool(SMTPConnection, { connection, login: null });
      const sent = new Map<string, Sent>();
      let next = 0;
      const client = async () => {
        while (next < mails) {
          const number = next++;
          const mail = `mail ${number}`;
          const control = new AbortController();
          const turns = abortAfter[number] ?? null;
          if (turns !== null) void after(turns).then(() => control.abort());
          const parcel = { from: 'a@example.com', to: ['b@example.com'], content: Buffer.from(`${mail}\r\n`) };
          sent.set(mail, await pool.send(parcel, control.signal));
        }
      };
      await Promise.all(Array.from({ length: atOnce }, client));
      pool.close();
      assert.equal(sent.size, mails);
      for (const [mail, result] of sent) {
        const times = server.taken.filter((one) => one === mail).length;
        assert.ok(times <= 1, `${mail} was taken ${times} times`);
        if (result.kind === 'taken') assert.equal(times, 1, mail);
        else if (!result.contentBegun) assert.equal(times, 0, `${mail} is called unsent`);
        else if (times === 1) assert.equal(smtpFault(result.error)?.reply ?? null, null, mail);
      }
    }),
    { numRuns: 300 },
  );
});

async function after(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
