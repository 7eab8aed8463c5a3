import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atEnd } from '../kit/at-end.ts';
import { httpReceiver } from '../kit/http-receiver.ts';
import { mailSettings } from '../kit/mail-server.ts';
import { startService } from '../kit/service.ts';
import { rawServer } from './raw-server.ts';

const SECRETS = {
  TWILIO_AUTH_TOKEN: 'canary-twilio-token-51e7',
  TELEGRAM_BOT_TOKEN: '1234567:canary-telegram-token-90ab',
  SMTP_PASSWORD: 'canary-smtp-pass+word/3f',
};
/** Of letters that no id and no figure has: digits come up by chance. */
const CODE = 'XKQZ';
const TEXT = `canary-text: your code is ${CODE}.`;

/** What of a secret may stand nowhere: itself, and the middle of its base64 however it was put together. */
function tracesOf(secret: string): readonly string[] {
  const inBase64 = ['', 'x', 'xx'].map((before) =>
    Buffer.from(before + secret)
      .toString('base64')
      .slice(4, -4),
  );
  return [secret, encodeURIComponent(secret), ...inBase64];
}

test('a vendor that echoes the login and the message gets them neither into the API nor into the log', async (t) => {
  const receiver = await httpReceiver();
  atEnd(t, () => receiver.close());
  receiver.otherwise((response, { path, headers, body }) => {
    const words = `line one\r\nline two\u001b[31m ${path} ${headers.authorization ?? ''} ${body} ${'x'.repeat(20_000)}`;
    response.writeHead(400).end(JSON.stringify({ message: words, description: words, ok: false, code: 1 }));
  });
  const mail = await rawServer((socket) => {
    socket.write('220 ready\r\n');
    socket.on('data', (bytes) => {
      const line = bytes.toString('latin1').trim();
      if (line.startsWith('EHLO')) socket.write('250-me\r\n250 AUTH PLAIN\r\n');
      else if (line.startsWith('AUTH')) socket.write(`535-5.7.8 bad login\r\n535 5.7.8 you said: ${line}\r\n`);
      else socket.write('250 ok\r\n');
    });
  });
  atEnd(t, () => mail.close());
  const service = await startService(t, {
    env: {
      LOG_LEVEL: 'trace',
      TWILIO_BASE_URL: receiver.url,
      TWILIO_ACCOUNT_SID: 'AC1',
      TWILIO_FROM_NUMBER: '+15005550006',
      TELEGRAM_BASE_URL: receiver.url,
      ...mailSettings(mail.port),
      SMTP_USER: 'user@example.com',
      ...SECRETS,
    },
  });
  const answers: string[] = [];
  for (const recipient of [{ phone: '+15550100' }, { telegram: '42' }, { email: 'user@example.com' }]) {
    const id = await service.send({ recipient, message: TEXT, retry: { max_attempts: 1 } });
    const shown = await service.waitFor(id, ({ attempts }) => attempts.length > 0);
    const detail = shown.attempts[0]?.detail ?? '';
    assert.match(detail, /\(secret\)/, `${JSON.stringify(recipient)}: ${detail}`);
    assert.match(detail, /^.{1,500}$/);
    assert.doesNotMatch(detail, /\p{Cc}/u);
    assert.ok(!detail.includes(CODE), detail);
    answers.push(JSON.stringify(shown));
  }
  assert.match(mail.received, /AUTH PLAIN \S{20}/);
  answers.push(JSON.stringify((await service.get('/dead-letters')).body).replaceAll(TEXT, ''));
  const everything = [...answers, service.stdout, service.stderr].join('\n');
  for (const secret of Object.values(SECRETS)) {
    for (const trace of tracesOf(secret)) assert.ok(!everything.includes(trace), `${trace} stands there`);
  }
  assert.ok(!service.stderr.includes(CODE), 'the message is in the log');
});
