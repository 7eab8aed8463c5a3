import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHANNELS, type Channel } from './channel.ts';
import { currentChannel, type Delivery, isExpired, isTerminal, newDelivery } from './delivery.ts';
import { deliveryId, firstIdAt } from './ids.ts';
import type { Outcome } from './outcome.ts';
import {
  claimed,
  type DeliveryEvent,
  type DeliveryPolicy,
  MAX_CRASHES,
  MAX_LIMITED,
  PATIENCE,
  transition,
} from './transition.ts';

const START = 1_800_000_000_000;
const MINUTE = 60_000;
const DAY = 86_400_000;

// ---- what can happen -------------------------------------------------------------------------------------------

const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant<Outcome>({ kind: 'accepted', providerMessageId: null }),
  fc.constant<Outcome>({ kind: 'rejected', code: 'invalid_recipient', detail: '' }),
  fc.constant<Outcome>({ kind: 'unknown', code: 'timeout', detail: '' }),
  fc.constant<Outcome>({ kind: 'deferred', code: 'provider_error', detail: '', scope: 'provider' }),
  waits(fc.oneof(fc.integer({ min: -5, max: 2 * PATIENCE }), fc.integer({ max: 2 * DAY }), fc.double())),
);

function waits(ms: fc.Arbitrary<number>): fc.Arbitrary<Outcome> {
  return ms.map((retryAfterMs) => ({
    kind: 'deferred',
    code: 'rate_limited',
    detail: '',
    scope: 'provider',
    retryAfterMs,
  }));
}

const policies: fc.Arbitrary<DeliveryPolicy> = fc.record({
  retry: fc.record({
    rounds: fc.integer({ min: 1, max: 5 }),
    delays: fc.array(fc.integer({ min: 0, max: DAY }), { maxLength: 4 }),
  }),
  onUnknown: fc.constantFrom('retry', 'fail'),
});

const deliveries: fc.Arbitrary<Delivery> = fc
  .record({
    chain: fc.uniqueArray(fc.constantFrom(...CHANNELS), { minLength: 1, maxLength: 4 }),
    unaddressed: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    delay: fc.constantFrom(0, 0, 5 * MINUTE),
    ttl: fc.option(fc.integer({ min: 0, max: 3 * DAY }), { freq: 2 }),
  })
  .map(({ chain, unaddressed, delay, ttl }) => {
    const notificationId = firstIdAt(START);
    return newDelivery(
      {
        id: deliveryId(notificationId, 1),
        notificationId,
        leg: 1,
        chain,
        unaddressed: chain.filter((_, index) => unaddressed[index]),
        priority: 'normal',
        dueAt: START + delay,
        expiresAt: ttl === null ? null : START + ttl,
      },
      START,
    );
  });

/** How far time moves before something happens: not at all, to the time the delivery names, or anywhere. */
const advances = fc.oneof(
  { weight: 3, arbitrary: fc.constant<'due'>('due') },
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: DAY }) },
);

function later(now: number, advance: 'due' | number, delivery: Delivery): number {
  return advance === 'due' ? Math.max(now, delivery.dueAt ?? now) : now + advance;
}

// ---- walks: any event at any time ------------------------------------------------------------------------------

const events: fc.Arbitrary<(now: number) => DeliveryEvent> = fc.oneof(
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
    weight: 3,
    arbitrary: fc
      .constantFrom<DeliveryEvent>(
        { type: 'released' },
        { type: 'lease_expired' },
        { type: 'expired' },
        { type: 'cancel' },
        { type: 'retry' },
        { type: 'retry' },
        { type: 'discard' },
        { type: 'receipt', news: 'delivered' },
        { type: 'receipt', news: 'bounced' },
      )
      .map((event) => (): DeliveryEvent => event),
  },
);

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
      const event = eventAt(now);
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
  for (const { after, now } of applied(walk)) {
    const { dueAt, expiresAt } = after;
    if (dueAt === null) continue;
    assert.ok(dueAt >= now || dueAt === expiresAt, `due ${now - dueAt} ms ago`);
    if (after.status !== 'sending' && expiresAt !== null) assert.ok(dueAt <= expiresAt);
  }
});

// ---- two workers, one store ------------------------------------------------------------------------------------

type Worker = 'a' | 'b';

/** A step names who makes it: a worker that pauses past its lease is one whose next step comes late. */
const moves = fc.record({
  advance: advances,
  worker: fc.constantFrom<Worker>('a', 'b'),
  act: fc.oneof(
    { weight: 5, arbitrary: fc.constant('claim' as const) },
    { weight: 4, arbitrary: fc.constant('send' as const) },
    { weight: 4, arbitrary: fc.constant('settle' as const) },
    { weight: 2, arbitrary: fc.constantFrom('release', 'reap', 'cancel', 'retry', 'bounce') },
  ),
  outcome: outcomes,
});

type Entry =
  | { readonly kind: 'send'; readonly at: number; readonly worker: Worker }
  | { readonly kind: 'written'; readonly event: DeliveryEvent; readonly by: Worker | null; readonly after: Delivery }
  | { readonly kind: 'refused'; readonly event: DeliveryEvent; readonly by: Worker | null };

/**
 * A store with nothing but its fence, workers that look at their lease and the expiry right before they call, a
 * reaper, and people who cancel and retry.
 */
function trip(start: Delivery, policy: DeliveryPolicy) {
  const log: Entry[] = [];
  const held = new Map<Worker, { readonly delivery: Delivery; readonly called: boolean }>();
  let stored = start;

  function write(from: Delivery, event: DeliveryEvent, by: Worker | null, now: number): Delivery | null {
    const after = transition(from, event, now, policy);
    if (after === null) return null;
    const fits = after.version - 1 === stored.version;
    if (fits) stored = after;
    log.push(fits ? { kind: 'written', event, by, after } : { kind: 'refused', event, by });
    return fits ? after : null;
  }

  return {
    log,
    stored: () => stored,
    people: (event: DeliveryEvent, now: number) => write(stored, event, null, now),
    claim(worker: Worker, now: number) {
      if (held.has(worker)) return;
      const delivery = write(stored, { type: 'claimed', leaseUntil: now + MINUTE }, worker, now);
      if (delivery !== null) held.set(worker, { delivery, called: false });
    },
    send(worker: Worker, now: number) {
      const mine = held.get(worker);
      if (mine === undefined || mine.called || (mine.delivery.dueAt ?? 0) <= now) return;
      if (isExpired(mine.delivery, now)) {
        held.delete(worker);
        write(mine.delivery, { type: 'expired' }, worker, now);
        return;
      }
      held.set(worker, { ...mine, called: true });
      log.push({ kind: 'send', at: now, worker });
    },
    settle(worker: Worker, outcome: Outcome, now: number) {
      const mine = held.get(worker);
      if (mine === undefined || !mine.called) return;
      held.delete(worker);
      write(mine.delivery, { type: 'tried', outcome, attempts: 1, random: 0 }, worker, now);
    },
    release(worker: Worker, now: number) {
      const mine = held.get(worker);
      if (mine === undefined || mine.called) return;
      held.delete(worker);
      write(mine.delivery, { type: 'released' }, worker, now);
    },
  };
}

interface Story {
  readonly start: Delivery;
  readonly policy: DeliveryPolicy;
  readonly log: readonly Entry[];
}

const stories: fc.Arbitrary<Story> = fc
  .record({ start: deliveries, policy: policies, script: fc.array(moves, { maxLength: 80, size: 'max' }) })
  .map(({ start, policy, script }) => {
    const story = trip(start, policy);
    let now = START;
    for (const { advance, worker, act, outcome } of script) {
      now = later(now, advance, story.stored());
      if (act === 'claim' || act === 'send' || act === 'release') story[act](worker, now);
      else if (act === 'settle') story.settle(worker, outcome, now);
      else if (act === 'reap') story.people({ type: 'lease_expired' }, now);
      else if (act === 'bounce') story.people({ type: 'receipt', news: 'bounced' }, now);
      else story.people({ type: act }, now);
    }
    return { start, policy, log: story.log };
  });

function storyLaw(title: string, holds: (story: Story) => void): void {
  test(title, () => fc.assert(fc.property(stories, holds), { numRuns: 400 }));
}

function writtenEvent(entry: Entry): DeliveryEvent['type'] | null {
  return entry.kind === 'written' ? entry.event.type : null;
}

storyLaw('takes a result only from the worker whose claim was the last thing written', ({ start, log }) => {
  let owner: Worker | null = null;
  let version = start.version;
  for (const entry of log) {
    if (entry.kind === 'send') continue;
    const result = entry.by !== null && entry.event.type !== 'claimed';
    if (result) assert.equal(entry.kind === 'written', entry.by === owner);
    if (entry.kind === 'refused') continue;
    assert.equal(entry.after.version, ++version);
    owner = entry.event.type === 'claimed' ? entry.by : null;
  }
});

test('a worker that slept past its lease changes nothing', () => {
  const [start] = fc.sample(
    deliveries.filter((delivery) => delivery.status === 'pending' && delivery.expiresAt === null),
    1,
  );
  assert.ok(start);
  const story = trip(start, { retry: { rounds: 2, delays: [0] }, onUnknown: 'retry' });
  story.claim('a', START);
  story.send('a', START);
  story.people({ type: 'lease_expired' }, START + MINUTE);
  story.claim('b', START + MINUTE);
  const before = story.stored();
  story.settle('a', { kind: 'accepted', providerMessageId: null }, START + MINUTE + 1);
  assert.equal(story.log.at(-1)?.kind, 'refused');
  assert.equal(story.stored(), before);
  story.send('b', START + MINUTE + 2);
  story.settle('b', { kind: 'accepted', providerMessageId: null }, START + MINUTE + 3);
  assert.equal(story.stored().status, 'sent');
});

storyLaw('sends nothing at or after its expiry', ({ start, log }) => {
  for (const entry of log) {
    if (entry.kind === 'send') assert.ok(start.expiresAt === null || entry.at < start.expiresAt);
  }
});

storyLaw('sends nothing once it is cancelled, until somebody retries it', ({ log }) => {
  let cancelled = false;
  for (const entry of log) {
    if (entry.kind === 'send') assert.equal(cancelled, false);
    if (entry.kind === 'written') cancelled = entry.after.status === 'cancelled';
  }
});

storyLaw('sends nothing after a send of unknown outcome where at most once was asked for', ({ policy, log }) => {
  if (policy.onUnknown === 'retry') return;
  let unknown = false;
  for (const entry of log) {
    if (entry.kind === 'send') assert.equal(unknown, false);
    if (writtenEvent(entry) === 'retry') unknown = false;
    if (writtenEvent(entry) === 'lease_expired') unknown = true;
    if (entry.kind === 'written' && entry.event.type === 'tried') unknown ||= entry.event.outcome.kind === 'unknown';
  }
});

// ---- the end ---------------------------------------------------------------------------------------------------

/** Follows a delivery from due time to due time; a null outcome is a worker that dies. Answers how many claims it took. */
function live(start: Delivery, policy: DeliveryPolicy, next: () => Outcome | null, patience: number): number {
  let current = start;
  for (let claims = 0; claims <= patience; claims++) {
    const { dueAt } = current;
    if (dueAt === null) return claims;
    const taken = claimed(current, dueAt + MINUTE, dueAt);
    assert.ok(taken, 'what is due can be claimed');
    const outcome = next();
    const end = transition(taken, ending(taken, outcome, dueAt), outcome === null ? dueAt + MINUTE : dueAt, policy);
    assert.ok(end, 'what is held can be ended');
    current = end;
  }
  return assert.fail(`not finished after ${patience} claims: ${JSON.stringify(current)}`);
}

function ending(taken: Delivery, outcome: Outcome | null, now: number): DeliveryEvent {
  if (isExpired(taken, now)) return { type: 'expired' };
  return outcome === null ? { type: 'lease_expired' } : { type: 'tried', outcome, attempts: 1, random: 0.5 };
}

/** Every claim ends a round for its channel, kills a worker, or waits at least `wait` of the day that may be waited. */
function mostClaims(delivery: Delivery, policy: DeliveryPolicy, wait: number): number {
  const tries = delivery.chain.length * policy.retry.rounds;
  return tries * (1 + MAX_LIMITED / wait) + MAX_CRASHES + 2;
}

test('ends within a bounded number of claims, whatever providers say and however many workers die', () => {
  const WAIT = 10 * MINUTE;
  const endings = fc.oneof(
    fc.constant(null),
    outcomes.filter(({ kind }) => kind === 'deferred').map(slowed),
    outcomes.filter(({ kind }) => kind !== 'accepted').map(slowed),
    outcomes.map(slowed),
  );
  function slowed(outcome: Outcome): Outcome {
    const asked = outcome.kind === 'deferred' ? outcome.retryAfterMs : undefined;
    return asked === undefined ? outcome : ({ ...outcome, retryAfterMs: Math.max(asked, WAIT) } as Outcome);
  }
  fc.assert(
    fc.property(deliveries, policies, fc.array(endings, { minLength: 1, maxLength: 30 }), (start, policy, script) => {
      let at = 0;
      live(start, policy, () => script[at++ % script.length] ?? null, mostClaims(start, policy, WAIT));
    }),
    { numRuns: 300 },
  );
});

test('ends even where a provider asks for no wait at all, for ever', () => {
  const [start] = fc.sample(
    deliveries.filter(({ expiresAt }) => expiresAt === null),
    1,
  );
  assert.ok(start);
  const policy: DeliveryPolicy = { retry: { rounds: 1, delays: [] }, onUnknown: 'retry' };
  const now: Outcome = { kind: 'deferred', code: 'rate_limited', detail: '', scope: 'provider', retryAfterMs: 0 };
  live(start, policy, () => now, mostClaims(start, policy, 1_000));
});
