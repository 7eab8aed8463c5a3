import {
  type FaultKind,
  type FaultMoment,
  type FaultPlan,
  type HostPlan,
  type Op,
  type Phase,
  PROVIDERS,
  VENDOR_TROUBLES,
  type VendorTrouble,
} from './plan.ts';
import type { Seeded } from './seeded.ts';

interface About {
  readonly hosts: readonly HostPlan[];
  readonly calmFrom: number;
  readonly leaseMs: number;
  readonly sendTimeout: number;
}

const OPS: readonly Op[] = [
  'accept',
  'claimDue',
  'claim',
  'renew',
  'write',
  'expiredLeases',
  'find',
  'publish',
  'take',
  'ack',
  'send',
  'inbox',
];
/** Nothing outside takes time between an entry and its record: it takes a pause for others to get in between. */
const PAUSED_AT: readonly Op[] = [...OPS, ...Array.from({ length: 4 }, () => 'inbox' as const)];
const PHASES: readonly Phase[] = ['asked', 'done', 'answered'];

/** Some kinds of fault, each some times. */
export function drawFaults(random: Seeded, kinds: readonly FaultKind[], about: About): readonly FaultPlan[] {
  if (random.chance(0.05)) return [];
  return kinds.flatMap((kind) => {
    if (!random.chance(0.5)) return [];
    return Array.from({ length: random.pick([1, 2, 4, 8]) }, () => drawFault(random, kind, about));
  });
}

function drawFault(random: Seeded, kind: FaultKind, { hosts, calmFrom, leaseMs, sendTimeout }: About): FaultPlan {
  const { name } = random.pick(hosts);
  const from = random.between(0, calmFrom - 1_000);
  const spell = (longest: number) => ({
    from,
    ms: Math.min(random.between(20, longest), calmFrom - from),
    rate: random.pick([0.1, 0.5, 1]),
  });
  switch (kind) {
    case 'crash':
      return { kind, host: name, when: drawMoment(random, calmFrom), ms: random.pick([0, 500, 5_000, 40_000]) };
    case 'pause': {
      const ms = random.pick([50, 1_000, sendTimeout, leaseMs - 50, leaseMs + 50, leaseMs * 2, leaseMs * 4]);
      return { kind, host: name, when: drawMoment(random, calmFrom, PAUSED_AT), ms };
    }
    case 'restart':
      return { kind, host: name, when: { on: 'time', at: from }, ms: random.pick([0, 2_000]) };
    case 'store':
      return {
        kind,
        host: random.chance(0.5) ? name : null,
        how: random.weighted({ refuse: 3, lose_answer: 3, partly: 2, slow: 2, stuck: 1 }),
        ...spell(random.pick([500, 10_000, 90_000])),
      };
    case 'queue':
      return {
        kind,
        how: random.pick(['lose', 'double', 'delay', 'reorder', 'refuse', 'lose_answer', 'slow']),
        ...spell(60_000),
      };
    case 'bell':
      return { kind, ...spell(60_000) };
    case 'vendor':
      return { kind, ...drawVendor(random), ...spell(90_000) };
    case 'wipe':
      return { kind, at: from };
    case 'clock':
      return { kind, host: name, at: from, ms: random.pick([-1, 1]) * random.between(1, 400) };
  }
}

function drawVendor(random: Seeded): { provider: string; how: readonly VendorTrouble[] } {
  const providers = Object.entries(PROVIDERS).flatMap(([channel, ids]) => ids.map((id) => `${channel}/${id}`));
  const troubles = Object.keys(VENDOR_TROUBLES) as VendorTrouble[];
  return { provider: random.pick(providers), how: random.shuffled(troubles).slice(0, random.pick([1, 1, 2, 4])) };
}

function drawMoment(random: Seeded, calmFrom: number, ops = OPS): FaultMoment {
  if (random.chance(0.3)) return { on: 'time', at: random.between(0, calmFrom - 1_000) };
  const nth = random.pick([1, 2, 5, 20, 60]);
  return { on: 'op', op: random.pick(ops), phase: random.pick(PHASES), nth };
}
