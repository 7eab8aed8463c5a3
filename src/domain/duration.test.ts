import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parseDuration } from './duration.ts';

const LONG = 65_536;

describe('a duration', () => {
  const taken: readonly [string, number][] = [
    ['0s', 0],
    ['250ms', 250],
    ['30s', 30_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['007s', 7_000],
    ['PT30S', 30_000],
    ['PT10M', 600_000],
    ['PT1H', 3_600_000],
    ['P2D', 172_800_000],
    ['P1DT2H', 93_600_000],
    ['P1DT2H3M4S', 93_784_000],
    ['PT90M', 5_400_000],
    ['PT0S', 0],
  ];
  for (const [text, ms] of taken) test(`${text} is ${ms} ms`, () => assert.equal(parseDuration(text), ms));

  const refused = [
    '',
    '30',
    's',
    '-1s',
    '+1s',
    '1.5s',
    '1e3s',
    '30 s',
    ' 30s',
    '30s\n',
    '30S',
    '1w',
    '1y',
    '1h30m',
    '٣٠s',
    'P',
    'PT',
    'P1DT',
    'P1M',
    'P1Y',
    'P1W',
    'PT1.5S',
    'PT-1S',
    '-PT1S',
    'pt30s',
    'PT1S1M',
    'P1H',
    '1000000000s',
    `${'1'.repeat(LONG)}s`,
    '1'.repeat(LONG),
    `PT${'1'.repeat(LONG)}S`,
    `P${'1D'.repeat(LONG / 2)}`,
    'constructor',
  ];
  for (const text of refused) {
    test(`${JSON.stringify(text.slice(0, 30))} is refused`, () => assert.equal(parseDuration(text), null));
  }

  test('reads the same in both forms', () => {
    const parts = fc.record({ d: fc.nat(365), h: fc.nat(23), m: fc.nat(59), s: fc.nat(59) });
    fc.assert(
      fc.property(parts, ({ d, h, m, s }) => {
        const sum = ['d', 'h', 'm', 's'].map((unit, at) => parseDuration(`${[d, h, m, s][at]}${unit}`) ?? Number.NaN);
        assert.equal(
          parseDuration(`P${d}DT${h}H${m}M${s}S`),
          sum.reduce((total, part) => total + part, 0),
        );
      }),
    );
  });
});
