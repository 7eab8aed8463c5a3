import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  deliveryId,
  firstIdAt,
  idMaker,
  legOf,
  MAX_LEGS,
  notificationOf,
  parseDeliveryId,
  parseNotificationId,
} from './ids.ts';

const NOW = 1_800_000_000_000;
const LONG = 65_536;
const RFC_9562 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const bytes = fc.uint8Array({ minLength: 9, maxLength: 9 });

function zeros(count: number): Uint8Array {
  return new Uint8Array(count);
}

function ones(count: number): Uint8Array {
  return new Uint8Array(count).fill(0xff);
}

describe('a notification id', () => {
  test('is a UUIDv7 that begins with its time and ends in 00', () => {
    assert.equal(idMaker(zeros).notificationId(NOW), '01a3185c-5000-7000-8000-000000000000');
    assert.equal(idMaker(ones).notificationId(NOW), '01a3185c-5000-77ff-bfff-ffffffffff00');
  });

  test('is well formed and read back, whatever the random bytes', () => {
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 2 ** 48 - 2 }), (random, time) => {
        const id = idMaker(() => random).notificationId(time);
        assert.match(id, RFC_9562);
        assert.equal(parseNotificationId(id), id);
        assert.equal(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16), time);
        assert.ok(firstIdAt(time) <= id && id < firstIdAt(time + 1));
      }),
    );
  });

  test('never goes backwards nor comes twice, whatever the clock does', () => {
    const steps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: -5_000, max: 5_000 })), { maxLength: 100 });
    fc.assert(
      fc.property(steps, bytes, (moves, random) => {
        const maker = idMaker(() => random);
        let time = NOW;
        let last = '';
        for (const move of moves) {
          time += move;
          const id = maker.notificationId(time);
          assert.ok(id > last);
          last = id;
        }
      }),
    );
  });

  test('keeps its order when one millisecond holds more than the counter can count', () => {
    const maker = idMaker(ones);
    const made = Array.from({ length: 10_000 }, () => maker.notificationId(NOW));
    assert.deepEqual(made, made.toSorted());
    assert.equal(new Set(made).size, made.length);
    assert.ok(made.every((id) => RFC_9562.test(id)));
  });
});

describe('random bytes that are drawn ahead', () => {
  /** Bytes that never come twice in a row, so that any that is used twice, or left out, shows. */
  function stream(): (count: number) => Uint8Array {
    let drawn = 0;
    return (count) => Uint8Array.from({ length: count }, () => (drawn++ * 167 + (drawn >> 8)) & 0xff);
  }

  test('make the same ids as those that are drawn one by one', () => {
    const times = fc.array(fc.integer({ min: NOW, max: NOW + 3 }), { maxLength: 40 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 12 }), (moments, ahead) => {
        const one = idMaker(stream());
        const many = idMaker(stream(), ahead);
        for (const time of moments) assert.equal(many.notificationId(time), one.notificationId(time));
      }),
    );
  });

  test('are drawn anew when all of them are used', () => {
    const counts: number[] = [];
    const maker = idMaker((count) => {
      counts.push(count);
      return ones(count);
    }, 3);
    for (let id = 0; id < 7; id++) maker.notificationId(NOW);
    assert.deepEqual(counts, [27, 27, 27]);
  });
});

describe('a delivery id', () => {
  const notification = idMaker(ones).notificationId(NOW);

  test('names its notification and its leg, for every leg there can be', () => {
    for (let leg = 1; leg <= MAX_LEGS; leg++) {
      const id = deliveryId(notification, leg);
      assert.equal(legOf(id), leg);
      assert.equal(notificationOf(id), notification);
      assert.equal(parseDeliveryId(id), id);
      assert.equal(parseNotificationId(id), null);
    }
  });

  test('is no notification id, and the other way round', () => {
    assert.equal(parseDeliveryId(notification), null);
    assert.equal(parseNotificationId(deliveryId(notification, 1)), null);
  });
});

describe('an id from outside', () => {
  test('is understood in upper case', () => {
    assert.equal(parseNotificationId('01A3185C-5000-7000-8000-000000000000'), '01a3185c-5000-7000-8000-000000000000');
    assert.equal(parseDeliveryId('01A3185C-5000-7000-8000-00000000000A'), '01a3185c-5000-7000-8000-00000000000a');
  });

  const refused = [
    '',
    '1',
    '../../etc/passwd',
    '01a3185c50007000800000000000000',
    '01a3185c-5000-4000-8000-000000000000',
    '01a3185c-5000-7000-c000-000000000000',
    '01a3185c-5000-7000-8000-00000000000',
    '01a3185c-5000-7000-8000-0000000000000',
    '{01a3185c-5000-7000-8000-000000000000}',
    'urn:uuid:01a3185c-5000-7000-8000-000000000000',
    '01a3185c-5000-7000-8000-000000000000\n',
    '01a3185g-5000-7000-8000-000000000000',
    '0'.repeat(LONG),
    '-'.repeat(LONG),
  ];
  for (const text of refused) {
    test(`${JSON.stringify(text.slice(0, 45))} is refused`, () => {
      assert.equal(parseNotificationId(text), null);
      assert.equal(parseDeliveryId(text.replace(/00$/, '01')), null);
    });
  }
});

test('the first id of a time is the lower bound of a range, also before the epoch and between milliseconds', () => {
  assert.equal(firstIdAt(0), '00000000-0000-7000-8000-000000000000');
  assert.equal(firstIdAt(-1), firstIdAt(0));
  assert.equal(firstIdAt(NOW + 0.9), firstIdAt(NOW));
});
