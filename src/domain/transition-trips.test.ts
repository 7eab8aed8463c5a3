import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { receiptOf } from '../../test/kit/builders.ts';
import { advances, deliveries, later, MINUTE, outcomes, policies, START } from '../../test/kit/delivery-arbitraries.ts';
import { currentChannel, type Delivery, isExpired } from './delivery.ts';
import type { Outcome } from './outcome.ts';
import {
  claimed,
  type DeliveryEvent,
  type DeliveryPolicy,
  MAX_CRASHES,
  MAX_LIMITED,
  MIN_LIMITED,
  transition,
} from './transition.ts';

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
      else if (act === 'bounce') story.people(receiptOf(story.stored(), 'bounced'), now);
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
    if (entry.kind !== 'written') continue;
    // An inbox takes a message with its record: without one it has not.
    if (entry.event.type === 'lease_expired') unknown ||= currentChannel(entry.after) !== 'in_app';
    if (entry.event.type === 'tried') unknown ||= entry.event.outcome.kind === 'unknown';
  }
});

/** Follows a delivery from due time to due time; a null outcome is a worker that dies. Answers how many claims it took. */
function live(start: Delivery, policy: DeliveryPolicy, next: () => Outcome | null, patience: number): number {
  let current = start;
  for (let claims = 0; claims <= patience; claims++) {
    const { dueAt } = current;
    if (dueAt === null) return claims;
    const taken = claimed(current, dueAt + MINUTE, dueAt, false);
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
  live(start, policy, () => now, mostClaims(start, policy, MIN_LIMITED));
});
