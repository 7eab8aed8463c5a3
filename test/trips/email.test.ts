import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import PostalMime from 'postal-mime';
import { mailSettings, plainMailServer, secureMailServer } from '../kit/mail-server.ts';
import { startService } from '../kit/service.ts';

const TITLE =
  'Grüße aus Köln – 你好 👋, so long a subject that it has to be folded over more than one line of the header';
const TEXT = 'Schöne Grüße!\n\n.A line that begins with a dot.\nПривет & <b>not bold</b>\n\nEnde';

describe('an e-mail', { concurrency: 4 }, () => {
  test('arrives over STARTTLS and a login with everything a mail must have', async (t) => {
    const mailbox = await secureMailServer(t);
    const service = await startService(t, { env: { ...mailbox.env, SMTP_TLS_VERIFY: 'true' } });
    const before = Date.now();
    const id = await service.send({
      recipient: 'user@example.com',
      title: TITLE,
      message: TEXT,
      action_url: 'https://example.com/?a=1&b=2',
    });
    const shown = await service.waitFor(id, 'sent');

    const [raw] = await mailbox.received(1);
    assert.ok(raw);
    assert.equal(raw.encrypted, true);
    assert.equal(raw.user, 'tidings@example.com');
    assert.equal(raw.from, 'news@example.com');
    assert.deepEqual(raw.to, ['user@example.com']);
    const head = raw.raw.split('\r\n\r\n', 1)[0] ?? '';
    assert.match(head, /^MIME-Version: 1\.0$/m);
    assert.match(head, /^Content-Type: multipart\/alternative;/m);
    assert.ok(
      raw.raw.split('\r\n').every((line) => Buffer.byteLength(line) <= 998),
      'a line is longer than SMTP allows',
    );

    const mail = await PostalMime.parse(raw.raw);
    assert.deepEqual(mail.from, { address: 'news@example.com', name: 'Tidings' });
    assert.deepEqual(mail.to, [{ address: 'user@example.com', name: '' }]);
    assert.equal(mail.subject, TITLE);
    assert.equal(mail.text?.trim().replaceAll('\r\n', '\n'), `${TEXT}\n\nhttps://example.com/?a=1&b=2`);
    assert.match(mail.html ?? '', /Привет &amp; &lt;b&gt;not bold&lt;\/b&gt;/);
    assert.match(mail.html ?? '', /<a href="https:\/\/example\.com\/\?a=1&amp;b=2">/);
    const date = Date.parse(mail.date ?? '');
    assert.ok(date >= before - 1_000 && date <= Date.now(), `Date: ${mail.date}`);
    assert.equal(mail.headers.find(({ key }) => key === 'x-tidings-notification')?.value, id);
    const [delivery] = shown.deliveries;
    assert.equal(mail.messageId, `<${delivery?.id}@example.com>`);
    assert.equal(shown.channel_used, 'email');
    assert.deepEqual(
      shown.attempts.map(({ provider, outcome, provider_message_id }) => [provider, outcome, provider_message_id]),
      [['smtp', 'accepted', mail.messageId]],
    );
  });

  test('is what its overrides say: subject, texts, sender, copies, headers, attachments', async (t) => {
    const mailbox = await plainMailServer(t);
    const service = await startService(t, { env: mailbox.env });
    const content = Buffer.from('Überschrift;Wert\n');
    const id = await service.send({
      recipient: 'user@example.com',
      message: 'The common text',
      overrides: {
        email: {
          subject: 'Rechnung für März',
          text: 'Only text',
          html: '<p>Only <i>html</i></p>',
          from: 'billing@example.com',
          reply_to: 'help@example.com',
          cc: ['cc@example.com'],
          bcc: ['bcc@example.com'],
          headers: { 'X-Campaign': 'march' },
          attachments: [{ filename: 'März.csv', content_type: 'text/csv', content: content.toString('base64') }],
        },
      },
    });
    await service.waitFor(id, 'sent');

    const [raw] = await mailbox.received(1);
    assert.ok(raw);
    assert.equal(raw.from, 'billing@example.com');
    assert.deepEqual([...raw.to].sort(), ['bcc@example.com', 'cc@example.com', 'user@example.com']);
    assert.doesNotMatch(raw.raw, /bcc@example\.com/, 'a blind copy is seen by all');
    const mail = await PostalMime.parse(raw.raw);
    assert.equal(mail.subject, 'Rechnung für März');
    assert.equal(mail.from?.address, 'billing@example.com');
    assert.deepEqual(
      [mail.replyTo, mail.cc].map((list) => list?.map(({ address }) => address)),
      [['help@example.com'], ['cc@example.com']],
    );
    assert.equal(mail.text?.trim(), 'Only text');
    assert.match(mail.html ?? '', /<p>Only <i>html<\/i><\/p>/);
    assert.equal(mail.headers.find(({ key }) => key === 'x-campaign')?.value, 'march');
    const [attachment] = mail.attachments;
    assert.equal(attachment?.filename, 'März.csv');
    assert.equal(attachment?.mimeType, 'text/csv');
    assert.ok(attachment?.content instanceof ArrayBuffer);
    assert.deepEqual(Buffer.from(attachment.content), content);
  });

  test('that is greylisted comes again, with the same Message-ID', async (t) => {
    const mailbox = await plainMailServer(t);
    const greylisted = { code: 451, text: '4.7.1 Greylisted, come again later' };
    mailbox.refuse('user@example.com', [greylisted]);
    mailbox.refuseContent(greylisted);
    const service = await startService(t, { env: { ...mailbox.env, RETRY_SCHEDULE: '300ms,300ms' } });
    const id = await service.send({ recipient: 'user@example.com', title: 'Hello', message: 'Patience.' });
    const shown = await service.waitFor(id, 'sent');

    const mails = await Promise.all([...mailbox.refused, ...mailbox.mails].map(({ raw }) => PostalMime.parse(raw)));
    assert.equal(mails.length, 2);
    assert.equal(mails[0]?.messageId, `<${shown.deliveries[0]?.id}@example.com>`);
    assert.equal(mails[1]?.messageId, mails[0]?.messageId);
    assert.deepEqual(
      shown.attempts.map(({ attempt, outcome, code }) => [attempt, outcome, code]),
      [
        [1, 'deferred', 'temporarily_rejected'],
        [2, 'deferred', 'temporarily_rejected'],
        [3, 'accepted', null],
      ],
    );
    assert.match(shown.attempts[0]?.detail ?? '', /4\.7\.1 Greylisted/);
  });

  test('is not sent without encryption where that is demanded', async (t) => {
    const mailbox = await plainMailServer(t);
    const env = { ...mailSettings(mailbox.port), SMTP_TLS: 'starttls', MAX_RETRY_ATTEMPTS: '1' };
    const service = await startService(t, { env });
    const id = await service.send({ recipient: 'user@example.com', message: 'Not for everybody' });
    const shown = await service.waitFor(id, 'failed');
    assert.equal(shown.deliveries[0]?.reason, 'tls_failed');
    assert.deepEqual(mailbox.commands, []);
  });

  test('is not sent to a server whose certificate nobody vouches for', async (t) => {
    const mailbox = await secureMailServer(t);
    const { NODE_EXTRA_CA_CERTS: _trusted, ...env } = mailbox.env;
    const service = await startService(t, { env: { ...env, SMTP_TLS_VERIFY: 'true', MAX_RETRY_ATTEMPTS: '1' } });
    const id = await service.send({ recipient: 'user@example.com', message: 'Not for everybody' });
    const shown = await service.waitFor(id, 'failed');
    assert.equal(shown.deliveries[0]?.reason, 'tls_failed');
    assert.equal(mailbox.mails.length, 0);
  });
});
