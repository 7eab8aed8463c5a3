import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { isSafeLink, MAX_URL, parseCallableUrl } from './url.ts';

const LONG = 65_536;
const HOSTILE = [
  `https://example.com/${'a'.repeat(LONG)}`,
  `https://${'a.'.repeat(LONG / 2)}`,
  `https://${'@'.repeat(LONG)}`,
  `http${'s'.repeat(LONG)}`,
  '/'.repeat(LONG),
  '%'.repeat(LONG),
];

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 40)}… (${text.length})` : text);
}

/** Exactly `length` characters. */
function longUrl(length: number): string {
  return 'https://example.com/'.padEnd(length, 'a');
}

describe('a URL that may be called', () => {
  const taken: readonly [string, string][] = [
    ['https://example.com', 'https://example.com/'],
    ['HTTPS://EXAMPLE.com/Hook?a=b&c=%20', 'https://example.com/Hook?a=b&c=%20'],
    ['http://example.com:80/', 'http://example.com/'],
    ['http://example.com:443/', 'http://example.com:443/'],
    ['http://example.com:1024/', 'http://example.com:1024/'],
    ['https://example.com:65535/', 'https://example.com:65535/'],
    ['https://bücher.example/ü', 'https://xn--bcher-kva.example/%C3%BC'],
    // Literal addresses have the right form; the guard decides about them, in their normal form.
    ['http://127.0.0.1:8080/x', 'http://127.0.0.1:8080/x'],
    ['http://2130706433/', 'http://127.0.0.1/'],
    ['http://%31%32%37.0.0.1/', 'http://127.0.0.1/'],
    ['http://[::1]:3000/', 'http://[::1]:3000/'],
    [longUrl(MAX_URL), longUrl(MAX_URL)],
  ];
  for (const [text, expected] of taken) {
    test(`${shown(text)} is taken in normal form`, () => assert.equal(parseCallableUrl(text), expected));
  }

  const refused = [
    '',
    'example.com',
    '//example.com',
    'https:example.com',
    'https:/example.com',
    'https://',
    'http://?a=b',
    longUrl(MAX_URL + 1),
    longUrl(3_072),
    // User, password, fragment.
    'https://user@example.com/',
    'https://user:pass@example.com/',
    'https://:pass@example.com/',
    'https://evil.example@127.0.0.1/',
    'https://example.com/#top',
    'https://example.com/#',
    // Ports.
    'http://example.com:0/',
    'http://example.com:25/',
    'https://example.com:22/',
    'https://example.com:1023/',
    'http://example.com:65536/',
    'http://example.com:-1/',
    'http://example.com:8a/',
    // Blanks, control and format characters, backslashes.
    'https://example.com/\r\nHost: evil.example',
    'https://example.com/a\nb',
    'https://example.com/a b',
    ' https://example.com/',
    'https://example.com/ ',
    'https://exa\tmple.com/',
    'https://example.com/\u0000',
    'https://example.com/\u202efdp.exe',
    'https://\u200b127.0.0.1/',
    'https://127.0.0.1\\@evil.example/',
    // Other schemes.
    'javascript:alert(1)',
    'file:///etc/passwd',
    'gopher://example.com/',
    'ftp://example.com/',
    'data:text/html,x',
    // Hosts that are none.
    'https://a..b^/',
    'https://[::1/',
    'https://256.256.256.256/',
    'https://a%00b/',
    ...HOSTILE,
  ];
  for (const text of refused) test(`${shown(text)} is refused`, () => assert.equal(parseCallableUrl(text), null));

  test('is its own normal form', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (text) => {
        const url = parseCallableUrl(text);
        if (url !== null) assert.equal(parseCallableUrl(url), url);
      }),
    );
  });
});

describe('a link for people', () => {
  const safe = [
    'https://example.com/a?b#c',
    'http://example.com',
    'mailto:user@example.com',
    '/orders/42',
    '/',
    `/${'a'.repeat(MAX_URL - 1)}`,
  ];
  for (const text of safe) test(`${shown(text)} is safe`, () => assert.equal(isSafeLink(text), true));
  const unsafe = [
    '',
    'orders/42',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'ja\tvascript:alert(1)',
    ' javascript:alert(1)',
    '\u0001javascript:alert(1)',
    'vbscript:x',
    'data:text/html,<script>',
    'blob:https://example.com/x',
    'file:///etc/passwd',
    '/a\u202eb',
    `/${'a'.repeat(MAX_URL)}`,
    ...HOSTILE,
  ];
  for (const text of unsafe) test(`${shown(text)} is not safe`, () => assert.equal(isSafeLink(text), false));
});
