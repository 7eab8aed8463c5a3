import { inbox } from '../../src/channels/in-app/inbox.ts';
import {
  type Channels,
  type InAppMessage,
  type OpenProvider,
  openProvider,
  type SendContext,
  type Transport,
} from '../../src/channels/provider.ts';
import type { Channel } from '../../src/domain/channel.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import type { Call } from './calls.ts';
import type { Life } from './life.ts';
import { type Plan, PROVIDERS, VENDOR_TROUBLES, type VendorTrouble } from './plan.ts';
import { digest, type Seeded } from './seeded.ts';
import { PlannedFault } from './weather.ts';
import { latency, type World } from './world.ts';

const TIMED_OUT: Outcome = { kind: 'unknown', code: 'timeout', detail: 'no answer in time' };
const SILENT = ['hang_before', 'hang_after', 'deaf_before', 'deaf_after'] as const;
type Silent = (typeof SILENT)[number];
const TROUBLES = Object.keys(VENDOR_TROUBLES) as VendorTrouble[];

/** The providers as one process sees them: what they answer, and what they really do, is drawn by the call. */
export function vendors(world: World, life: Life): Channels {
  const open = new Map<Channel, readonly OpenProvider[]>(
    Object.entries(PROVIDERS).map(([name, ids]) => {
      const channel = name as Channel;
      return [channel, ids.map((id) => openProvider(channel, id, transport(world, life, channel, id)))];
    }),
  );
  return {
    transports: (channel) => open.get(channel) ?? [],
    sandboxed: new Set(),
    live: [],
    close: () => Promise.resolve(),
  };
}

function transport(world: World, life: Life, channel: Channel, id: string): Transport {
  return {
    concurrency: world.plan.vendorSlots,
    // Webhooks go to a few hosts, everything else to the provider's own.
    hostOf: (message) => (message.channel === 'webhook' ? `host-${digest(message.body) % 3}` : id),
    send(message, context) {
      if (!life.alive) return new Promise(() => {});
      const call = world.ledger.called(life, channel, id, message, context);
      world.happened(life, 'send', 'asked');
      if (message.channel === 'in_app') return entryOf(world, life, call, message, context);
      return answer(world, life, call, context);
    },
    close: () => Promise.resolve(),
  };
}

/** The inbox is the store's, which takes the message with its record: what answers the entry is the real provider. */
async function entryOf(
  world: World,
  life: Life,
  call: Call,
  message: InAppMessage,
  context: SendContext,
): Promise<Outcome> {
  call.fate = 'inbox';
  world.happened(life, 'inbox', 'asked');
  const outcome = await inbox.open({}, PARTS).send(message, context);
  world.happened(life, 'inbox', 'done');
  return new Promise((resolve) => {
    // A process can stand still between the answer and the record of it.
    world.timeline.after(latency(world.ledger.chanceOf(call)), life, () => {
      world.ledger.answered(call, outcome);
      world.happened(life, 'inbox', 'answered');
      if (life.alive) resolve(outcome);
    });
  });
}

const NOBODY = () => Promise.reject(new Error('the inbox needs nobody'));
const PARTS = {
  sandbox: { addToSandbox: NOBODY },
  http: { post: NOBODY, connections: 1, allowsUrl: () => true },
  guardedHttp: { post: NOBODY, connections: 1, allowsUrl: () => true },
  random: () => 0,
  publicUrl: null,
};

function answer(world: World, life: Life, call: Call, { signal }: SendContext): Promise<Outcome> {
  const { plan, timeline, ledger } = world;
  const random = ledger.chanceOf(call);
  const trouble = troubleOf(world, call, random);
  call.fate = trouble ?? 'accept';
  return new Promise((resolve, reject) => {
    const hear = (outcome: Outcome | null) => {
      ledger.answered(call, outcome);
      world.happened(life, 'send', 'answered');
      if (!life.alive) return;
      if (outcome === null) reject(new PlannedFault('the provider threw'));
      else resolve(outcome);
    };
    const hearIn = (ms: number, outcome: Outcome | null) => timeline.after(ms, life, () => hear(outcome));
    if (trouble === 'hang_before' || trouble === 'hang_after') {
      const heed = () => hearIn(random.between(0, 100), TIMED_OUT);
      signal.addEventListener('abort', heed, { once: true });
    }
    if (trouble === 'throw_before' && random.chance(0.5)) return hear(null);
    timeline.after(random.between(0, plan.vendorMs), null, () => {
      if (trouble === null || VENDOR_TROUBLES[trouble]) {
        ledger.taken(call);
        world.tookMessage(call);
      }
      world.happened(life, 'send', 'done');
      const said = saidOf(trouble, call, random);
      if (said !== undefined) hearIn(answerAfter(trouble, plan, random), said);
    });
  });
}

function troubleOf({ plan, weather, ...world }: World, call: Call, random: Seeded): VendorTrouble | null {
  const now = world.timeline.now() - world.start;
  if (now >= plan.calmFrom) return null;
  const trouble = weather.vendor(now, `${call.channel}/${call.provider}`, random);
  return trouble ?? (random.chance(plan.vendorTrouble) ? random.pick(TROUBLES) : null);
}

/** How long after the message has arrived. */
function answerAfter(trouble: VendorTrouble | null, plan: Plan, random: Seeded): number {
  if (trouble === 'slow') return plan.sendTimeout * (0.5 + random.next() / 2);
  if (trouble === 'late') return plan.sendTimeout + random.pick([0, 240, 250, 260, 1_000, 20_000]);
  return random.between(0, plan.vendorMs);
}

/** Null: it throws. Undefined: it says nothing of its own. */
function saidOf(trouble: VendorTrouble | null, call: Call, random: Seeded): Outcome | null | undefined {
  if (trouble === null || trouble === 'slow' || trouble === 'late') {
    return { kind: 'accepted', providerMessageId: call.messageId };
  }
  if (trouble === 'throw_before' || trouble === 'throw_after') return null;
  return isSilent(trouble) ? undefined : outcomeOf(trouble, random);
}

function isSilent(trouble: VendorTrouble): trouble is Silent {
  return SILENT.some((one) => one === trouble);
}

type Said = Exclude<VendorTrouble, Silent | 'slow' | 'late' | 'throw_before' | 'throw_after'>;

function outcomeOf(trouble: Said, random: Seeded): Outcome {
  const wait = random.pick([0, 1, 700, 5_000, 30_000, 61_000, 300_000]);
  const deferred = { kind: 'deferred', detail: trouble } as const;
  switch (trouble) {
    case 'reject':
      return { kind: 'rejected', code: 'invalid_recipient', detail: trouble };
    case 'defer':
      return { ...deferred, code: 'temporarily_rejected', scope: 'attempt' };
    case 'fail':
      return { ...deferred, code: 'provider_error', scope: 'provider' };
    case 'limit':
      return { ...deferred, code: 'rate_limited', scope: 'attempt', retryAfterMs: wait };
    case 'limit_all':
      return { ...deferred, code: 'rate_limited', scope: 'provider', retryAfterMs: wait };
    case 'misconfigured':
      return { ...deferred, code: 'provider_misconfigured', scope: 'provider' };
    case 'refuse_connection':
      return { ...deferred, code: 'connection_failed', scope: 'provider' };
    case 'break_before':
    case 'break_after':
      return { kind: 'unknown', code: 'connection_lost', detail: trouble };
  }
}
