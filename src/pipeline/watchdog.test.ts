import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { failing, hanging, slowly } from '../../test/kit/scripted-channels.ts';
import {
  HOUR,
  MINUTE,
  openTrip,
  request,
  SECOND,
  submission,
  type Trip,
  type TripOptions,
} from '../../test/kit/trip.ts';
import { transition } from '../domain/transition.ts';
import { CALM, createWatchdog, type Judgement, judge, LOOK_EVERY, LOOKS, type Look, READY_FOR } from './watchdog.ts';
import type { WorkSigns } from './work.ts';

/** A trip with somebody who watches over its worker. `heal` is what connecting anew does. */
function watched(t: TestContext, options: TripOptions = {}, heal: (trip: Trip) => void = () => {}) {
  // Before the trip's own end.
  let end = () => Promise.resolve();
  t.after(() => end());
  const trip = openTrip(t, options);
  let rebuilds = 0;
  let givenUp = 0;
  const store = {
    backlog: () => trip.store.backlog(),
    reconnect() {
      rebuilds += 1;
      heal(trip);
      return trip.store.reconnect();
    },
  };
  const giveUp = () => {
    givenUp += 1;
  };
  const watchdog = createWatchdog({ store, worker: trip.worker, clock: trip.time, emit: trip.emit, giveUp });
  end = () => trip.time.until(watchdog.stop());
  return {
    trip,
    watchdog,
    start: () => {
      trip.start();
      watchdog.start();
    },
    alarms: () => [rebuilds, givenUp],
  };
}

describe('a worker that claims nothing although work is ready', () => {
  const stuck: Readonly<Record<string, (trip: Trip) => void>> = {
    'because its claim is never answered': (trip) => void trip.store.hang('claimDue'),
    'because nothing at all is answered': (trip) => void trip.store.hang('claimDue', 'backlog', 'expiredLeases'),
    'because it is told that nothing is there': (trip) => trip.store.blind(true),
  };
  const heal = (trip: Trip) => {
    trip.store.hang();
    trip.store.blind(false);
  };

  for (const [name, break_] of Object.entries(stuck)) {
    test(`${name} works again once its connections are made anew`, async (t) => {
      const { trip, watchdog, start, alarms } = watched(t, {}, heal);
      start();
      await trip.time.run(MINUTE);
      break_(trip);
      const ids = [await trip.send(), await trip.send()];
      await trip.time.run(2 * MINUTE);
      for (const id of ids) assert.equal((await trip.leg(id)).status, 'sent');
      assert.deepEqual(alarms(), [1, 0]);
      assert.equal(watchdog.state(), 'calm');
      await trip.time.run(HOUR);
      assert.deepEqual(alarms(), [1, 0]);
    });

    test(`${name} ever so long is given up, once`, async (t) => {
      const { trip, watchdog, start, alarms } = watched(t);
      start();
      break_(trip);
      await trip.send();
      await trip.time.run(68 * SECOND);
      assert.deepEqual(alarms(), [1, 0]);
      assert.equal(watchdog.state(), 'rebuilt');
      await trip.time.run(2 * MINUTE);
      assert.deepEqual(alarms(), [1, 1]);
      assert.equal(watchdog.state(), 'given_up');
      await trip.time.run(10 * MINUTE);
      assert.deepEqual(alarms(), [1, 1]);
      assert.equal(trip.told('fault').filter(({ where }) => where === 'watchdog').length, 2);
      heal(trip);
    });
  }

  test('is given up in time although connecting anew is never answered either', async (t) => {
    const { trip, start, alarms } = watched(t);
    start();
    trip.store.hang('claimDue', 'reconnect');
    await trip.send();
    await trip.time.run(3 * MINUTE);
    assert.deepEqual(alarms(), [1, 1]);
    trip.store.hang();
  });

  test('is helped again when it is stuck again much later', async (t) => {
    const { trip, start, alarms } = watched(t, {}, heal);
    start();
    for (let time = 1; time <= 3; time++) {
      trip.store.blind(true);
      await trip.send();
      await trip.time.run(10 * MINUTE);
      assert.deepEqual(alarms(), [time, 0]);
    }
  });
});

describe('no alarm is given', () => {
  async function calm(t: TestContext, options: TripOptions, ms: number, prepare: (trip: Trip) => Promise<void>) {
    const { trip, watchdog, start, alarms } = watched(t, options);
    await prepare(trip);
    start();
    await trip.time.run(ms);
    assert.deepEqual(alarms(), [0, 0]);
    assert.equal(watchdog.state(), 'calm');
    return trip;
  }

  async function sendMany(trip: Trip, count: number): Promise<void> {
    await trip.accept([submission(Array.from({ length: count }, () => request()))]);
  }

  test('for a backlog of 10,000 and slots that are all busy', async (t) => {
    const trip = await calm(t, {}, 10 * MINUTE, async (made) => {
      made.channels.always('email', 'smtp', slowly(made.time, 12 * SECOND));
      await sendMany(made, 10_000);
    });
    const { depth, oldestDueAt } = await trip.store.backlog();
    assert.ok(depth > 9_000 && trip.time.now() - (oldestDueAt ?? 0) >= 9 * MINUTE, 'it was overdue all the time');
  });

  test('for slots that all wait in the line of a provider that hangs', async (t) => {
    await calm(t, { providers: { email: [{ id: 'smtp', concurrency: 1 }] } }, 10 * MINUTE, async (trip) => {
      trip.channels.always('email', 'smtp', hanging);
      await sendMany(trip, 200);
    });
  });

  test('for a provider that is down, whose work is held back', async (t) => {
    const trip = await calm(t, {}, 2 * HOUR, async (made) => {
      made.channels.always('email', 'smtp', failing());
      await sendMany(made, 100);
    });
    assert.ok(trip.told('held_back').length > 0);
  });

  test('for a system that is idle, or waits for tomorrow', async (t) => {
    await calm(t, {}, 3 * HOUR, async (trip) => {
      await trip.send({ sendAt: trip.time.now() + 24 * HOUR });
    });
  });

  test('for a store that is away, wholly or only for claims, and works again by itself', async (t) => {
    for (const methods of [['claimDue'], ['claimDue', 'backlog', 'nextDueAt', 'expiredLeases']] as const) {
      const trip = await calm(t, {}, 20 * MINUTE, async (made) => {
        await made.send();
        made.store.down(...methods);
      });
      trip.store.down();
    }
  });

  test('for a store whose backlog alone cannot be read', async (t) => {
    const trip = await calm(t, {}, 10 * MINUTE, async (made) => void made.store.hang('backlog'));
    trip.store.hang();
  });

  test('for other workers that are always quicker', async (t) => {
    const { trip, start, alarms } = watched(t);
    trip.store.blind(true);
    start();
    for (let round = 0; round < 100; round++) {
      const id = await trip.send();
      await trip.time.run(9 * SECOND);
      await takeAway(trip, (await trip.leg(id)).id);
    }
    assert.deepEqual(alarms(), [0, 0]);
  });
});

/** As another worker does. */
async function takeAway(trip: Trip, id: Parameters<Trip['store']['claim']>[0][number]): Promise<void> {
  const [claim] = await trip.store.claim([id], 30_000);
  assert.ok(claim);
  const event = {
    type: 'tried',
    outcome: { kind: 'accepted', providerMessageId: null },
    attempts: 1,
    random: 0,
  } as const;
  const after = transition(claim.delivery, event, trip.time.now(), { retry: trip.retry, onUnknown: 'retry' });
  assert.ok(after);
  assert.deepEqual(await trip.store.write([[{ after, attempts: [] }]]), [true]);
}

describe('the judgement', () => {
  const SIGNS: WorkSigns = { freeSlots: 1, claimed: 7, answered: 9, refused: 2, unanswered: false };
  const overdue = { backlog: { oldestDueAt: 0 }, signs: SIGNS };
  const START = READY_FOR;

  /** The verdicts on looks that are `LOOK_EVERY` apart, unless they say otherwise. */
  function verdicts(looks: readonly Partial<Look>[]): string[] {
    let judgement: Judgement = CALM;
    return looks.map((changes, index) => {
      const { after, verdict } = judge(judgement, { at: START + index * LOOK_EVERY, ...overdue, ...changes });
      judgement = after;
      return verdict;
    });
  }

  /** One more than an alarm takes, as the first look has nothing to be compared with. */
  function row(changes: (index: number) => Partial<Look> = () => ({})): Partial<Look>[] {
    return Array.from({ length: LOOKS + 1 }, (_, index) => changes(index));
  }

  const fine = Array.from({ length: LOOKS }, () => 'fine');

  test('is an alarm after a row of quiet looks, and the last one after another row', () => {
    assert.deepEqual(verdicts(row()), [...fine, 'rebuild']);
    const both = [...row(), ...row().slice(1)];
    assert.deepEqual(verdicts(both), [...fine, 'rebuild', ...fine.slice(1), 'give_up']);
  });

  const silent = { backlog: 'silent', signs: { ...SIGNS, unanswered: true } } as const;
  test('is an alarm where neither claims nor the backlog are answered', () => {
    assert.deepEqual(verdicts(row(() => silent)), [...fine, 'rebuild']);
  });

  const harmless: Readonly<Record<string, (index: number) => Partial<Look>>> = {
    'no slot is free': (index) => ({ signs: { ...SIGNS, freeSlots: index === 3 ? 0 : 1 } }),
    'something was claimed': (index) => ({ signs: { ...SIGNS, claimed: index < 3 ? 7 : 8 } }),
    'a claim was refused': (index) => ({ signs: { ...SIGNS, refused: index < 3 ? 2 : 3 } }),
    'the backlog cannot be told': (index) => (index === 3 ? { backlog: 'away' } : {}),
    'nothing is ready': (index) => (index === 3 ? { backlog: { oldestDueAt: null } } : {}),
    'what is ready has just become so': (index) => ({
      backlog: { oldestDueAt: START + index * LOOK_EVERY - READY_FOR + 1 },
    }),
    'the process was stopped for a while': (index) => ({ at: START + index * LOOK_EVERY + (index < 3 ? 0 : HOUR) }),
    'the clock was set back': (index) => ({ at: START + index * LOOK_EVERY - (index < 3 ? 0 : 6_000) }),
    'only the backlog is not answered': () => ({ backlog: 'silent' }),
    'claims are answered slowly': (index) => ({ ...silent, signs: { ...silent.signs, answered: index < 3 ? 9 : 10 } }),
  };
  for (const [name, changes] of Object.entries(harmless)) {
    test(`is none where ${name}`, () => {
      assert.deepEqual(verdicts(row(changes)), [...fine, 'fine']);
    });
  }

  test('forgets that the connections were made anew when something is claimed, or nothing waits', () => {
    const claimed = row(() => ({ signs: { ...SIGNS, claimed: 8 } }));
    assert.deepEqual(verdicts([...row(), ...claimed]).at(-1), 'rebuild');
    const nothing = { backlog: { oldestDueAt: null } };
    assert.deepEqual(verdicts([...row(), nothing, ...row().slice(1)]).at(-1), 'rebuild');
  });

  test('remembers that while the store is away, or the process busy', () => {
    const refused = { signs: { ...SIGNS, refused: 3 } };
    const later = row(() => refused);
    assert.deepEqual(verdicts([...row(), ...later]).at(-1), 'give_up');
  });
});
