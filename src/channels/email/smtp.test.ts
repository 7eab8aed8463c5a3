import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import tls from 'node:tls';
import PostalMime from 'postal-mime';
import { selfSignedCertificate } from '../../../test/kit/certificate.ts';
import { MAIL, NOW, providerParts, sendContext } from '../../../test/kit/provider-parts.ts';
import { type SmtpReceiverOptions, smtpReceiver } from '../../../test/kit/smtp-receiver.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { readSettings } from '../../domain/settings.ts';
import type { EmailMessage, Transport } from '../provider.ts';
import { smtp } from './smtp.ts';

const trusted = selfSignedCertificate('localhost', '127.0.0.1');
const untrusted = selfSignedCertificate('localhost', '127.0.0.1');
const before = tls.getCACertificates();
tls.setDefaultCACertificates([trusted.cert]);
after(() => tls.setDefaultCACertificates(before));

const mail: EmailMessage = { ...MAIL, subject: 'Grüße', text: 'Hello\n.dot' };

/** A provider opened with its settings; closed when it goes out of scope. */
function opened(port: number, env: Record<string, string> = {}) {
  const { values, faults } = readSettings(smtp.settings, {
    SMTP_HOST: '127.0.0.1',
    SMTP_PORT: String(port),
    SMTP_FROM: 'Tidings <news@example.com>',
    ...env,
  });
  assert.ok(values, JSON.stringify(faults));
  const transport: Transport<'email'> = smtp.open(values, providerParts());
  return {
    concurrency: transport.concurrency,
    send: (message: Partial<EmailMessage> = {}, signal = AbortSignal.timeout(8000)) =>
      transport.send({ ...mail, ...message }, sendContext({ signal })),
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

function shown(outcome: Outcome): string {
  const scope = outcome.kind === 'deferred' ? ` ${outcome.scope}` : '';
  const dead = outcome.kind === 'rejected' && outcome.recipientDead === true ? ' dead' : '';
  return outcome.kind === 'accepted' ? 'accepted' : `${outcome.kind} ${outcome.code}${scope}${dead}`;
}

describe('what is on the wire', () => {
  it('a mail has both parts, our sender, a stable id, and its date', async () => {
    await using server = await smtpReceiver();
    await using provider = opened(server.port);
    const outcome = await provider.send({
      cc: ['copy@example.com'],
      bcc: ['blind@example.com'],
      replyTo: 'Desk <desk@example.com>',
      attachments: [
        { filename: 'a.txt', contentType: 'text/plain', content: Buffer.from('inside').toString('base64') },
      ],
    });
    assert.deepEqual(outcome, { kind: 'accepted', providerMessageId: '<m-1@example.com>' });
    const [received] = await server.received(1);
    assert.ok(received);
    assert.deepEqual(received.to, ['user@example.com', 'copy@example.com', 'blind@example.com']);
    assert.equal(received.from, 'news@example.com');
    assert.doesNotMatch(received.raw, /blind@example\.com|X-Mailer/i);
    const parsed = await PostalMime.parse(received.raw);
    assert.equal(parsed.subject, 'Grüße');
    assert.deepEqual(parsed.from, { name: 'Tidings', address: 'news@example.com' });
    assert.equal(parsed.text?.trimEnd(), 'Hello\n.dot');
    assert.equal(parsed.html?.trimEnd(), '<p>Hello</p>');
    assert.equal(parsed.messageId, '<m-1@example.com>');
    assert.equal(Date.parse(parsed.date ?? ''), NOW);
    assert.equal(parsed.replyTo?.[0]?.address, 'desk@example.com');
    const [attachment] = parsed.attachments;
    assert.equal(attachment?.filename, 'a.txt');
    assert.ok(attachment?.content instanceof ArrayBuffer);
    assert.equal(Buffer.from(attachment.content).toString(), 'inside');
  });

  it('neither text nor headers of the caller can add a recipient or take over ours', async () => {
    await using server = await smtpReceiver();
    await using provider = opened(server.port);
    await provider.send({
      subject: 'x\r\nBcc: evil@example.com',
      headers: {
        'X-Campaign': 'spring',
        'Message-ID': '<forged@example.com>',
        from: 'evil@example.com',
        'X-A': 'b\r\nBcc: c',
      },
    });
    const [received] = await server.received(1);
    assert.deepEqual(received?.to, ['user@example.com']);
    assert.match(received.raw, /^X-Campaign: spring\r$/m);
    assert.match(received.raw, /^Message-ID: <m-1@example.com>\r$/m);
    assert.doesNotMatch(received.raw, /forged|^from: evil|^bcc:/im);
  });

  it('the sender of the message wins over the configured one', async () => {
    await using server = await smtpReceiver();
    await using provider = opened(server.port);
    await provider.send({ from: 'Other <other@example.org>' });
    const [received] = await server.received(1);
    assert.equal(received?.from, 'other@example.org');
    assert.match(received.raw, /^Message-ID: <m-1@example.org>\r$/m);
  });

  it('connections are kept for the next mail', async () => {
    await using server = await smtpReceiver();
    await using provider = opened(server.port);
    for (let sent = 0; sent < 3; sent++) assert.equal(shown(await provider.send()), 'accepted');
    assert.equal(server.connections, 1);
    assert.equal(provider.concurrency, 10);
  });

  it('there are as many connections as mails at once, and no more later', async () => {
    await using server = await smtpReceiver();
    await using provider = opened(server.port);
    for (let round = 0; round < 3; round++) {
      const outcomes = await Promise.all(Array.from({ length: 4 }, () => provider.send()));
      assert.deepEqual(outcomes.map(shown), Array(4).fill('accepted'));
    }
    assert.equal(server.connections, 4);
  });

  it('a connection carries a hundred mails, refused ones too', async () => {
    await using server = await smtpReceiver();
    await using provider = opened(server.port);
    server.refuse('gone@example.com', [{ code: 550, text: '5.1.1 Unknown' }], true);
    for (let sent = 0; sent < 100; sent++) {
      if (sent % 10 === 0) assert.equal((await provider.send({ to: 'gone@example.com' })).kind, 'rejected');
      else assert.equal(shown(await provider.send()), 'accepted');
    }
    assert.equal(server.connections, 1);
    assert.equal(shown(await provider.send()), 'accepted');
    assert.equal(server.connections, 2);
  });

  it('a large mail arrives whole', async () => {
    await using server = await smtpReceiver();
    await using provider = opened(server.port);
    const file = Buffer.alloc(300_000, 'abc\n.\n');
    const attachments = [{ filename: 'a.bin', contentType: null, content: file.toString('base64') }];
    const text = '.line\n'.repeat(30_000);
    assert.equal(shown(await provider.send({ text, attachments })), 'accepted');
    const [received] = await server.received(1);
    const parsed = await PostalMime.parse(received?.raw ?? '');
    assert.equal(parsed.text?.trimEnd(), text.trimEnd());
    const content = parsed.attachments[0]?.content;
    assert.ok(content instanceof ArrayBuffer && Buffer.from(content).equals(file));
  });

  it('logs in over STARTTLS, and over TLS from the start', async () => {
    const account = { user: 'news@example.com', password: 'p4ss word' };
    const env = { SMTP_USER: account.user, SMTP_PASSWORD: account.password, SMTP_HOST: 'localhost' };
    for (const implicit of [false, true]) {
      await using server = await smtpReceiver({ account, tls: { ...trusted, implicit } });
      await using provider = opened(server.port, { ...env, SMTP_TLS: implicit ? 'implicit' : 'starttls' });
      assert.equal(shown(await provider.send()), 'accepted');
      assert.deepEqual([server.mails[0]?.user, server.mails[0]?.encrypted], [account.user, true]);
    }
  });
});

describe('what the server refuses', () => {
  const rcpt: readonly (readonly [code: number, text: string, expected: string])[] = [
    [550, '5.1.1 No such user', 'rejected recipient_unreachable dead'],
    [550, 'No such user', 'rejected recipient_unreachable dead'],
    [551, 'Not here', 'rejected recipient_unreachable dead'],
    [553, 'Bad mailbox name', 'rejected invalid_recipient dead'],
    [501, '5.1.3 Bad syntax', 'rejected invalid_recipient dead'],
    [550, '5.2.1 Disabled', 'rejected recipient_unreachable dead'],
    [552, '5.2.2 Full', 'rejected recipient_unreachable'],
    [550, '5.7.1 Policy', 'rejected message_rejected'],
    [554, 'No', 'rejected message_rejected'],
    [451, '4.7.1 Greylisted', 'deferred temporarily_rejected attempt'],
    [452, '4.2.2 Full', 'deferred temporarily_rejected attempt'],
    [421, '4.3.2 Shutting down', 'deferred provider_error provider'],
    [530, '5.7.0 Log in first', 'deferred provider_misconfigured provider'],
  ];
  for (const [code, text, expected] of rcpt) {
    it(`at RCPT, "${code} ${text}" is ${expected}`, async () => {
      await using server = await smtpReceiver();
      server.refuse(mail.to, [{ code, text }], true);
      await using provider = opened(server.port);
      const outcome = await provider.send();
      assert.equal(shown(outcome), expected);
      assert.ok(outcome.kind !== 'accepted' && outcome.detail.includes(text));
      assert.equal(server.mails.length, 0);
    });
  }

  it('a greylisted address is accepted the next time', async () => {
    await using server = await smtpReceiver();
    server.refuse(mail.to, [{ code: 451, text: '4.7.1 Greylisted' }]);
    await using provider = opened(server.port);
    assert.equal(shown(await provider.send()), 'deferred temporarily_rejected attempt');
    assert.equal(shown(await provider.send()), 'accepted');
  });

  it('at MAIL FROM and after the content, the reply is about the sender and the message', async () => {
    await using server = await smtpReceiver();
    server.refuseSender('bad@example.com', { code: 550, text: '5.7.1 Not yours' });
    server.refuseSender('later@example.com', { code: 451, text: '4.3.0 Later' });
    server.refuseContent(
      { code: 554, text: '5.7.1 Spam' },
      { code: 452, text: '4.3.1 Disk full' },
      { code: 550, text: '5.1.1 Unknown after all' },
    );
    await using provider = opened(server.port);
    assert.equal(shown(await provider.send({ from: 'bad@example.com' })), 'rejected sender_rejected');
    assert.equal(shown(await provider.send({ from: 'later@example.com' })), 'deferred temporarily_rejected attempt');
    assert.equal(shown(await provider.send()), 'rejected message_rejected');
    assert.equal(shown(await provider.send()), 'deferred temporarily_rejected attempt');
    assert.equal(shown(await provider.send()), 'rejected recipient_unreachable dead');
    assert.equal(server.mails.length, 0);
  });

  it('where only some recipients are refused, `to` decides', async () => {
    await using server = await smtpReceiver();
    server.refuse('copy@example.com', [{ code: 550, text: '5.1.1 Unknown' }], true);
    server.refuse('gone@example.com', [{ code: 550, text: '5.1.1 Unknown' }], true);
    server.refuse('grey@example.com', [{ code: 451, text: '4.7.1 Greylisted' }], true);
    await using provider = opened(server.port);
    assert.equal(shown(await provider.send({ cc: ['copy@example.com'] })), 'accepted');
    const some = { to: 'gone@example.com', cc: ['user@example.com'] };
    assert.equal(shown(await provider.send(some)), 'rejected recipient_unreachable dead');
    const all = { to: 'gone@example.com', cc: ['grey@example.com'] };
    assert.equal(shown(await provider.send(all)), 'rejected recipient_unreachable dead');
  });

  it('a wrong password is our configuration, and is not shown', async () => {
    await using server = await smtpReceiver({ account: { user: 'u', password: 'right' } });
    await using provider = opened(server.port, { SMTP_USER: 'u', SMTP_PASSWORD: 'wr0ng-secret' });
    const outcome = await provider.send();
    assert.equal(shown(outcome), 'deferred provider_misconfigured provider');
    assert.doesNotMatch(JSON.stringify(outcome), /wr0ng/);
  });
});

describe('encryption', () => {
  const cases: readonly (readonly [string, SmtpReceiverOptions, Record<string, string>, string])[] = [
    ['demanded and not offered', {}, { SMTP_TLS: 'starttls' }, 'deferred tls_failed provider'],
    ['offered by an untrusted server', { tls: untrusted }, { SMTP_TLS_VERIFY: 'true' }, 'deferred tls_failed provider'],
    ['offered by an untrusted server of this machine', { tls: untrusted }, {}, 'accepted'],
    [
      'untrusted from the start',
      { tls: { ...untrusted, implicit: true } },
      { SMTP_TLS: 'implicit', SMTP_TLS_VERIFY: 'true' },
      'deferred tls_failed provider',
    ],
    ['spoken to a server that does not', {}, { SMTP_TLS: 'implicit' }, 'deferred tls_failed provider'],
    ['not wanted', { tls: untrusted }, { SMTP_TLS: 'none' }, 'accepted'],
    ['neither demanded nor offered', {}, {}, 'accepted'],
  ];
  for (const [name, options, env, expected] of cases) {
    it(`${name}: ${expected}`, async () => {
      await using server = await smtpReceiver(options);
      await using provider = opened(server.port, env);
      assert.equal(shown(await provider.send()), expected);
    });
  }

  it('a password never goes unencrypted to another machine', async () => {
    await using server = await smtpReceiver({ account: { user: 'u', password: 'p' } });
    // 0.0.0.0 reaches this machine without being its loopback address.
    await using provider = opened(server.port, { SMTP_HOST: '0.0.0.0', SMTP_USER: 'u', SMTP_PASSWORD: 'p' });
    assert.equal(shown(await provider.send()), 'deferred tls_failed provider');
    await using local = opened(server.port, { SMTP_USER: 'u', SMTP_PASSWORD: 'p' });
    assert.equal(shown(await local.send()), 'accepted');
  });
});

/** A server of single bytes: one answer per line it is sent; null drops the connection, undefined says nothing. */
async function rawServer(answer: (line: string, connection: number) => string | null | undefined) {
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const lines: string[] = [];
  const server = net.createServer((socket) => {
    sockets.add(socket);
    const connection = ++connections;
    const reply = (line: string) => {
      lines.push(line);
      const text = answer(line, connection);
      if (text === null) socket.destroy();
      else if (text !== undefined) socket.write(`${text}\r\n`);
    };
    let rest = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const parts = (rest + chunk.toString()).split('\r\n');
      rest = parts.pop() ?? '';
      for (const line of parts) if (!socket.destroyed) reply(line);
    });
    reply('(connected)');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // Listening on a port, its address is that of one.
    port: (server.address() as AddressInfo).port,
    lines,
    get connections() {
      return connections;
    },
    /** Ends the connections there are; resolves when they are gone here. */
    async drop() {
      const closing = [...sockets].map((socket) => once(socket, 'close'));
      for (const socket of sockets) socket.end();
      await Promise.all(closing);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Says yes to all, and nothing to the lines of a content. */
function polite(line: string): string | undefined {
  if (line === '(connected)') return '220 ready';
  if (/^(EHLO|MAIL|RCPT|RSET)/.test(line)) return '250 ok';
  if (line === 'DATA') return '354 go on';
  if (line === 'QUIT') return '221 bye';
  return line === '.' ? '250 taken' : undefined;
}

describe('what breaks', () => {
  const cases: readonly (readonly [string, (line: string) => string | null | undefined, string])[] = [
    ['a drop at once', () => null, 'deferred connection_failed provider'],
    [
      'a drop at MAIL',
      (line) => (line.startsWith('MAIL') ? null : polite(line)),
      'deferred connection_failed provider',
    ],
    [
      'a drop at RCPT',
      (line) => (line.startsWith('RCPT') ? null : polite(line)),
      'deferred connection_failed provider',
    ],
    ['a drop at DATA', (line) => (line === 'DATA' ? null : polite(line)), 'deferred connection_failed provider'],
    [
      'a drop within the content',
      (line) => (line.startsWith('Subject') ? null : polite(line)),
      'unknown connection_lost',
    ],
    ['a drop after the dot', (line) => (line === '.' ? null : polite(line)), 'unknown connection_lost'],
    ['nonsense after the dot', (line) => (line === '.' ? 'HTTP/1.1 200' : polite(line)), 'unknown invalid_response'],
    [
      '421 after the dot',
      (line) => (line === '.' ? '421 4.3.2 closing' : polite(line)),
      'deferred provider_error provider',
    ],
    ['a late yes after the dot', (line) => (line === '.' ? '354 go on' : polite(line)), 'unknown invalid_response'],
    [
      '503 at MAIL',
      (line) => (line.startsWith('MAIL') ? '503 order' : polite(line)),
      'deferred provider_error attempt',
    ],
    ['554 as a greeting', () => '554 5.3.2 no service', 'deferred provider_error provider'],
    ['421 as a greeting', () => '421 4.3.2 busy', 'deferred provider_error provider'],
  ];
  for (const [name, answer, expected] of cases) {
    it(`${name} is ${expected}`, async () => {
      await using server = await rawServer(answer);
      await using provider = opened(server.port);
      assert.equal(shown(await provider.send()), expected);
    });
  }

  it('silence ends with the time given: before the content nothing was sent, after it nobody knows', async () => {
    for (const [silent, expected] of [
      ['(connected)', 'deferred connection_failed provider'],
      ['RCPT TO:<user@example.com>', 'deferred connection_failed provider'],
      ['.', 'unknown timeout'],
    ]) {
      await using server = await rawServer((line) => (line === silent ? undefined : polite(line)));
      await using provider = opened(server.port);
      const control = new AbortController();
      const sending = provider.send({}, control.signal);
      while (!server.lines.includes(silent ?? '')) await new Promise((resolve) => setImmediate(resolve));
      control.abort();
      assert.equal(shown(await sending), expected);
    }
  });

  it('nobody listening, and a name that does not exist, are failed connections', async () => {
    const server = await smtpReceiver();
    await server.close();
    await using provider = opened(server.port);
    assert.equal(shown(await provider.send()), 'deferred connection_failed provider');
    await using nowhere = opened(25, { SMTP_HOST: 'nowhere.invalid' });
    assert.equal(shown(await nowhere.send()), 'deferred connection_failed provider');
  });

  it('a kept connection that died is replaced without anybody noticing', async () => {
    await using server = await rawServer((line, connection) =>
      connection === 1 && line.startsWith('MAIL') && server.lines.includes('.') ? null : polite(line),
    );
    await using provider = opened(server.port);
    assert.equal(shown(await provider.send()), 'accepted');
    assert.equal(shown(await provider.send()), 'accepted');
    assert.equal(server.connections, 2);
    assert.equal(server.lines.filter((line) => line === '.').length, 2);
  });

  it('so is one that would not go on after a refusal', async () => {
    for (const answer of ['502 what?', '421 4.3.2 closing', null]) {
      await using server = await rawServer((line) => {
        if (line === 'RSET') return answer;
        return line.includes('gone@') ? '550 5.1.1 Unknown' : polite(line);
      });
      await using provider = opened(server.port);
      assert.equal((await provider.send({ to: 'gone@example.com' })).kind, 'rejected');
      assert.equal(shown(await provider.send()), 'accepted');
      assert.equal(server.connections, 2);
    }
  });

  it('an answer in the middle of a content ends the connection, so that the rest of it is no command', async () => {
    await using server = await rawServer((line, connection) => {
      if (connection === 1 && line.startsWith('Subject')) return '552 5.3.4 Too big';
      return /^(?:RSET|MAIL)/.test(line) && connection === 1 && server.lines.includes('.') ? '500 what?' : polite(line);
    });
    await using provider = opened(server.port);
    const text = `${'x'.repeat(70)}\n`.repeat(150_000);
    assert.equal(shown(await provider.send({ text })), 'rejected message_rejected');
    assert.equal(shown(await provider.send()), 'accepted');
    assert.equal(server.connections, 2);
  });

  it('the next mail after a refusal begins anew', async () => {
    await using server = await rawServer((line) => (line.includes('gone@') ? '550 5.1.1 Unknown' : polite(line)));
    await using provider = opened(server.port);
    assert.equal((await provider.send({ to: 'gone@example.com' })).kind, 'rejected');
    assert.equal(shown(await provider.send()), 'accepted');
    assert.equal(server.connections, 1);
    assert.deepEqual(
      server.lines.filter((line) => /^(?:MAIL|RSET)/.test(line)).map((line) => line.slice(0, 4)),
      ['MAIL', 'RSET', 'MAIL'],
    );
  });

  it('a connection that its server ends meanwhile is not used again', async () => {
    await using server = await rawServer(polite);
    await using provider = opened(server.port);
    assert.equal(shown(await provider.send()), 'accepted');
    await server.drop();
    assert.equal(shown(await provider.send()), 'accepted');
    assert.equal(server.connections, 2);
    assert.equal(server.lines.filter((line) => line === '.').length, 2);
  });

  it('a send whose time is over before it began makes no connection', async () => {
    await using server = await rawServer(polite);
    await using provider = opened(server.port);
    assert.equal(shown(await provider.send({}, AbortSignal.abort())), 'deferred connection_failed provider');
    assert.equal(server.connections, 0);
  });

  it('a mail whose content was begun is never sent again by itself', async () => {
    await using server = await rawServer((line) =>
      line === '.' && server.lines.filter((one) => one === '.').length > 1 ? null : polite(line),
    );
    await using provider = opened(server.port);
    assert.equal(shown(await provider.send()), 'accepted');
    assert.equal(shown(await provider.send()), 'unknown connection_lost');
    assert.equal(server.lines.filter((line) => line === '.').length, 2);
  });
});

describe('settings', () => {
  it('user and password belong together', () => {
    const { values } = readSettings(smtp.settings, { SMTP_HOST: 'mail.example.com', SMTP_USER: 'u' });
    assert.ok(values);
    assert.deepEqual(
      smtp.check?.(values).map(({ env }) => env),
      ['SMTP_PASSWORD'],
    );
    assert.equal(values.port, 587);
    assert.equal(values.tls, 'auto');
  });
});
