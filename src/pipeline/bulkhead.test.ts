import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { accepted, deferred, slowly, unknown } from '../../test/kit/scripted-channels.ts';
import { openTrip, SECOND, type Trip } from '../../test/kit/trip.ts';
import { promisesSettled } from '../../test/kit/virtual-time.ts';
import { createBulkhead, type Entry, type SendPlace } from './bulkhead.ts';

const SLOTS = 16;
const WEBHOOK = { recipient: { webhookUrl: 'https://hangs.example.com/' }, channels: ['webhook'] } as const;

describe('a lane', () => {
  test('lets in as many as its provider has connections, and the next in order as they leave', async () => {
    const { ask, leave } = open();
    const smtp = { account: 'email/smtp', connections: 2, host: 'smtp' };
    const entries = ['a', 'b', 'c', 'd'].map((name) => ask(name, smtp));
    await promisesSettled();
    assert.deepEqual(names(entries), ['a', 'b']);
    await leave(entries[1]);
    assert.deepEqual(names(entries), ['a', 'b', 'c']);
    await leave(entries[0]);
    assert.deepEqual(names(entries), ['a', 'b', 'c', 'd']);
  });

  test('gives a new host a quarter of the slots, one more for each answer, and three quarters at most', async () => {
    const { ask, leave } = open();
    const entries = Array.from({ length: 40 }, (_, index) => ask(String(index), host('a')));
    await promisesSettled();
    assert.equal(inside(entries), 4);
    for (let index = 0; index < 20; index++) await leave(entries[index]);
    assert.equal(inside(entries), 20 + 12);
  });

  test('halves what a host has with each send that it does not answer, down to one', async () => {
    const { ask, leave } = open();
    const first = Array.from({ length: 4 }, (_, index) => ask(String(index), host('a')));
    await promisesSettled();
    for (const entry of first) await leave(entry, unknown());
    const later = Array.from({ length: 5 }, (_, index) => ask(String(index), host('a')));
    await promisesSettled();
    assert.equal(inside(later), 1);
    const other = Array.from({ length: 5 }, (_, index) => ask(String(index), host('b')));
    await promisesSettled();
    assert.equal(inside(other), 4, 'another host has nothing to do with it');
  });

  test('that does not move sends those away who wait, and who comes then, one after the other', async () => {
    const { clock, ask } = open();
    const entries = Array.from({ length: 8 }, (_, index) => ask(String(index), host('a')));
    await promisesSettled();
    clock.advance(999);
    await promisesSettled();
    assert.deepEqual(waits(entries), []);
    clock.advance(1);
    await promisesSettled();
    const late = ask('late', host('a'));
    await promisesSettled();
    assert.deepEqual(waits([...entries, late]), [1_000, 1_010, 1_020, 1_030, 1_040]);
    assert.equal(clock.pending, 0);
  });

  test('never tells anybody to wait for more than a minute', async () => {
    const { clock, ask } = open();
    void Array.from({ length: 4 }, () => ask('busy', host('a')));
    clock.advance(1_000);
    const entries = Array.from({ length: 7_000 }, () => ask('later', host('a')));
    await promisesSettled();
    assert.equal(Math.max(...waits(entries)), 60_000);
  });

  test('of an account holds three quarters of the slots over all hosts', async () => {
    const { ask, leave } = open();
    const entries = Array.from({ length: 20 }, (_, index) => ask(String(index), host(`h${index}`)));
    await promisesSettled();
    assert.equal(inside(entries), 12);
    await leave(entries[0]);
    assert.equal(inside(entries), 13);
  });

  test('is one for each account that goes to the host, and answers at once where it has room', () => {
    const bulkhead = createBulkhead(new ManualClock(), SLOTS);
    const enter = (account: string) => bulkhead.enter({ account, connections: 1, host: 'api.example.com' });
    const [one, other, more] = [enter('sms/one'), enter('email/other'), enter('sms/one')];
    assert.ok(!(one instanceof Promise) && one.kind === 'in');
    assert.ok(!(other instanceof Promise) && other.kind === 'in');
    assert.ok(more instanceof Promise);
    one.leave(accepted());
  });

  test('has no limit where nobody outside is waited for', async () => {
    const { ask } = open();
    const place = { account: 'in_app/inbox', connections: null, host: null };
    const entries = Array.from({ length: 100 }, (_, index) => ask(String(index), place));
    await promisesSettled();
    assert.equal(inside(entries), 100);
  });
});

describe('a worker whose webhooks go to a host that hangs', () => {
  test('still sends everything else at once, and the host gets one call at a time', async (t) => {
    const trip = openWebhooks(t);
    const hanging = await Promise.all(Array.from({ length: 200 }, () => trip.send(WEBHOOK)));
    trip.start();
    await trip.time.run(2 * SECOND);
    const delays: number[] = [];
    for (let count = 0; count < 60; count++) {
      const before = trip.time.now();
      const id = await trip.send({ channels: ['sms'] });
      await trip.time.run(SECOND);
      delays.push(((await trip.leg(id)).sentAt ?? Infinity) - before);
    }
    assert.ok(Math.max(...delays) <= 100, `ms: ${delays.join()}`);
    const calls = trip.channels.calls.filter(
      ({ channel, at }) => channel === 'webhook' && at > trip.time.now() - 30_000,
    );
    assert.ok(calls.length <= 5, `${calls.length} calls in 30 s to a host that takes 15 s for no answer`);
    for (const id of hanging) assert.notEqual((await trip.leg(id)).status, 'sent');
  });

  test('or takes nearly a second for each of the two that it gets at once, leaves a slot to the others in time', async (t) => {
    const trip = openTrip(t, {
      concurrency: 64,
      bulkhead: (time) => createBulkhead(time, 64),
      providers: { webhook: [{ id: 'webhook', concurrency: 2 }], sms: [{ id: 'twilio' }] },
    });
    trip.channels.always('webhook', 'webhook', slowly(trip.time, 900, accepted()));
    trip.channels.always('sms', 'twilio', accepted());
    const slow = await Promise.all(Array.from({ length: 100 }, () => trip.send(WEBHOOK)));
    trip.start();
    await trip.time.run(100);
    const before = trip.time.now();
    const id = await trip.send({ channels: ['sms'] });
    await trip.time.run(10 * SECOND);
    const waited = ((await trip.leg(id)).sentAt ?? Infinity) - before;
    assert.ok(waited <= 5_500, `${waited} ms; the line alone is 28 s long`);
    await trip.time.run(120 * SECOND);
    const legs = await Promise.all(slow.map((one) => trip.leg(one)));
    assert.deepEqual(new Set(legs.map(({ status, attempts }) => `${status} ${attempts}`)), new Set(['sent 1']));
  });

  test('spends no attempt of those that wait, and sends them all when the host is well', async (t) => {
    const trip = openWebhooks(t);
    const ids = await Promise.all(Array.from({ length: 100 }, () => trip.send(WEBHOOK)));
    trip.start();
    await trip.time.run(10 * SECOND);
    trip.channels.always('webhook', 'webhook', accepted());
    // The four under way are given up after 15 s, and tried again later; the others have looked in every second.
    await trip.time.run(10 * SECOND);
    const soon = await Promise.all(ids.map((id) => trip.leg(id)));
    assert.equal(soon.filter(({ status }) => status === 'sent').length, 96);
    await trip.time.run(120 * SECOND);
    const legs = await Promise.all(ids.map((id) => trip.leg(id)));
    assert.deepEqual(new Set(legs.map(({ status }) => status)), new Set(['sent']));
    assert.equal(legs.filter(({ attempts }) => attempts > 1).length, 4, 'the quarter that was on its way at first');
  });
});

function openWebhooks(t: Parameters<typeof openTrip>[0]): Trip {
  const hostOf = (message: { readonly to: string }) => new URL(message.to).host;
  const trip = openTrip(t, {
    concurrency: SLOTS,
    bulkhead: (time) => createBulkhead(time, SLOTS),
    providers: { webhook: [{ id: 'webhook', hostOf }], sms: [{ id: 'twilio' }] },
  });
  trip.channels.always('webhook', 'webhook', slowly(trip.time, 15 * SECOND, unknown()));
  trip.channels.always('sms', 'twilio', accepted());
  return trip;
}

interface Asked {
  readonly name: string;
  entry: Entry | null;
}

function open() {
  const clock = new ManualClock();
  const bulkhead = createBulkhead(clock, SLOTS);
  const ask = (name: string, place: SendPlace): Asked => {
    const asked: Asked = { name, entry: null };
    const enter = async () => {
      asked.entry = await bulkhead.enter(place);
    };
    void enter();
    return asked;
  };
  const leave = async (asked: Asked | undefined, outcome = deferred()) => {
    assert.equal(asked?.entry?.kind, 'in');
    asked.entry.leave(outcome);
    await promisesSettled();
  };
  return { clock, ask, leave };
}

function host(name: string): SendPlace {
  return { account: 'webhook/webhook', connections: null, host: name };
}

function inside(entries: readonly Asked[]): number {
  return entries.filter(({ entry }) => entry?.kind === 'in').length;
}

function names(entries: readonly Asked[]): readonly string[] {
  return entries.filter(({ entry }) => entry?.kind === 'in').map(({ name }) => name);
}

function waits(entries: readonly Asked[]): readonly number[] {
  return entries.flatMap(({ entry }) => (entry?.kind === 'full' ? [entry.waitMs] : []));
}
