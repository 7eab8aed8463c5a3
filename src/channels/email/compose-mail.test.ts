import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import MailComposer from 'nodemailer/lib/mail-composer';
import PostalMime, { type Email } from 'postal-mime';
import { MAIL, NOW } from '../../../test/kit/provider-parts.ts';
import type { Sender } from '../../domain/setting-forms.ts';
import type { EmailMessage } from '../provider.ts';
import { composeMail } from './compose-mail.ts';

const plain: EmailMessage = { ...MAIL, messageId: '019f5e0c-2d3a-7a51-9c1e-0f6b3a7d5100-1' };
const news: Sender = { name: 'News', address: 'news@example.com' };

function composed(message: Partial<EmailMessage>, from = news): string {
  const typeOf = (filename: string) => (filename.endsWith('.pdf') ? 'application/pdf' : 'application/octet-stream');
  const bytes = composeMail({ ...plain, ...message }, { from, now: NOW, typeOf });
  const text = bytes.toString('latin1');
  // What SMTP asks of every line, and what a header may not be without.
  assert.doesNotMatch(text, /[^\t\r\n\x20-\x7e]/);
  assert.doesNotMatch(text, /\r(?!\n)|(?<!\r)\n/);
  // What some servers on the way change.
  assert.doesNotMatch(text, /[ \t]\r|^From /m);
  for (const line of text.split('\r\n')) assert.ok(line.length <= 998, line);
  for (const line of headOf(text).split('\r\n')) assert.notEqual(line.trim(), '');
  return text;
}

function headOf(mail: string): string {
  return mail.split('\r\n\r\n', 1)[0] ?? '';
}

/** What a reader sees of a mail. Ends of lines are its own affair. */
async function read(mail: string | Buffer) {
  const { from, to, cc, replyTo, subject, messageId, date, text, html, attachments } = await PostalMime.parse(mail);
  return {
    ...{ from, to, cc, replyTo, subject, messageId, date: Date.parse(date ?? '') },
    ...{ text: lines(text), html: lines(html), attachments: attachments.map(fileOf) },
  };
}

function lines(text = ''): string {
  return text.replace(/\r\n?/g, '\n').replace(/\n+$/, '');
}

function fileOf({ filename, mimeType, content }: Email['attachments'][number]) {
  assert.ok(content instanceof ArrayBuffer);
  return { filename, mimeType, content: Buffer.from(content).toString('base64') };
}

const anyText = fc.oneof(
  fc.string({ maxLength: 400 }),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({
    unit: fc.constantFrom(' ', '\t', '\n', '\r\n', '.', 'From ', '=_', '--', 'a', 'ü', '👋'),
    maxLength: 300,
  }),
  fc.string({ unit: fc.constantFrom('a', '\n', '=', 'long', ' '), minLength: 300, maxLength: 3000 }),
);
/** One line, as subjects and names are when they come here. */
const anyLine = anyText.map((text) =>
  text
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replace(/["<>]/g, '')
    .trim(),
);
const word = fc.stringMatching(/^[a-z0-9]{1,20}$/);
const anyAddress = fc.tuple(word, word).map(([user, domain]) => `${user}@${domain}.example.com`);
const anyFile = fc.record({
  filename: fc.oneof(
    word,
    anyLine.map((line) => line.slice(0, 120)).filter((line) => line !== ''),
  ),
  contentType: fc.constantFrom('text/csv', 'image/png', 'text/plain; charset=utf-8'),
  content: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('base64')),
});
const anyMail = fc.record({
  to: anyAddress,
  cc: fc.array(anyAddress, { maxLength: 12 }),
  subject: anyLine,
  text: anyText,
  html: anyText,
  headers: fc.dictionary(
    word.map((name) => `X-T-${name}`),
    fc.stringMatching(/^[!-~]{1,300}$/),
    { maxKeys: 3 },
  ),
  attachments: fc.array(anyFile, { maxLength: 3 }),
});

describe('any mail', () => {
  it('reads back as it was given, in all its parts', async () => {
    await fc.assert(
      fc.asyncProperty(anyMail, anyLine, async (message, name) => {
        const from = { name: name === '' ? null : name, address: 'news@example.com' };
        const mail = composed(message, from);
        const { headers } = await PostalMime.parse(mail);
        const seen = await read(mail);
        const files = message.attachments.map(({ filename, contentType, content }) => {
          return { filename, mimeType: contentType.split(';')[0], content };
        });
        assert.deepEqual(seen, {
          from: { name, address: 'news@example.com' },
          to: [{ name: '', address: message.to }],
          cc: message.cc.length === 0 ? undefined : message.cc.map((address) => ({ name: '', address })),
          replyTo: undefined,
          subject: message.subject === '' ? undefined : message.subject,
          messageId: `<${plain.messageId}@example.com>`,
          date: NOW,
          text: lines(message.text.toWellFormed()),
          html: lines(message.html.toWellFormed()),
          attachments: files,
        });
        const own = new Map(headers.map(({ key, value }) => [key, value]));
        for (const [key, value] of Object.entries(message.headers)) assert.equal(own.get(key.toLowerCase()), value);
      }),
      { numRuns: 300 },
    );
  });
});

/** The same mail by the library that most people send with. */
async function byNodemailer(message: EmailMessage, from: Sender): Promise<Buffer> {
  return new MailComposer({
    from: { name: from.name ?? '', address: from.address },
    to: message.to,
    cc: [...message.cc],
    ...(message.replyTo === null ? {} : { replyTo: message.replyTo }),
    subject: message.subject,
    text: message.text,
    html: message.html,
    messageId: `<${message.messageId}@example.com>`,
    date: new Date(NOW),
    attachments: message.attachments.map(({ filename, contentType, content }) => {
      const type = contentType === null ? {} : { contentType };
      return { filename, content: Buffer.from(content, 'base64'), ...type };
    }),
  })
    .compile()
    .build();
}

describe('a reader sees no difference to a mail composed by nodemailer', () => {
  const long = 'So long a subject that it has to be folded, in words that anybody can read, over more than one line';
  const file = (filename: string, contentType: string | null = null) => {
    return { filename, contentType, content: Buffer.from(`of ${filename}\n`).toString('base64') };
  };
  const corpus: readonly (readonly [string, Partial<EmailMessage>, string | null])[] = [
    ['in ASCII', {}, 'Example Shop'],
    ['with a long subject', { subject: long }, 'Shop, Inc. "East"'],
    [
      'in German',
      { subject: 'Grüße aus Köln', text: 'Schöne Grüße\n\nEnde', html: '<p>Schöne Grüße</p>' },
      'Müller & Söhne',
    ],
    ['in Russian', { subject: 'Ваш заказ в пути', text: 'Привет! '.repeat(40), html: '<p>Привет</p>' }, 'Магазин'],
    ['in Chinese and pictures', { subject: '你好 👋'.repeat(12), text: '你好👋\n', html: '<b>你好</b>' }, '商店'],
    ['with long lines', { text: 'word '.repeat(400), html: `<p>${'x'.repeat(2000)}</p>` }, null],
    ['with dots, equal signs and blanks', { text: '.\n..\na=3D\nFrom me \n \n', html: '' }, null],
    ['of HTML alone', { text: '' }, null],
    [
      'with copies and a place for answers',
      { cc: ['a@example.com', 'b@example.com'], replyTo: 'Desk <desk@example.com>' },
      null,
    ],
    [
      'with files',
      { attachments: [file('a.txt', 'text/plain'), file('Rechnung März.pdf'), file('请.csv', 'text/csv')] },
      null,
    ],
    [
      'with a long name of a file',
      { attachments: [file(`${'long-'.repeat(40)}.pdf`), file(`${'ü'.repeat(120)}.pdf`)] },
      null,
    ],
  ];
  for (const [words, message, name] of corpus) {
    it(words, async () => {
      const from = { name, address: 'news@example.com' };
      const theirs = await read(await byNodemailer({ ...plain, ...message }, from));
      assert.deepEqual(await read(composed(message, from)), theirs);
    });
  }
});

describe('a body', () => {
  const encodingOf = (text: string) => /^Content-Transfer-Encoding: (.+)\r$/m.exec(composed({ text, html: '' }))?.[1];

  it('goes as it is where that is safe, else legibly, or in base64 where most of it is not ASCII', () => {
    assert.equal(encodingOf('Hello\n.dot\n'), '7bit');
    assert.equal(encodingOf(`${'x'.repeat(76)}\n`), '7bit');
    for (const text of [
      'x'.repeat(77),
      'blank \nx',
      'tab\t',
      'x\nFrom me',
      'a=_b',
      'Grüße aus Köln',
      'a\0b',
      'a\u0085b',
    ]) {
      assert.equal(encodingOf(text), 'quoted-printable', JSON.stringify(text));
    }
    assert.equal(encodingOf('Привет'), 'base64');
  });

  it('cannot end its part: no boundary stands in it', async () => {
    const boundaries = [...composed({ attachments: [] }).matchAll(/boundary="(.+)"/g)].map(
      ([, boundary]) => `--${boundary}`,
    );
    assert.equal(boundaries.length, 1);
    const text = `${boundaries.join('\n')}\n--=_mail-${plain.messageId}\n\nforged\n${boundaries[0]}--`;
    const attachments = [
      { filename: 'a.eml', contentType: 'message/rfc822', content: Buffer.from(text).toString('base64') },
    ];
    const seen = await read(composed({ text, html: text, attachments }));
    assert.equal(seen.text, text);
    assert.equal(seen.html, text);
    assert.deepEqual(seen.attachments, [
      { filename: 'a.eml', mimeType: 'application/octet-stream', content: attachments[0]?.content },
    ]);
  });

  it('has lines of at most 76 characters, none of which tears a character', () => {
    const body = composed({ text: `${'ü👋'.repeat(40)}${'a'.repeat(500)}`, html: '' }).split('\r\n\r\n')[1] ?? '';
    assert.match(body, /=\r\n/);
    for (const line of body.split('\r\n')) {
      assert.ok(line.length <= 76, line);
      assert.doesNotThrow(() => decodeURIComponent(line.replace(/=$/, '').replaceAll('=', '%')), line);
    }
  });
});

describe('headers', () => {
  it('are folded at blanks, with encoded words of at most 75 characters', () => {
    const head = headOf(
      composed({ subject: 'Grüße 👋 '.repeat(40), cc: Array.from({ length: 50 }, (_, n) => `user-${n}@example.com`) }),
    );
    for (const line of head.split('\r\n')) assert.ok(line.length <= 76, line);
    const words = head.match(/=\?UTF-8\?[BQ]\?[^?]*\?=/g) ?? [];
    assert.ok(words.length > 10);
    for (const one of words) assert.ok(one.length <= 75, one);
  });

  it('are read as they were given, though they look encoded, have many blanks or none', async () => {
    const looks = '=?UTF-8?Q?=C3=BC?= or not';
    const seen = await read(composed({ subject: looks }, { name: looks, address: 'news@example.com' }));
    assert.deepEqual([seen.subject, seen.from?.name], [looks, looks]);
    const wide = `${'a'.repeat(64)}   ${'b'.repeat(64)}`;
    assert.match(composed({ subject: wide }), /^Subject: a{64}\r\n {3}b{64}\r$/m);
    assert.match(composed({ subject: 'a'.repeat(200) }), /^Subject: a{200}\r$/m);
  });

  it('are only those that the message has: no text of it starts another', () => {
    const evil = 'x\r\nBcc: evil@example.com\r\n\r\n<p>';
    const mail = composed(
      {
        subject: evil,
        replyTo: `${evil} <a@example.com>`,
        headers: { 'X-A': evil, 'X B': 'x', 'X:C': 'x', 'X-D': ' ', 'X-E': 'y', Bcc: 'evil@example.com' },
        attachments: [{ filename: evil, contentType: `text/plain\r\nBcc: evil@example.com`, content: 'QQ==\r\n--' }],
      },
      { name: evil, address: 'news@example.com' },
    );
    assert.doesNotMatch(mail, /^(?:Bcc|X-A|X B|X:C|X-D)/im);
    const names = headOf(mail)
      .split('\r\n')
      .map((line) => /^([^ :]+):/.exec(line)?.[1]);
    const expected = [
      'From',
      'To',
      'Subject',
      'Message-ID',
      'Date',
      'X-E',
      'Auto-Submitted',
      'MIME-Version',
      'Content-Type',
    ];
    assert.deepEqual(
      names.filter((name) => name !== undefined),
      expected,
    );
  });

  it('of a caller are left as they are, even encoded ones; a word that no line holds is encoded', () => {
    const mail = composed({ headers: { 'X-Word': '=?UTF-8?Q?=C3=BC?=', 'X-Long': 'x'.repeat(998) } });
    assert.match(mail, /^X-Word: =\?UTF-8\?Q\?=C3=BC\?=\r$/m);
    assert.match(mail, /^X-Long: =\?UTF-8\?Q\?x+\?=\r$/m);
  });
});

describe('an attachment', () => {
  const typeOf = async (contentType: string | null, filename = 'a.bin', text = 'Subject: x\n\nHello\n') => {
    const content = Buffer.from(text).toString('base64');
    const { attachments } = await PostalMime.parse(composed({ attachments: [{ filename, contentType, content }] }), {
      forceRfc822Attachments: true,
    });
    return attachments[0]?.mimeType;
  };

  it('has the type it was given, or that of its name', async () => {
    assert.equal(await typeOf('text/csv; charset=utf-8; name=evil.exe'), 'text/csv');
    assert.equal(await typeOf(null, 'a.pdf'), 'application/pdf');
    assert.equal(await typeOf('no type at all'), 'application/octet-stream');
    assert.equal(await typeOf('multipart/mixed'), 'application/octet-stream');
  });

  it('has one name', () => {
    const attachments = [{ filename: 'a.txt', contentType: 'text/plain; name=b.exe; charset=utf-8', content: '' }];
    const mail = composed({ attachments });
    assert.match(mail, /^Content-Type: text\/plain; charset=utf-8; name="a.txt"\r$/m);
    assert.match(mail, /^Content-Disposition: attachment; filename="a.txt"\r$/m);
  });

  it('that is a mail is one to its reader, unless it would have to be encoded', async () => {
    assert.equal(await typeOf('message/rfc822', 'a.eml'), 'message/rfc822');
    assert.equal(await typeOf('message/rfc822', 'a.eml', 'Subject: ü'), 'application/octet-stream');
    assert.equal(await typeOf('message/rfc822', 'a.eml', 'x'.repeat(999)), 'application/octet-stream');
  });
});
