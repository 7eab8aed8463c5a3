import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { CHANNELS } from './channel.ts';
import {
  addressOn,
  isUserId,
  parseEmail,
  parsePhone,
  parseTelegramChat,
  type Recipient,
  recipientFromText,
} from './recipient.ts';

const LONG = 65_536;
/** What makes careless patterns backtrack. All parsers must refuse them by their length or in one pass. */
const HOSTILE = [
  'a'.repeat(LONG),
  `${'a'.repeat(LONG)}@example.com`,
  `a@${'a.'.repeat(LONG / 2)}`,
  `a@${'a'.repeat(LONG)}`,
  `${'a.'.repeat(LONG / 2)}@`,
  '@'.repeat(LONG),
  '('.repeat(LONG),
  `+${'('.repeat(LONG)}`,
  `+1${'0'.repeat(LONG)}`,
  `-${'9'.repeat(LONG)}`,
  `@a${'_'.repeat(LONG)}`,
  ' '.repeat(LONG),
  `a${' '.repeat(LONG)}b`,
  `a@${'ü'.repeat(LONG)}.example`,
  'xn--'.repeat(LONG / 4),
  '\u0000'.repeat(LONG),
];

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 40)}… (${text.length})` : text);
}

describe('an e-mail address is taken', () => {
  const cases: readonly [string, string][] = [
    ['user@example.com', 'user@example.com'],
    ['User.Name+tag@Example.COM', 'User.Name+tag@example.com'],
    ["!#$%&'*+/=?^_`{|}~-@example.com", "!#$%&'*+/=?^_`{|}~-@example.com"],
    ['a@b.co', 'a@b.co'],
    [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
    ['a@bücher.example', 'a@xn--bcher-kva.example'],
    ['a@xn--bcher-kva.example', 'a@xn--bcher-kva.example'],
    ['a@faß.example', 'a@xn--fa-hia.example'],
    ['a@例え.テスト', 'a@xn--r8jz45g.xn--zckzah'],
    ['a@example。com', 'a@example.com'],
    ['a@ＥＸＡＭＰＬＥ.com', 'a@example.com'],
  ];
  for (const [text, expected] of cases) {
    test(`${shown(text)} as ${shown(expected)}`, () => assert.equal(parseEmail(text), expected));
  }
});

describe('an e-mail address is refused', () => {
  const cases: readonly string[] = [
    '',
    'a',
    'a@',
    '@b',
    '@b.co',
    'a@b',
    'a@-b.co',
    'a@b-.co',
    'a..b@c.co',
    '.a@c.co',
    'a.@c.co',
    'a@b..co',
    'a@.b.co',
    'a@b.co.',
    'a@b@c.co',
    'a@b_c.co',
    // Header injection.
    'a@b.co\r\nBcc: c@d.co',
    'a@b.co\nBcc: c@d.co',
    'a\r\nBcc: c@d.co',
    'a@b.co\u0000',
    'a@b.co\r',
    '\na@b.co',
    'a@b.co\u2028c',
    // Quoted local parts, comments, groups, names.
    '"a b"@c.co',
    '"a"@c.co',
    '"user@example.com x"@internal.example',
    '"user"@example.com(x)evil.example',
    'user@example.com(x)evil.example',
    'user(comment)@example.com',
    'g:"a;b" <x@y>;',
    'g:a@b.co;',
    '<a@b.co>',
    'A <a@b.co>',
    'a@b.co,c@d.co',
    'a@b.co;c@d.co',
    'a@good .evil',
    'a@good\t.evil',
    ' a@b.co',
    'a@b.co ',
    'a b@c.co',
    `${'('.repeat(25_000)}${')'.repeat(25_000)}@b.co`,
    `a@b.co${'(c)'.repeat(17_000)}`,
    // Addresses instead of names, and names without a dot.
    'a@[127.0.0.1]',
    'a@[IPv6:::1]',
    'a@127.0.0.1',
    'a@127.1',
    'a@0x7f.1',
    'a@①②⑦.⓪.⓪.①',
    'a@example.123',
    'a@localhost',
    // Too long.
    `${'a'.repeat(65)}@example.com`,
    `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(8)}.co`,
    `a@${'b'.repeat(64)}.co`,
    `a@${'ü'.repeat(80)}.example`,
    // International local parts, and domains that are no valid international ones.
    'ü@example.com',
    'a＠example.com',
    'a@b＠c.co',
    'a@xn--',
    'a@xn--a.example',
    'a@xn--zzzzzz.example',
    'a@xn--99999999.com',
    'a@a\u200db.com',
    'a@\ud800.com',
    // What only a URL would understand.
    'a@b.co/c',
    'a@b.co:25',
    'a@b.co?c',
    'a@b.co#c',
    'a@b%2eco.com',
    'a@good％2ecom.example',
    'a@%65.com',
    'a@b\\c.co',
    'a@b^c.co',
    'a@b|c.co',
  ];
  for (const text of [...cases, ...HOSTILE]) test(shown(text), () => assert.equal(parseEmail(text), null));

  test('one character above the limits, and is taken at them', () => {
    const domain = (length: number) =>
      Array.from({ length: 5 }, () => 'b'.repeat(60))
        .join('.')
        .slice(-length + 3)
        .concat('.co');
    assert.equal(domain(189).length, 189);
    assert.notEqual(parseEmail(`${'a'.repeat(64)}@${domain(189)}`), null);
    assert.equal(parseEmail(`${'a'.repeat(64)}@${domain(190)}`), null);
  });
});

test('whatever text comes, an address that is taken is plain, bounded and its own normal form', () => {
  const pieces = fc.constantFrom(
    'a',
    '.',
    '@',
    '-',
    'ü',
    '"',
    '(',
    ')',
    '<',
    ' ',
    '\r\n',
    ',',
    ';',
    ':',
    '%',
    'xn--',
    'co',
  );
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 30 }).map((text) => `a@${text}.example`),
    fc.string({ unit: 'binary', maxLength: 30 }).map((text) => `${text}@example.com`),
    fc.emailAddress(),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const email = parseEmail(text);
      if (email === null) return;
      assert.match(email, /^[!-?A-~]{1,64}@[a-z0-9.-]{3,253}$/);
      assert.doesNotMatch(email, /[\s"(),:;<>[\\\]]/);
      assert.ok(email.length <= 254);
      assert.equal(parseEmail(email), email);
    }),
    { numRuns: 1_000 },
  );
});

describe('a phone number', () => {
  for (const text of ['+14155552671', '+4915112345678', '+1234567', '+123456789012345']) {
    test(`${text} is taken as it is`, () => assert.equal(parsePhone(text), text));
  }
  const refused = [
    '',
    '123',
    '+',
    '+0123456',
    '+123456',
    '00491512345678',
    '14155552671',
    '+1 (415) 555-2671',
    '+1 415 555 2671',
    '+1234567890123456',
    '+١٤١٥٥٥٥٢٦٧١',
    '+１４１５５５５２６７１',
    '+14155552671;ext=1',
    '+14155552671\n',
    '\n+14155552671',
    '++14155552671',
    '+1415555267a',
    ...HOSTILE,
  ];
  for (const text of refused) test(`${shown(text)} is refused`, () => assert.equal(parsePhone(text), null));
});

describe('a Telegram chat', () => {
  const taken = ['1', '-1001234567890', '9223372036854775807', '-9223372036854775808', '@abcde', `@a${'_'.repeat(31)}`];
  for (const text of taken) test(`${text} is taken as it is`, () => assert.equal(parseTelegramChat(text), text));
  const refused = [
    '',
    '0',
    '-0',
    '-',
    '@',
    '@x y',
    '"@x y"',
    '@abcd',
    '@1bcde',
    '@äbcde',
    `@a${'_'.repeat(32)}`,
    '1.5',
    '1e5',
    '+1',
    '01',
    ' 1',
    '1\n',
    '9223372036854775808',
    '-9223372036854775809',
    '99999999999999999999',
    '0x10',
    '１２３',
    ...HOSTILE,
  ];
  for (const text of refused) test(`${shown(text)} is refused`, () => assert.equal(parseTelegramChat(text), null));
});

describe('a user id', () => {
  const taken = ['1', 'user-1', 'a b', 'ü', 'user:42/x', '名前', 'a'.repeat(255), '😀'];
  for (const text of taken) test(`${shown(text)} is taken`, () => assert.equal(isUserId(text), true));
  const refused = ['', ' ', ' a', 'a ', 'a\n', 'a\u0000b', 'a\tb', 'a\u0085b', '\u00a0a', 'a\ud800', 'a'.repeat(256)];
  for (const text of [...refused, 'a'.repeat(LONG), ' '.repeat(LONG)]) {
    test(`${shown(text)} is refused`, () => assert.equal(isUserId(text), false));
  }
});

describe('a bare string', () => {
  const cases: readonly [string, Recipient | null][] = [
    ['user@Example.com', { email: 'user@example.com' }],
    ['+14155552671', { phone: '+14155552671' }],
    ['user-1', { userId: 'user-1' }],
    ['14155552671', { userId: '14155552671' }],
    ['not@an@address', null],
    ['@name', null],
    ['+1 415', null],
    ['', null],
  ];
  for (const [text, expected] of cases) {
    test(`${shown(text)} is ${expected === null ? 'nobody' : Object.keys(expected).join()}`, () => {
      assert.deepEqual(recipientFromText(text), expected);
    });
  }
  for (const text of HOSTILE) test(`${shown(text)} is nobody`, () => assert.equal(recipientFromText(text), null));
});

test('every channel finds its own address, and only that', () => {
  const all: Recipient = {
    userId: 'u1',
    email: 'user@example.com',
    phone: '+14155552671',
    telegram: '@someone',
    pushTokens: ['t1', 't2'],
    slack: 'slack-hook',
    discord: 'discord-hook',
    teams: 'teams-hook',
    whatsapp: '+14155552672',
    webhookUrl: 'https://example.com/hook',
  };
  const expected = {
    email: 'user@example.com',
    sms: '+14155552671',
    push: 't1',
    telegram: '@someone',
    whatsapp: '+14155552672',
    slack: 'slack-hook',
    discord: 'discord-hook',
    teams: 'teams-hook',
    webhook: 'https://example.com/hook',
    in_app: 'u1',
  };
  assert.deepEqual(Object.fromEntries(CHANNELS.map((channel) => [channel, addressOn(channel, all)])), expected);
  assert.deepEqual(
    CHANNELS.map((channel) => addressOn(channel, { pushTokens: [] })),
    CHANNELS.map(() => null),
  );
});
