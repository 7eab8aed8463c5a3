import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  advances,
  DAY,
  deliveries,
  later,
  MINUTE,
  outcomes,
  policies,
  START,
} from '../../test/kit/delivery-arbitraries.ts';
import type { Channel } from './channel.ts';
import { currentChannel, type Delivery, isTerminal } from './delivery.ts';
import type { Outcome } from './outcome.ts';
import type { News } from './receipt.ts';
import { type DeliveryEvent, type DeliveryPolicy, MAX_LIMITED, PATIENCE, transition } from './transition.ts';

/** Any event, made when its time has come. */
const events: fc.Arbitrary<(now: number, delivery: Delivery) => DeliveryEvent> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constant((now: number): DeliveryEvent => ({ type: 'claimed', leaseUntil: now + MINUTE })),
  },
  {
    weight: 6,
    arbitrary: fc
      .record({
        outcome: outcomes,
        attempts: fc.nat(3),
        random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      })
      .map((tried) => (): DeliveryEvent => ({ type: 'tried', ...tried })),
  },
  {
    weight: 1,
    arbitrary: fc.nat(DAY).map(
      (ms) =>
        (now: number): DeliveryEvent => ({ type: 'reschedule', dueAt: now + ms }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(DAY).map(
      (ms) =>
        (now: number): DeliveryEvent => ({ type: 'released', notBefore: now + ms }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<DeliveryEvent>(
        { type: 'released' },
        { type: 'taken_back' },
        { type: 'lease_expired' },
        { type: 'expired' },
        { type: 'cancel' },
        { type: 'retry' },
        { type: 'retry' },
        { type: 'discard' },
        { type: 'kept' },
      )
      .map((event) => (): DeliveryEvent => event),
  },
  { weight: 2, arbitrary: receipts() },
);

type ReceiptEvent = Extract<DeliveryEvent, { type: 'receipt' }>;

/** News of the last attempt or one near it, on any channel of the chain, of whatever is said to have come of it. */
function receipts(): fc.Arbitrary<(now: number, delivery: Delivery) => ReceiptEvent> {
  return fc
    .record({
      news: fc.constantFrom<News>('delivered', 'bounced'),
      back: fc.constantFrom(0, 0, 0, 1, -1),
      place: fc.option(fc.nat(3), { freq: 1 }),
      outcome: fc.constantFrom<Outcome['kind']>('accepted', 'unknown', 'deferred', 'rejected'),
      cancelled: fc.boolean(),
    })
    .map(({ news, back, place, outcome, cancelled }) => (_now, { chain, channelUsed, attempts, position }) => {
      const channel = (place === null ? channelUsed : chain[place]) ?? chain[position] ?? 'email';
      return { type: 'receipt', news, of: { number: attempts - back, channel, outcome }, cancelled };
    });
}

interface Step {
  readonly before: Delivery;
  readonly event: DeliveryEvent;
  readonly now: number;
  readonly after: Delivery | null;
}

interface Walk {
  readonly start: Delivery;
  readonly policy: DeliveryPolicy;
  readonly steps: readonly Step[];
}

const walks: fc.Arbitrary<Walk> = fc
  .record({
    start: deliveries,
    policy: policies,
    script: fc.array(fc.record({ advance: advances, event: events }), { maxLength: 60, size: 'max' }),
  })
  .map(({ start, policy, script }) => {
    const steps: Step[] = [];
    let current = start;
    let now = START;
    for (const { advance, event: eventAt } of script) {
      now = later(now, advance, current);
      const event = eventAt(now, current);
      const after = transition(current, event, now, policy);
      steps.push({ before: current, event, now, after });
      current = after ?? current;
    }
    return { start, policy, steps };
  });

function law(title: string, holds: (walk: Walk) => void): void {
  test(title, () => fc.assert(fc.property(walks, holds), { numRuns: 400 }));
}

/** The steps that changed something. */
function applied(walk: Walk): readonly (Step & { readonly after: Delivery })[] {
  return walk.steps.flatMap((step) => (step.after === null ? [] : [{ ...step, after: step.after }]));
}

/** A try that used up its channel for this round; null where the provider only asked to wait. */
function triedChannel({ before, event, after }: Step & { readonly after: Delivery }): Channel | null {
  if (event.type !== 'tried') return null;
  const same = after.round === before.round && after.position === before.position;
  return same && !isTerminal(after.status) ? null : currentChannel(before);
}

law('has a due time exactly while it is not finished, so nothing gets stuck', ({ start, steps }) => {
  for (const delivery of [start, ...steps.flatMap(({ after }) => after ?? [])]) {
    assert.equal(delivery.dueAt === null, isTerminal(delivery.status));
    assert.equal(delivery.finishedAt !== null, isTerminal(delivery.status));
    assert.ok(delivery.dueAt === null || Number.isSafeInteger(delivery.dueAt), `due at ${delivery.dueAt}`);
  }
});

law('stands on a channel of its chain that is not out, until it is finished', ({ start, steps }) => {
  for (const delivery of [start, ...steps.flatMap(({ after }) => after ?? [])]) {
    if (!isTerminal(delivery.status)) assert.ok(!delivery.out.includes(currentChannel(delivery)));
  }
});

law('leaves a terminal state only by a manual retry or a receipt', (walk) => {
  for (const { before, event, after } of applied(walk)) {
    if (!isTerminal(before.status) || after.status === before.status) continue;
    assert.ok(event.type === 'retry' || event.type === 'receipt', `${event.type}: ${before.status} → ${after.status}`);
  }
});

law('tries no channel more often than the policy allows between two manual retries', (walk) => {
  let tries = new Map<Channel, number>();
  for (const step of applied(walk)) {
    if (step.event.type === 'retry') tries = new Map();
    assert.ok(step.after.round <= walk.policy.retry.rounds);
    const channel = triedChannel(step);
    if (channel === null) continue;
    tries.set(channel, (tries.get(channel) ?? 0) + 1);
    assert.ok((tries.get(channel) ?? 0) <= walk.policy.retry.rounds, `${channel} was tried too often`);
  }
});

law('bears the first short wait for free, and no more than a day of them in a row', (walk) => {
  let since: number | null = null;
  for (const step of applied(walk)) {
    const { before, event, after, now } = step;
    if (event.type === 'retry') since = null;
    if (event.type !== 'tried') continue;
    const wait = event.outcome.kind === 'deferred' ? event.outcome.retryAfterMs : undefined;
    if (since === null && wait !== undefined && wait <= PATIENCE) assert.equal(triedChannel(step), null);
    if (triedChannel(step) !== null) since = null;
    else {
      since ??= now;
      const elsewhere = before.chain.some((channel, at) => at > before.position && !before.out.includes(channel));
      assert.ok((after.dueAt ?? 0) - since <= (elsewhere ? PATIENCE : MAX_LIMITED));
    }
  }
});

law('grows its version by exactly one with every event that applies', (walk) => {
  for (const { before, after } of applied(walk)) assert.equal(after.version, before.version + 1);
});

law('never changes what it was given, nor what it is', (walk) => {
  for (const { before, after } of applied(walk)) {
    const { id, notificationId, leg, chain, priority, expiresAt } = walk.start;
    assert.deepEqual(
      { ...after, id, notificationId, leg, chain, priority, expiresAt },
      after,
      'a field that is fixed for life was changed',
    );
    assert.ok(after !== before && after.attempts >= before.attempts);
  }
});

law('never tries a rejected or bounced channel again before a manual retry', (walk) => {
  let out = new Set<Channel>(walk.start.out);
  for (const { before, event, after } of applied(walk)) {
    if (event.type === 'retry') out = new Set();
    if (after.status === 'sending') assert.ok(!out.has(currentChannel(after)));
    const rejected = event.type === 'tried' && event.outcome.kind === 'rejected';
    const bounced = event.type === 'receipt' && event.news === 'bounced';
    if (rejected || bounced) out.add(currentChannel(before));
  }
});

law('is never due before now, unless the expiry comes first, nor after the expiry while it waits', (walk) => {
  for (const { after, now } of [{ after: walk.start, now: START }, ...applied(walk)]) {
    const { dueAt, expiresAt } = after;
    if (dueAt === null) continue;
    assert.ok(dueAt >= now || dueAt === expiresAt, `due ${now - dueAt} ms ago`);
    if (after.status !== 'sending' && expiresAt !== null) assert.ok(dueAt <= expiresAt, 'due after its expiry');
  }
});

law('takes a receipt only where nobody is sending and for what its own attempt brought about', (walk) => {
  for (const { before, event, after } of applied(walk)) {
    if (event.type !== 'receipt') continue;
    const { number, channel, outcome } = event.of;
    assert.ok(before.status !== 'sending' && before.status !== 'cancelled', before.status);
    if (before.sentAt !== null) assert.deepEqual([number, channel], [before.attempts, before.channelUsed]);
    else assert.deepEqual([event.news, outcome, after.channelUsed], ['delivered', 'unknown', channel]);
    if (event.news === 'delivered') assert.equal(after.status, 'delivered');
    else assert.ok(after.status === 'failed' || (after.status === 'pending' && !event.cancelled), after.status);
    assert.equal(after.attempts, before.attempts);
  }
});

const meetings = fc.tuple(walks, receipts());

test('takes a receipt once, however often it comes', () => {
  const once = ([walk, receipt]: readonly [Walk, (now: number, delivery: Delivery) => ReceiptEvent]) => {
    for (const { before, now } of walk.steps) {
      const event = receipt(now, before);
      const after = transition(before, event, now, walk.policy);
      if (after !== null) assert.equal(transition(after, event, now, walk.policy), null);
    }
  };
  fc.assert(fc.property(meetings, once), { numRuns: 400 });
});

test('makes the same of delivered and bounced, in whichever order they come', () => {
  const either = ([walk, receipt]: readonly [Walk, (now: number, delivery: Delivery) => ReceiptEvent]) => {
    for (const { before, now } of walk.steps) {
      const event = receipt(now, before);
      const through = (...news: readonly News[]) =>
        news.reduce(
          (current, one) => transition(current, { ...event, news: one }, now, walk.policy) ?? current,
          before,
        );
      const [one, other] = [through('delivered', 'bounced'), through('bounced', 'delivered')];
      assert.deepEqual({ ...one, version: 0 }, { ...other, version: 0 });
    }
  };
  fc.assert(fc.property(meetings, either), { numRuns: 400 });
});
