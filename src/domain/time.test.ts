import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { formatTime, parseTime } from './time.ts';

const LONG = 65_536;

describe('a time', () => {
  const taken: readonly [string, string][] = [
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02t03:04:05z', '2026-01-02T03:04:05.000Z'],
    ['2026-01-02T03:04:05.6Z', '2026-01-02T03:04:05.600Z'],
    ['2026-01-02T03:04:05.678999999Z', '2026-01-02T03:04:05.678Z'],
    ['2026-01-02T03:04:05+02:00', '2026-01-02T01:04:05.000Z'],
    ['2026-01-01T00:30:00+05:30', '2025-12-31T19:00:00.000Z'],
    ['2026-12-31T23:59:59-00:01', '2027-01-01T00:00:59.000Z'],
    ['2026-01-02T03:04:05-00:00', '2026-01-02T03:04:05.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['0000-02-29T00:00:00Z', '0000-02-29T00:00:00.000Z'],
    ['0099-12-31T00:00:00Z', '0099-12-31T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ];
  for (const [text, expected] of taken) {
    test(`${text} is ${expected}`, () => assert.equal(formatTime(parseTime(text) ?? Number.NaN), expected));
  }

  const refused = [
    '',
    // Days that do not exist.
    '2026-02-30T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-32T00:00:00Z',
    // Hours that do not exist.
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:60Z',
    // What a lenient reader takes.
    '2026-13-01',
    '2026-01-01',
    '1',
    '2026',
    'Tue',
    'Tue, 01 Jan 2026 00:00:00 GMT',
    'infinity',
    '-infinity',
    'now',
    '1767225600000',
    '+002026-01-01T00:00:00Z',
    '2026-01-01 00:00:00Z',
    '2026-01-01T00:00Z',
    '20260101T000000Z',
    '2026-01-01T00:00:00,5Z',
    '2026-01-01T00:00:00.Z',
    '2026-01-01T00:00:00.0123456789Z',
    // Zones.
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00+99:99',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00+00:60',
    '2026-01-01T00:00:00+0100',
    '2026-01-01T00:00:00+01',
    '2026-01-01T00:00:00ZZ',
    '2026-01-01T00:00:00Z ',
    ' 2026-01-01T00:00:00Z',
    '2026-01-01T00:00:00Z\n',
    '２０２６-01-01T00:00:00Z',
    `2026-01-01T00:00:00.${'0'.repeat(LONG)}Z`,
    '2'.repeat(LONG),
    `2026-01-01T00:00:00Z${'Z'.repeat(LONG)}`,
  ];
  for (const text of refused) {
    test(`${JSON.stringify(text.slice(0, 40))} is refused`, () => assert.equal(parseTime(text), null));
  }

  test('is read back as it was written', () => {
    const years = { min: Date.parse('0000-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59.999Z') };
    fc.assert(fc.property(fc.integer(years), (time) => parseTime(formatTime(time)) === time));
  });

  test('is written as the standard says, whatever was written before it', () => {
    const time = fc.oneof(fc.integer({ min: -8.64e15, max: 8.64e15 }), fc.integer({ min: -3_000, max: 3_000 }), near());
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 20 }), (times) => {
        for (const one of times) assert.equal(formatTime(one), new Date(one).toISOString());
      }),
    );
    assert.throws(() => formatTime(Number.NaN), RangeError);
    assert.equal(formatTime(0), '1970-01-01T00:00:00.000Z');
  });

  test('is the same moment in every zone', () => {
    const offset = fc.integer({ min: -(23 * 60 + 59), max: 23 * 60 + 59 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.parse('2100-01-01T00:00:00Z') }), offset, (time, minutes) => {
        const wall = formatTime(time + minutes * 60_000).replace('Z', '');
        const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
        const zone = `${minutes < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`;
        assert.equal(parseTime(wall + zone), time);
      }),
    );
  });

  test('is only taken as a day that exists', () => {
    const day = fc.record({ y: fc.integer({ min: 1, max: 9999 }), m: fc.nat(13), d: fc.nat(32) });
    const pad = (value: number, length: number) => String(value).padStart(length, '0');
    fc.assert(
      fc.property(day, ({ y, m, d }) => {
        const text = `${pad(y, 4)}-${pad(m, 2)}-${pad(d, 2)}T12:00:00Z`;
        const time = parseTime(text);
        if (time !== null) assert.equal(formatTime(time).slice(0, 10), text.slice(0, 10));
        else assert.ok(m === 0 || m === 13 || d === 0 || d > 28, `${text} was refused`);
      }),
    );
  });
});

/** Within a few seconds of each other, parts of a millisecond included. */
function near(): fc.Arbitrary<number> {
  return fc
    .double({ min: -2_500, max: 2_500, noNaN: true })
    .map((offset) => Date.parse('2026-01-01T00:00:00Z') + offset);
}
