import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { baseUrl, boolean, choice, decimal, host, integer, list, sender, text } from './setting-forms.ts';
import { readSettings, type Setting } from './settings.ts';

const doc = 'A setting.';
const cases: readonly (readonly [Setting<unknown>, readonly (readonly [string, unknown])[]])[] = [
  [
    text('TEXT', { doc, like: /^a/ }),
    [
      ['abc', 'abc'],
      ['b', undefined],
      ['a\nb', undefined],
    ],
  ],
  [
    integer('INT', { doc, min: 1, max: 65_535 }),
    [
      ['1', 1],
      ['65535', 65_535],
      ['0', undefined],
      ['65536', undefined],
      ['1.0', undefined],
      ['1e3', undefined],
      ['0x10', undefined],
    ],
  ],
  [
    decimal('DEC', { doc, min: 0, max: 1 }),
    [
      ['0', 0],
      ['.3', 0.3],
      ['0.30', 0.3],
      ['1', 1],
      ['1.01', undefined],
      ['-0.1', undefined],
      ['NaN', undefined],
      ['1e-3', undefined],
    ],
  ],
  [
    boolean('BOOL', { doc }),
    [
      ['TRUE', true],
      ['1', true],
      ['yes', true],
      ['on', true],
      ['false', false],
      ['0', false],
      ['No', false],
      ['off', false],
      ['maybe', undefined],
    ],
  ],
  [
    choice('CHOICE', ['auto', 'none'], { doc }),
    [
      ['Auto', 'auto'],
      ['some', undefined],
    ],
  ],
  [
    list('LIST', { doc, of: 'numbers', item: (item) => (/^[0-9]+$/.test(item) ? Number(item) : undefined) }),
    [
      ['1, 2,,1', [1, 2]],
      ['1,x', undefined],
      [',', undefined],
    ],
  ],
  [
    baseUrl('URL', { doc }),
    [
      ['https://api.example.com/', 'https://api.example.com'],
      ['http://127.0.0.1:9/v1//', 'http://127.0.0.1:9/v1'],
      ['ftp://example.com', undefined],
      ['https://u:p@example.com', undefined],
      ['https://example.com/?a', undefined],
      ['example.com', undefined],
    ],
  ],
  [
    host('HOST', { doc }),
    [
      ['mail.example.com', 'mail.example.com'],
      ['[::1]', '::1'],
      ['10.0.0.1', '10.0.0.1'],
      ['a b', undefined],
      ['a/b', undefined],
    ],
  ],
  [
    sender('FROM', { doc }),
    [
      ['a@example.com', { name: null, address: 'a@example.com' }],
      ['News Desk <a@example.com>', { name: 'News Desk', address: 'a@example.com' }],
      ['"News, Desk" <a@Example.com>', { name: 'News, Desk', address: 'a@example.com' }],
      ['<a@example.com>', { name: null, address: 'a@example.com' }],
      ['News', undefined],
      ['A <a@example.com> <b@example.com>', undefined],
    ],
  ],
];

for (const [setting, texts] of cases) {
  describe(`${setting.env}: ${setting.form}`, () => {
    for (const [given, expected] of texts) {
      it(`${JSON.stringify(given)} is ${JSON.stringify(expected) ?? 'refused'}`, () => {
        assert.deepEqual(setting.parse(given), expected);
      });
    }
  });
}

it('required and defaulted settings always have a value, the others may be null', () => {
  const settings = {
    port: integer('PORT', { doc, default: '8000', min: 1, max: 65_535 }),
    name: text('NAME', { doc, required: true }),
    rate: decimal('RATE', { doc, min: 0, max: 1 }),
    names: list('NAMES', { doc, default: 'a,b', of: 'names', item: (item) => item }),
  };
  const { values } = readSettings(settings, { NAME: 'x' });
  assert.ok(values);
  const typed: { port: number; name: string; rate: number | null; names: readonly string[] } = values;
  assert.deepEqual(typed, { port: 8000, name: 'x', rate: null, names: ['a', 'b'] });
  assert.deepEqual(
    readSettings(settings, { PORT: 'x' }).faults.map(({ env }) => env),
    ['PORT', 'NAME'],
  );
});
