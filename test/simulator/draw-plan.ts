import type { Channel } from '../../src/domain/channel.ts';
import { exponentialPolicy, type RetryPolicy, scheduledPolicy } from '../../src/domain/retry-policy.ts';
import { drawFaults } from './draw-faults.ts';
import type { ActPlan, FaultKind, FaultPlan, HostPlan, Moment, Plan, ReceiptPlan, SendPlan } from './plan.ts';
import { Seeded } from './seeded.ts';

const MINUTE = 60_000;
const CHANNELS: readonly Channel[] = ['email', 'sms', 'telegram', 'webhook', 'in_app'];

/**
 * `flood`: more than the workers can take. `quarrel`: everybody wants something else of the same notifications.
 * `days`: long enough for keys to be forgotten.
 */
type Shape = 'usual' | 'flood' | 'quarrel' | 'days';

const MOST_SENDS = 1_200;

/**
 * An episode: some processes, the load on them, and what goes wrong. Not everything goes wrong in each: what is drawn
 * rarely but then often finds more than what is always drawn a little. `kinds` are the faults that may be drawn.
 */
export function drawPlan(seed: string, kinds: readonly FaultKind[]): Plan {
  const random = new Seeded(seed);
  const shape = random.weighted<Shape>({ usual: 70, flood: 14, quarrel: 15, days: 1 });
  const calmFrom = drawMinutes(random, shape) * MINUTE;
  const hosts = drawHosts(random, shape, kinds.includes('clock'));
  const concurrency = shape === 'flood' ? random.between(2, 4) : random.pick([1, 2, 4, 10, 32]);
  const vendorMs = shape === 'flood' ? random.between(300, 900) : random.pick([5, 50, 300]);
  const bearable = (hosts.filter(({ worker }) => worker).length * concurrency * calmFrom) / (vendorMs + 20);
  const wanted = shape === 'flood' ? Math.ceil(bearable * 1.1) : random.pick([3, 20, 60, 150, 300]);
  const sends = Array.from({ length: Math.min(wanted, shape === 'days' ? 20 : MOST_SENDS) }, (_, n) =>
    drawSend(random, n, shape === 'days' ? 10 * MINUTE : calmFrom, shape),
  );
  const sendTimeout = random.pick([2_000, 5_000, 15_000]);
  const about = { hosts, calmFrom, leaseMs: sendTimeout * 2 + random.pick([1_000, 5_000]), sendTimeout };
  return {
    salt: seed,
    engine: 'memory',
    queue: random.pick(['database', 'broker']),
    concurrency,
    retry: scheduledPolicy([10_000, 30_000, 60_000], random.between(1, 5)),
    vendorMs,
    vendorTrouble: shape === 'quarrel' ? 0.6 : random.pick([0, 0.02, 0.1, 0.3, 0.6]),
    vendorSlots: random.pick([null, null, 1, 3]),
    receipts: drawReceipts(random, shape, kinds.includes('vendor')),
    sends: sends.sort((a, b) => a.at - b.at),
    acts: drawActs(random, sends, calmFrom, shape),
    faults: [...drawFaults(random, kinds, about), ...(shape === 'quarrel' ? drawDoubt(random, kinds, calmFrom) : [])],
    storeInOrder: random.chance(0.5),
    ...about,
  };
}

function drawReceipts(random: Seeded, shape: Shape, wild: boolean): ReceiptPlan {
  if (shape === 'flood') return { rate: 0.05, bounces: 0.1, wild };
  if (shape === 'quarrel') return { rate: 1, bounces: 0.5, wild };
  return { rate: random.pick([0, 0, 0.3, 1]), bounces: random.pick([0, 0.1, 0.4]), wild };
}

function drawMinutes(random: Seeded, shape: Shape): number {
  switch (shape) {
    case 'usual':
      return random.between(3, 15);
    case 'flood':
    case 'quarrel':
      return random.between(2, 3);
    case 'days':
      return 24 * 60 + 20;
  }
}

/** A time in which the store's answers get lost now and then: then everybody knows something else. */
function drawDoubt(random: Seeded, kinds: readonly FaultKind[], calmFrom: number): readonly FaultPlan[] {
  if (!kinds.includes('store')) return [];
  return [{ kind: 'store', host: null, how: 'lose_answer', from: 0, ms: calmFrom, rate: random.pick([0.02, 0.1]) }];
}

/** A cancel and a retry at the moment at which one leg has ended. */
function drawQuarrels(random: Seeded, sends: readonly SendPlan[]): readonly ActPlan[] {
  return sends.flatMap(({ n }) => {
    const nth = random.pick([1, 1, 2]);
    const when = () => ({ on: 'ended', nth, after: random.between(0, 4) }) as const;
    const cancel = { kind: 'cancel', n, when: when() } as const;
    return random.chance(0.7) ? [cancel, { kind: 'retry', n, when: when() }] : [cancel];
  });
}

/** The same request once more when its key is about to be forgotten, or has just been. */
function drawLateRepeats(random: Seeded, sends: readonly SendPlan[]): readonly ActPlan[] {
  const around = () => 24 * 60 * MINUTE + random.pick([-1, 1]) * random.between(0, 2 * MINUTE);
  return sends.map(({ n, at }) => ({ kind: 'repeat', n, when: { on: 'time', at: at + around() } }));
}

function drawHosts(random: Seeded, shape: Shape, skewed: boolean): readonly HostPlan[] {
  const skew = () => (skewed && random.chance(0.5) ? random.between(-200, 200) : 0);
  const single = { name: 'single', api: true, worker: true, sweeper: true };
  if (shape === 'days' || random.chance(0.25)) return [{ ...single, skew: skew() }];
  const hosts: HostPlan[] = [];
  for (let n = 1; n <= random.between(1, 2); n++) {
    hosts.push({ name: `api-${n}`, api: true, worker: false, sweeper: false, skew: skew() });
  }
  for (let n = 1; n <= random.between(1, 3); n++) {
    hosts.push({ name: `worker-${n}`, api: false, worker: true, sweeper: true, skew: skew() });
  }
  if (random.chance(0.3)) hosts.push({ name: 'scheduler', api: false, worker: false, sweeper: true, skew: skew() });
  return hosts;
}

function drawSend(random: Seeded, n: number, last: number, shape: Shape): SendPlan {
  const wild = shape !== 'flood' && random.chance(shape === 'quarrel' ? 1 : 0.6);
  const sendAfter = wild && random.chance(0.4) ? random.pick([1, 500, 5_000, 60_000, 200_000]) : null;
  const expiresAfter = wild && random.chance(0.3) ? random.pick([50, 2_000, 20_000, 90_000, 300_000]) : null;
  const comesTooLate = sendAfter !== null && expiresAfter !== null && sendAfter >= expiresAfter;
  return {
    n,
    at: random.between(0, last - 1_000),
    keyed: random.chance(0.7),
    recipients: wild && random.chance(0.1) ? random.between(2, 5) : 1,
    channels: drawChannels(random, wild, shape),
    strategy: random.pick(shape === 'quarrel' ? ['fallback', 'all', 'all'] : ['fallback', 'all']),
    addressed: wild && random.chance(0.15) ? random.shuffled(CHANNELS).slice(0, 2) : CHANNELS,
    priority: random.weighted({ high: 1, normal: 3, low: 1 }),
    sendAfter: comesTooLate ? null : sendAfter,
    expiresAfter,
    onUnknown: wild && random.chance(shape === 'quarrel' ? 0.5 : 0.3) ? 'fail' : 'retry',
    retry: wild && random.chance(0.3) ? drawRetry(random) : null,
  };
}

function drawChannels(random: Seeded, wild: boolean, shape: Shape): SendPlan['channels'] {
  const legs = shape === 'quarrel' ? random.between(2, 3) : wild ? random.pick([1, 1, 2, 3]) : 1;
  const channels = random.shuffled(CHANNELS).slice(0, legs);
  const isNested = wild && legs === 3 && random.chance(shape === 'quarrel' ? 0.7 : 0.3);
  return isNested ? [channels.slice(0, 2), ...channels.slice(2)] : channels;
}

function drawRetry(random: Seeded): RetryPolicy {
  return random.chance(0.5) ? exponentialPolicy(random.between(1, 5), 2) : scheduledPolicy([1_000, 120_000]);
}

function drawActs(random: Seeded, sends: readonly SendPlan[], calmFrom: number, shape: Shape): readonly ActPlan[] {
  if (shape === 'flood') return [];
  if (shape === 'days') return drawLateRepeats(random, sends);
  if (shape === 'quarrel') return drawQuarrels(random, sends);
  const wanted = Math.floor(sends.length * random.pick([0, 0.3, 1]));
  return Array.from({ length: wanted }, () => {
    const { n, at } = random.pick(sends);
    const act = { kind: random.weighted(ACTS), n };
    const when = drawMoment(random, act.kind, at, calmFrom);
    // Two at one moment: a cancel and a retry, a repeat and another request with its key, …
    const clash = random.chance(0.3) ? [{ kind: random.weighted(ACTS), n, when }] : [];
    return [{ ...act, when }, ...clash];
  }).flat();
}

const ACTS = { cancel: 6, retry: 4, reschedule: 2, discard: 1, retry_all: 0.5, repeat: 4, mismatch: 1, health: 0.5 };

function drawMoment(random: Seeded, kind: ActPlan['kind'], at: number, calmFrom: number): Moment {
  if (random.chance(0.2)) return { on: 'time', at: Math.min(at + random.between(0, 120_000), calmFrom) };
  const after = random.pick([0, 0, 1, 2, 5, 30, 1_000]);
  const nth = random.pick([1, 1, 1, 2, 3]);
  if (kind === 'repeat' || kind === 'mismatch') return { on: random.pick(['asked', 'stored', 'ended']), nth: 1, after };
  if (kind === 'retry' || kind === 'discard') return { on: random.pick(['ended', 'ended', 'waits']), nth, after };
  return { on: random.pick(['stored', 'claimed', 'called', 'taken', 'told', 'waits', 'ended']), nth, after };
}
