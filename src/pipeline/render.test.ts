import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { builders } from '../../test/kit/builders.ts';
import type { EmailMessage, Message } from '../channels/provider.ts';
import { CHANNELS, type Channel } from '../domain/channel.ts';
import type { Notification, Overrides } from '../domain/notification.ts';
import type { Recipient } from '../domain/recipient.ts';
import { render } from './render.ts';

const make = builders(() => Date.UTC(2026, 0, 15, 12));

const EVERYWHERE: Recipient = {
  userId: 'user-1',
  email: 'user@example.com',
  phone: '+15550100',
  telegram: '4711',
  pushTokens: ['token-1', 'token-2'],
  slack: 'C01',
  discord: 'D01',
  teams: 'T01',
  whatsapp: '+15550101',
  webhookUrl: 'https://hooks.example.com/x',
};

const CONTENT = {
  recipient: EVERYWHERE,
  title: 'Parcel',
  message: 'It has arrived.\nCome and get it.',
  actionUrl: 'https://example.com/p?a=1&b=2',
  data: { parcel: 17 },
  metadata: { order: '17' },
  tags: ['parcel'],
};
const ONE_TEXT = 'Parcel\n\nIt has arrived.\nCome and get it.\n\nhttps://example.com/p?a=1&b=2';

describe('the common text', () => {
  test('becomes an e-mail with subject, text, HTML and stable ids', () => {
    const { message, notification, id } = rendered('email', CONTENT);
    assert.ok(message.channel === 'email');
    const { html, ...rest } = message;
    assert.deepEqual(rest, {
      channel: 'email',
      to: 'user@example.com',
      from: null,
      replyTo: null,
      cc: [],
      bcc: [],
      subject: 'Parcel',
      text: 'It has arrived.\nCome and get it.\n\nhttps://example.com/p?a=1&b=2',
      headers: { 'X-Tidings-Notification': notification.id },
      attachments: [],
      messageId: id,
    });
    assert.match(html, /<h1[^>]*>Parcel<\/h1>/);
    assert.match(html, /<p>It has arrived\.<br>\nCome and get it\.<\/p>/);
    assert.match(html, /<a href="https:\/\/example\.com\/p\?a=1&amp;b=2">/);
  });

  for (const [channel, expected] of [
    ['sms', { to: '+15550100', text: ONE_TEXT }],
    ['whatsapp', { to: '+15550101', text: ONE_TEXT }],
    ['telegram', { to: '4711', text: ONE_TEXT, parseMode: null, silent: false }],
    ['slack', { to: 'C01', text: ONE_TEXT }],
    ['discord', { to: 'D01', text: ONE_TEXT }],
    ['teams', { to: 'T01', text: ONE_TEXT }],
    [
      'push',
      {
        to: 'token-1',
        tokens: ['token-1', 'token-2'],
        title: 'Parcel',
        body: CONTENT.message,
        data: { parcel: 17 },
      },
    ],
    [
      'in_app',
      {
        to: 'user-1',
        title: 'Parcel',
        body: CONTENT.message,
        actionUrl: CONTENT.actionUrl,
        data: { parcel: 17 },
      },
    ],
  ] as const) {
    test(`becomes a message for ${channel}`, () => {
      assert.deepEqual(rendered(channel, CONTENT).message, { channel, ...expected });
    });
  }

  test('becomes the JSON of a webhook, under the id of its delivery', () => {
    const { message, notification, id } = rendered('webhook', CONTENT);
    assert.ok(message.channel === 'webhook');
    const { body, ...rest } = message;
    assert.deepEqual(rest, { channel: 'webhook', to: 'https://hooks.example.com/x', id });
    assert.deepEqual(JSON.parse(body), {
      type: 'notification',
      timestamp: '2026-01-15T12:00:00.000Z',
      data: {
        id: notification.id,
        user_id: 'user-1',
        title: 'Parcel',
        message: CONTENT.message,
        action_url: CONTENT.actionUrl,
        data: { parcel: 17 },
      },
    });
  });

  test('alone is all there is where there is neither title nor link', () => {
    assert.deepEqual(rendered('sms', { recipient: EVERYWHERE, message: 'Hi' }).message, {
      channel: 'sms',
      to: '+15550100',
      text: 'Hi',
    });
    const { html } = email({ message: 'Hi' });
    assert.doesNotMatch(html, /<h1|<a /);
  });

  test('is the same for every attempt', () => {
    const notification = make.notification(CONTENT);
    const [delivery] = make.parcel({ id: notification.id }).deliveries;
    assert.ok(delivery);
    const later = { ...delivery, version: 9, attempts: 4, round: 3 };
    for (const channel of CHANNELS) {
      assert.deepEqual(
        render(channel, notification, later, new Set()),
        render(channel, notification, delivery, new Set()),
      );
    }
  });
});

describe('HTML', () => {
  test('shows title, message and link as text, whatever they hold', () => {
    const evil = `<script>alert("x")</script>&'`;
    const { html } = email({ title: evil, message: evil, actionUrl: `https://example.com/"><script>'&` });
    assert.doesNotMatch(html, /<script/);
    const shown = '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;';
    assert.ok(html.includes(`">${shown}</h1>`));
    assert.ok(html.includes(`<p>${shown}</p>`));
    const link = 'https://example.com/&quot;&gt;&lt;script&gt;&#39;&amp;';
    assert.ok(html.includes(`<a href="${link}">${link}</a>`));
  });

  test('keeps paragraphs and lines', () => {
    const { html } = email({ message: 'one\ntwo\n\nthree\n\n\n\nfour' });
    assert.match(html, /<p>one<br>\ntwo<\/p>\n<p>three<\/p>\n<p>four<\/p>/);
  });
});

describe('a subject', () => {
  for (const [what, message, subject] of [
    ['is the first line', 'First line\nsecond line', 'First line'],
    ['is the first line that is not blank, trimmed', '\n  \n  First line  \nsecond', 'First line'],
    ['does not end with the carriage return of its line', 'First line\r\nsecond line', 'First line'],
    ['of 78 characters is kept', 'x'.repeat(78), 'x'.repeat(78)],
    ['that is longer is cut to 78 with an ellipsis', 'x'.repeat(79), `${'x'.repeat(77)}…`],
    ['is never cut inside a character', '😀'.repeat(79), `${'😀'.repeat(77)}…`],
    ['ends with its line, whatever ends it', 'First\rBcc: x@example.com', 'First'],
    ['ends with a line separator too', 'First\u2028second', 'First'],
    ['holds no control characters', 'First\tline\u0007!', 'First line !'],
  ] as const) {
    test(`without a title ${what}`, () => {
      assert.equal(email({ message }).subject, subject);
    });
  }
});

describe('overrides', () => {
  test('replace what they name on their channel', () => {
    const overrides: Overrides = {
      email: {
        subject: 'S',
        html: '<b>H</b>',
        text: 'T',
        from: 'Shop <shop@example.com>',
        reply_to: 'help@example.com',
        cc: ['c@example.com'],
        bcc: ['b@example.com'],
        headers: { 'X-Mine': '1' },
        attachments: [{ filename: 'a.txt', content: 'aGk=' }],
      },
    };
    const { message, notification } = rendered('email', { ...CONTENT, overrides });
    assert.deepEqual(message, {
      channel: 'email',
      to: 'user@example.com',
      from: 'Shop <shop@example.com>',
      replyTo: 'help@example.com',
      cc: ['c@example.com'],
      bcc: ['b@example.com'],
      subject: 'S',
      text: 'T',
      html: '<b>H</b>',
      headers: { 'X-Tidings-Notification': notification.id, 'X-Mine': '1' },
      attachments: [{ filename: 'a.txt', contentType: null, content: 'aGk=' }],
      messageId: message.channel === 'email' ? message.messageId : '',
    });
  });

  for (const [channel, override, expected] of [
    ['sms', { text: 'T' }, { text: 'T' }],
    ['whatsapp', { text: 'T' }, { text: 'T' }],
    ['slack', { text: 'T' }, { text: 'T' }],
    ['discord', { text: 'T' }, { text: 'T' }],
    ['teams', { text: 'T' }, { text: 'T' }],
    [
      'telegram',
      { text: '<b>T</b>', parse_mode: 'HTML', silent: true },
      { text: '<b>T</b>', parseMode: 'HTML', silent: true },
    ],
    ['push', { title: 'P', body: 'B', data: { x: 1 } }, { title: 'P', body: 'B', data: { x: 1 } }],
    [
      'in_app',
      { title: 'P', body: 'B', action_url: '/here', data: { x: 1 } },
      { title: 'P', body: 'B', actionUrl: '/here', data: { x: 1 } },
    ],
    ['webhook', { payload: { mine: true } }, { body: '{"mine":true}' }],
  ] as const) {
    test(`speak for ${channel} and for nothing else`, () => {
      const overrides: Overrides = { [channel]: override };
      const plain = rendered(channel, CONTENT);
      assert.deepEqual(rendered(channel, { ...CONTENT, overrides }, plain.notification.id).message, {
        ...plain.message,
        ...expected,
      });
      for (const other of CHANNELS.filter((one) => one !== channel)) {
        const without = rendered(other, CONTENT);
        assert.deepEqual(rendered(other, { ...CONTENT, overrides }, without.notification.id).message, without.message);
      }
    });
  }
});

describe('without an address', () => {
  for (const channel of CHANNELS) {
    test(`there is nothing to send on ${channel}, but in the sandbox a user id is enough`, () => {
      const recipient: Recipient = channel === 'in_app' ? { email: 'user@example.com' } : { userId: 'user-1' };
      assert.equal(renderTo(channel, recipient, new Set()), null);
      const caught = renderTo(channel, recipient, new Set([channel]));
      assert.equal(caught?.to, channel === 'in_app' ? undefined : 'user-1');
    });
  }
});

function rendered(channel: Channel, over: Partial<Notification>, id?: Notification['id']) {
  const { notification, deliveries } = make.parcel(id === undefined ? over : { ...over, id });
  const [delivery] = deliveries;
  assert.ok(delivery);
  const message = render(channel, notification, delivery, new Set());
  assert.ok(message);
  return { message, notification, id: delivery.id };
}

function renderTo(channel: Channel, recipient: Recipient, sandboxed: ReadonlySet<Channel>): Message | null {
  const { notification, deliveries } = make.parcel({ recipient });
  const [delivery] = deliveries;
  assert.ok(delivery);
  return render(channel, notification, delivery, sandboxed);
}

function email(over: Partial<Notification>): EmailMessage {
  const { message } = rendered('email', { recipient: EVERYWHERE, ...over });
  assert.ok(message.channel === 'email');
  return message;
}
