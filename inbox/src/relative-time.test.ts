import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeWords } from './relative-time.ts';

const NOW = Date.parse('2026-03-10T12:00:00.000Z');

test('a time is told in the words of a language, in the largest unit that fits', () => {
  const ago = (ms: number, lang = 'en') => timeWords(lang).ago(new Date(NOW - ms).toISOString(), NOW);
  const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
  const told = [0, 59_999, minute, 59 * minute, hour, day - 1, day, 6 * day, 7 * day, 45 * day, 800 * day].map((ms) =>
    ago(ms),
  );
  assert.deepEqual(told, [
    ...['now', 'now', '1 min. ago', '59 min. ago', '1 hr. ago', '23 hr. ago', 'yesterday', '6 days ago'],
    ...['last wk.', 'last mo.', '2 yr. ago'],
  ]);
  assert.equal(ago(2 * day, 'de'), 'vorgestern');
  assert.equal(ago(-5 * minute), 'now', 'a clock that goes slow');
  assert.equal(ago(minute, 'no such language!'), timeWords('').ago(new Date(NOW - minute).toISOString(), NOW));
});
