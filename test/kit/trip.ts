import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Channel } from '../../src/domain/channel.ts';
import type { Random } from '../../src/domain/clock.ts';
import type { Delivery } from '../../src/domain/delivery.ts';
import type { Emit, TripEvent } from '../../src/domain/events.ts';
import { type NotificationId, parseNotificationId } from '../../src/domain/ids.ts';
import type { Attempt } from '../../src/domain/outcome.ts';
import { type RetryPolicy, scheduledPolicy } from '../../src/domain/retry-policy.ts';
import { type Accept, type AcceptRequest, createAccept, type SendRequest } from '../../src/pipeline/accept.ts';
import type { Bulkhead } from '../../src/pipeline/bulkhead.ts';
import { type Control, createControl } from '../../src/pipeline/control.ts';
import { createDeliver } from '../../src/pipeline/deliver.ts';
import { createHandOff, type HandOff } from '../../src/pipeline/hand-off.ts';
import { createProviderGate } from '../../src/pipeline/provider-gate.ts';
import { createSettle } from '../../src/pipeline/settle.ts';
import { createSweeper } from '../../src/pipeline/sweep.ts';
import { createWorker, type Worker } from '../../src/pipeline/work.ts';
import type { Queue } from '../../src/queue/queue.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { type NotificationRecord, type Store, StoreUnavailable } from '../../src/store/store.ts';
import { bell } from './bell.ts';
import { countedIds } from './counted-ids.ts';
import { type ScriptedChannels, type ScriptedProvider, scriptedChannels } from './scripted-channels.ts';
import { VirtualTime } from './virtual-time.ts';
import { waitingLine } from './waiting-line.ts';

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

export interface TripOptions {
  /** Without it: one provider each for `email` (smtp), `sms` (twilio), `telegram` (bot). */
  readonly providers?: Partial<Record<Channel, readonly ScriptedProvider[]>>;
  readonly sandboxed?: ReadonlySet<Channel>;
  readonly concurrency?: number;
  readonly leaseMs?: number;
  readonly sendTimeout?: number;
  readonly retry?: RetryPolicy;
  readonly random?: Random;
  /** By default one that lets everybody wait for a connection as long as it takes. */
  readonly bulkhead?: (time: VirtualTime) => Bulkhead;
  /** Without it: a bell. */
  readonly queue?: (clock: VirtualTime) => Queue;
}

/** The whole pipeline on the memory store, in virtual time. Nothing runs before `start`. */
export interface Trip {
  readonly time: VirtualTime;
  readonly channels: ScriptedChannels;
  readonly store: SwitchedStore;
  readonly handOff: HandOff;
  readonly events: readonly TripEvent[];
  readonly accept: Accept;
  readonly control: Control;
  readonly worker: Worker;
  readonly retry: RetryPolicy;
  readonly emit: Emit;
  /** Worker and sweeper. */
  start(): void;
  /** Begins to stop both, as a process does that goes down. It is for the test to let time pass. */
  goDown(): Promise<void>;
  /** The same to its end, after which nothing may be left to come. */
  stop(): Promise<void>;
  /** Accepts one request; nobody is told before it is durable. */
  send(over?: Partial<SendRequest>): Promise<NotificationId>;
  record(id: NotificationId): Promise<NotificationRecord>;
  leg(id: NotificationId, leg?: number): Promise<Delivery>;
  /** The attempt log in short: `email/smtp accepted`, `sms/- rejected no_address`. */
  log(id: NotificationId): Promise<string[]>;
  told<T extends TripEvent['type']>(type: T): Extract<TripEvent, { type: T }>[];
}

export function openTrip(t: TestContext, options: TripOptions = {}): Trip {
  const { concurrency = 10, leaseMs = 30_000, sendTimeout = 15_000, random = () => 0.5 } = options;
  const retry = options.retry ?? scheduledPolicy();
  const time = new VirtualTime();
  const store = switchedStore(memoryStore({ clock: time }));
  const given = (options.queue ?? bell)(time);
  const queue = given.carries ? given : null;
  const ringing = given.carries ? bell() : given;
  const events: TripEvent[] = [];
  const emit: Emit = (event) => void events.push(event);
  const channels = scriptedChannels(time, options.providers ?? DEFAULT_PROVIDERS, options.sandboxed);
  const { handOff, handedOverUntil } = createHandOff({ bell: ringing, queue, store, clock: time, emit });
  const common = { store, handOff, clock: time, retry, emit };
  let stopping = false;
  const deliver = createDeliver({
    channels,
    gate: createProviderGate(time, emit),
    bulkhead: (options.bulkhead ?? waitingLine)(time),
    settle: createSettle(common),
    clock: time,
    random,
    emit,
    sendTimeout,
    stopping: () => stopping,
  });
  const worker = createWorker({
    store,
    bell: ringing,
    queue,
    deliver,
    clock: time,
    emit,
    concurrency,
    leaseMs,
    sendTimeout,
  });
  const sweeper = createSweeper(common);
  const rules = { defaultChannels: ['email', 'sms', 'telegram'] as const, sandboxed: channels.sandboxed };
  const accept = createAccept({ store, handOff, handedOverUntil, clock: time, ids: countedIds(), rules, emit });
  const trip: Trip = {
    ...{ time, channels, store, handOff, events, accept, worker, retry, emit },
    control: createControl(common),
    start() {
      worker.start();
      sweeper.start();
    },
    async goDown() {
      stopping = true;
      await Promise.all([worker.stop(), sweeper.stop()]);
    },
    async stop() {
      await time.until(trip.goDown());
      assert.equal(time.pending, 0, 'something is still set to come after the end');
    },
    async send(over = {}) {
      const [result] = await accept([submission([request(over)])]);
      assert.equal(result?.kind, 'accepted');
      const id = parseNotificationId(result.answer);
      assert.ok(id);
      return id;
    },
    async record(id) {
      const record = await store.find(id);
      assert.ok(record, 'the notification is not there');
      return record;
    },
    async leg(id, leg = 1) {
      const { deliveries } = await trip.record(id);
      const found = deliveries.find((delivery) => delivery.leg === leg);
      assert.ok(found, `there is no leg ${leg}`);
      return found;
    },
    log: async (id) => (await trip.record(id)).attempts.map(inShort),
    told: (type) => events.filter((event): event is Extract<TripEvent, { type: typeof type }> => event.type === type),
  };
  t.after(() => trip.stop());
  return trip;
}

const DEFAULT_PROVIDERS = { email: [{ id: 'smtp' }], sms: [{ id: 'twilio' }], telegram: [{ id: 'bot' }] };

function inShort({ channel, provider, outcome, code }: Attempt): string {
  return [`${channel}/${provider ?? '-'}`, outcome, ...(code === null ? [] : [code])].join(' ');
}

/** To somebody with an address on every scripted channel, by e-mail, unless said otherwise. */
export function request(over: Partial<SendRequest> = {}): SendRequest {
  return {
    recipient: { email: 'user@example.com', phone: '+15550100', telegram: '4711' },
    title: null,
    message: 'Your parcel has arrived.',
    actionUrl: null,
    data: null,
    overrides: null,
    priority: 'normal',
    sendAt: null,
    expiresAt: null,
    retry: null,
    onUnknown: 'retry',
    metadata: {},
    tags: [],
    channels: ['email'],
    strategy: 'fallback',
    ...over,
  };
}

/** A submission without a key, whose answer is its id, unless said otherwise. */
export function submission(requests: readonly SendRequest[], over: Partial<AcceptRequest> = {}): AcceptRequest {
  return { requestId: 'req-1', requests, broadcast: false, key: null, answer: ({ id }) => id, ...over };
}

/** What the pipeline uses of a store. */
export type UsedOfStore =
  | 'accept'
  | 'claimDue'
  | 'claim'
  | 'expiredLeases'
  | 'renew'
  | 'write'
  | 'nextDueAt'
  | 'find'
  | 'deadLetters'
  | 'purge'
  | 'backlog'
  | 'reconnect';

/** What the pipeline uses of a store, with a switch for each method. */
export interface SwitchedStore extends Pick<Store, UsedOfStore | 'claimsAfterWrites'> {
  /** From now on these are unavailable, and only these. */
  down(...methods: readonly UsedOfStore[]): void;
  /** From now on calls of these do not answer, and only of these; the returned function lets those go on that wait. */
  hang(...methods: readonly UsedOfStore[]): () => void;
  /** From now on nothing is found to be due, or all is again. */
  blind(isBlind: boolean): void;
}

function switchedStore(store: Store): SwitchedStore {
  let off: readonly UsedOfStore[] = [];
  let hung: readonly UsedOfStore[] = [];
  let released = Promise.resolve();
  let isBlind = false;
  const on = async (method: UsedOfStore) => {
    if (off.includes(method)) throw new StoreUnavailable(`${method} is switched off`);
    if (hung.includes(method)) await released;
  };
  return {
    down(...methods) {
      off = methods;
    },
    hang(...methods) {
      const { promise, resolve } = Promise.withResolvers<void>();
      hung = methods;
      released = promise;
      return resolve;
    },
    blind(now) {
      isBlind = now;
    },
    claimsAfterWrites: store.claimsAfterWrites,
    accept: (submissions) => on('accept').then(() => store.accept(submissions)),
    claimDue: (wanted) => on('claimDue').then(() => (isBlind ? [] : store.claimDue(wanted))),
    claim: (ids, leaseMs) => on('claim').then(() => store.claim(ids, leaseMs)),
    expiredLeases: (limit) => on('expiredLeases').then(() => store.expiredLeases(limit)),
    renew: (leases, leaseMs) => on('renew').then(() => store.renew(leases, leaseMs)),
    write: (groups) => on('write').then(() => store.write(groups)),
    nextDueAt: () => on('nextDueAt').then(() => store.nextDueAt()),
    find: (id) => on('find').then(() => store.find(id)),
    deadLetters: (filter, page) => on('deadLetters').then(() => store.deadLetters(filter, page)),
    purge: (old) => on('purge').then(() => store.purge(old)),
    backlog: () => on('backlog').then(() => store.backlog()),
    reconnect: () => on('reconnect').then(() => store.reconnect()),
  };
}
