import type { Clock } from '../domain/clock.ts';
import { isTerminal } from '../domain/delivery.ts';
import type { Emit, TripEvent } from '../domain/events.ts';
import type { DeliveryId } from '../domain/ids.ts';
import { type GaugeSources, ownGauges } from './gauges.ts';
import { type Counter, createInstruments, type Instruments } from './instruments.ts';

/** A request that was answered, as far as it is counted. */
export interface AnsweredRequest {
  readonly method: string;
  /** The route's pattern; null where none matched. */
  readonly route: string | null;
  readonly status: number;
  readonly durationMs: number;
}

/** What one process counts. Names are those of docs/operations.md; none has a user, an address or an id as a label. */
export interface Metrics {
  readonly event: Emit;
  answered(request: AnsweredRequest): void;
  /** Requests that were turned away before anything was done for them. */
  refused(reason: 'overloaded' | 'too_many_requests', count: number): void;
  /** What a provider told that is no event of a trip. */
  receipts(provider: string, outcome: string, count: number): void;
  /** Gauges are read by these from now on, whenever somebody asks. */
  watch(sources: GaugeSources): void;
  text(): Promise<string>;
}

/** In seconds: from a commit on a fast disk to a client's patience. */
const ANSWERS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10];
/** In seconds: from a provider next door to the longest send. */
const CALLS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];
/** In seconds: from at once to the last round of the default schedule. */
const TRIPS = [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 7200];

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
/** Most deliveries whose fate is waited for; there are no more of them than sends in hand. */
const MOST_SUSPECTS = 20_000;

export function createMetrics(clock: Clock, version: string): Metrics {
  const made = createInstruments();
  const receipts = made.counter({
    name: 'tidings_receipts_total',
    help: 'Later news by providers, and by those who say that they are one, by what came of it.',
    labels: ['provider', 'outcome'],
  });
  const count = tripCounters(made, receipts);
  const names = ['method', 'route', 'status'] as const;
  const http = made.histogram({
    name: 'tidings_http_duration_seconds',
    help: 'How long requests took to be answered. The 202s of POST /api/v1/notifications are durable.',
    labels: names,
    bounds: ANSWERS,
  });
  const refused = made.counter({
    name: 'tidings_refused_total',
    help: 'Requests that were turned away: the process had too much to do, or their client asked too often.',
    labels: ['reason'],
  });
  return {
    event: count,
    answered({ method, route, status, durationMs }) {
      const values = [METHODS.has(method) ? method : 'other', route ?? 'none', String(status)] as const;
      http(values, durationMs / 1_000);
    },
    refused: (reason, times) => refused([reason], times),
    receipts(provider, outcome, times) {
      if (times > 0) receipts([provider, outcome], times);
    },
    watch: (sources) => ownGauges(made, sources, clock, version),
    text: () => made.text(),
  };
}

/** Everything that is told by events of trips. */
function tripCounters(made: Instruments, receipts: Counter<['provider', 'outcome']>): Emit {
  const plain = (name: string, help: string) => {
    const add = made.counter({ name, help, labels: [] });
    return (by = 1) => add([], by);
  };
  const by = (name: string, label: string, help: string) => {
    const add = made.counter({ name, help, labels: [label] });
    return (value: string) => add([value]);
  };
  const accepted = plain('tidings_accepted_total', 'Notifications that were accepted and are durable.');
  const replayed = plain('tidings_replayed_total', 'Requests that came again with their idempotency key.');
  const heldBack = by('tidings_held_back_total', 'channel', 'Deliveries that found no provider that may be called.');
  const finished = by('tidings_finished_total', 'status', 'Deliveries that reached this terminal state.');
  const dead = by('tidings_dead_total', 'reason', 'Deliveries that failed for good: dead letters.');
  const stale = plain('tidings_stale_settle_total', 'Results of workers that had lost their lease: refused.');
  const reclaimed = plain('tidings_reclaimed_total', 'Deliveries taken back from a worker whose lease ran out.');
  const forgotten = plain('tidings_forgotten_total', 'Notifications that were deleted as they had ended long ago.');
  const suspected = plain(
    'tidings_duplicates_suspected_total',
    'Deliveries that go on although it is not known whether the message left: it may come twice.',
  );
  const faults = by('tidings_faults_total', 'where', 'Times an engine failed, or a bug showed. The log has each.');
  const attempted = attemptCounters(made);
  const breaker = breakerGauge(made);
  const suspects = new Set<DeliveryId>();
  const suspect = (id: DeliveryId) => {
    if (suspects.size >= MOST_SUSPECTS) suspects.clear();
    suspects.add(id);
  };

  return (event) => {
    switch (event.type) {
      case 'accepted':
        return accepted(event.ids.length);
      case 'replayed':
        return replayed();
      case 'attempted':
        if (event.attempt.outcome === 'unknown') suspect(event.deliveryId);
        return attempted(event);
      case 'held_back':
        return heldBack(event.channel);
      case 'moved': {
        const { id, status, reason, discardedAt } = event.delivery;
        if (suspects.size > 0 && suspects.delete(id) && !isTerminal(status)) suspected();
        if (!isTerminal(status) || discardedAt !== null) return;
        finished(status);
        if (status === 'failed') dead(reason ?? 'none');
        return;
      }
      case 'stale_settle':
        suspects.delete(event.deliveryId);
        return stale();
      case 'reclaimed':
        suspect(event.deliveryId);
        return reclaimed();
      case 'receipt':
        return receipts([event.provider, event.result]);
      case 'forgotten':
        return forgotten(event.notifications);
      case 'provider_paused':
      case 'provider_recovered':
        return breaker(event.provider, event.type === 'provider_paused');
      case 'fault':
        return faults(event.where);
    }
  };
}

function attemptCounters(made: Instruments): (event: Extract<TripEvent, { type: 'attempted' }>) => void {
  const attempts = made.counter({
    name: 'tidings_attempts_total',
    help: 'Calls to providers, by what came of them.',
    labels: ['channel', 'provider', 'outcome'],
  });
  const durations = made.histogram({
    name: 'tidings_attempt_duration_seconds',
    help: 'How long calls to providers took.',
    labels: ['channel', 'provider'],
    bounds: CALLS,
  });
  const lag = made.histogram({
    name: 'tidings_scheduled_lag_seconds',
    help: 'How late the first call of a delivery began: after its send time, or after it was accepted.',
    labels: ['channel'],
    bounds: TRIPS,
  });
  const trips = made.histogram({
    name: 'tidings_delivery_duration_seconds',
    help: 'From the send time, or from acceptance, until a provider had taken the message, retries included.',
    labels: ['channel'],
    bounds: TRIPS,
  });
  const provided = (name: string, help: string) => made.counter({ name, help, labels: ['provider'] });
  const unknown = provided('tidings_unknown_outcome_total', 'Calls of which it is not known whether the message left.');
  const limited = provided('tidings_provider_429_total', 'Calls that a provider answered with a wish to wait.');
  const blocked = made.counter({
    name: 'tidings_ssrf_blocked_total',
    help: 'Calls to URLs of users that were not made, as the address may not be called.',
    labels: [],
  });

  return ({ attempt, wantedAt }) => {
    const { channel, outcome, code, startedAt, durationMs } = attempt;
    const provider = attempt.provider ?? 'none';
    attempts([channel, provider, outcome]);
    durations([channel, provider], durationMs / 1_000);
    // Several machines' clocks differ a little.
    if (attempt.number === 1) lag([channel], Math.max(0, startedAt - wantedAt) / 1_000);
    if (outcome === 'accepted') trips([channel], Math.max(0, startedAt + durationMs - wantedAt) / 1_000);
    if (outcome === 'unknown') unknown([provider]);
    if (code === 'rate_limited') limited([provider]);
    if (code === 'url_not_allowed') blocked([]);
  };
}

function breakerGauge(made: Instruments): (provider: string, isOpen: boolean) => void {
  const open = new Map<string, boolean>();
  const about = {
    name: 'tidings_breaker_state',
    help: '1 from when a provider is left alone until a call to it succeeds again, else 0.',
    labels: ['provider'],
  } as const;
  made.gauge(about, () => [...open].map(([provider, isOpen]) => [[provider], isOpen ? 1 : 0] as const));
  return (provider, isOpen) => void open.set(provider, isOpen);
}
