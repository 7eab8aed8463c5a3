import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import parse from 'parse-prometheus-text-format';
import { builders } from '../../test/kit/builders.ts';
import { samplesOf } from '../../test/kit/exposition.ts';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import type { Delivery } from '../domain/delivery.ts';
import type { TripEvent } from '../domain/events.ts';
import type { Attempt } from '../domain/outcome.ts';
import type { GaugeSources } from './gauges.ts';
import { createInstruments } from './instruments.ts';
import { createMetrics } from './metrics.ts';

const clock = new ManualClock();
const make = builders(() => clock.now());
const [delivery] = make.parcel().deliveries;
assert.ok(delivery);
const about = { requestId: 'req-1', deliveryId: delivery.id };

const SOURCES: GaugeSources = {
  backlog: () => Promise.resolve({ depth: 3, oldestDueAt: clock.now() - 2_500 }),
  health: () => Promise.resolve({ store: { ok: true }, queue: { ok: false } }),
  inflight: () => 7,
  storage: () => Promise.resolve({ diskFree: 1_000, walBytes: 20, poolWaiting: 0 }),
};

function open(sources: Partial<GaugeSources> = {}) {
  const metrics = createMetrics(clock, '1.2.3');
  metrics.watch({ ...SOURCES, ...sources });
  return metrics;
}

function attempted(changes: Partial<Attempt>, wantedAt = 0): TripEvent {
  const call = { number: 1, channel: 'email', provider: 'smtp', startedAt: 400, durationMs: 100 } as const;
  const attempt: Attempt = {
    ...call,
    outcome: 'accepted',
    code: null,
    detail: null,
    providerMessageId: null,
    ...changes,
  };
  return { type: 'attempted', ...about, wantedAt, attempt };
}

function moved(changes: Partial<Delivery>): TripEvent {
  assert.ok(delivery);
  return { type: 'moved', requestId: 'req-1', delivery: { ...delivery, ...changes } };
}

async function read(metrics: { text(): Promise<string> }): Promise<ReadonlyMap<string, number>> {
  return samplesOf(await metrics.text());
}

describe('the figures', () => {
  test('have every name that docs/operations.md promises, before anything has happened', async () => {
    const families = parse(await open().text());
    for (const { name, help, type } of families) {
      assert.match(name, /^(tidings|process)_[a-z0-9_]+$/);
      assert.ok(help.endsWith('.'), `${name}: ${help}`);
      assert.equal(name.endsWith('_total'), type === 'COUNTER', name);
    }
    const text = await open().text();
    for (const name of NAMES) assert.match(text, new RegExp(`^# TYPE ${name} (counter|gauge|histogram)$`, 'm'), name);
    assert.equal(text.match(/^# TYPE /gm)?.length, NAMES.length, 'no other name');
  });

  test('follow a trip', async () => {
    const metrics = open();
    const id = make.notification().id;
    const events: TripEvent[] = [
      { type: 'accepted', requestId: 'req-1', ids: [id, id] },
      { type: 'replayed', requestId: 'req-1' },
      attempted({ outcome: 'deferred', code: 'rate_limited' }),
      moved({ status: 'retrying', reason: 'rate_limited' }),
      attempted({ number: 2, outcome: 'unknown', code: 'timeout' }),
      moved({ status: 'retrying', reason: 'timeout' }),
      attempted({ number: 3 }),
      moved({ status: 'sent' }),
      attempted({ channel: 'webhook', provider: 'webhook', outcome: 'rejected', code: 'url_not_allowed' }),
      moved({ status: 'failed', reason: 'url_not_allowed' }),
      moved({ status: 'failed', reason: 'url_not_allowed', discardedAt: 1 }),
      attempted({ number: 2, outcome: 'unknown', code: 'timeout' }),
      moved({ status: 'failed', reason: 'maybe_sent' }),
      { type: 'held_back', ...about, channel: 'email', waitMs: 5 },
      { type: 'reclaimed', ...about },
      moved({ status: 'pending', reason: 'worker_lost' }),
      attempted({ outcome: 'unknown', code: 'timeout' }),
      { type: 'stale_settle', ...about },
      { type: 'provider_paused', provider: 'email/smtp', until: 1, cause: 'timeout' },
      { type: 'provider_paused', provider: 'sms/twilio', until: 1, cause: 'timeout' },
      { type: 'provider_recovered', provider: 'sms/twilio' },
      { type: 'fault', where: 'settle', error: new Error('secret') },
    ];
    for (const event of events) metrics.event(event);
    const figures = await read(metrics);
    const wanted = {
      tidings_accepted_total: 2,
      tidings_replayed_total: 1,
      'tidings_attempts_total channel=email provider=smtp outcome=deferred': 1,
      'tidings_attempts_total channel=email provider=smtp outcome=unknown': 3,
      'tidings_attempts_total channel=email provider=smtp outcome=accepted': 1,
      'tidings_attempts_total channel=webhook provider=webhook outcome=rejected': 1,
      'tidings_attempt_duration_seconds_count channel=email provider=smtp': 5,
      'tidings_scheduled_lag_seconds_count channel=email': 2,
      'tidings_delivery_duration_seconds_count channel=email': 1,
      'tidings_delivery_duration_seconds_sum channel=email': 0.5,
      'tidings_provider_429_total provider=smtp': 1,
      'tidings_unknown_outcome_total provider=smtp': 3,
      tidings_ssrf_blocked_total: 1,
      'tidings_finished_total status=sent': 1,
      'tidings_finished_total status=failed': 2,
      'tidings_dead_total reason=url_not_allowed': 1,
      'tidings_dead_total reason=maybe_sent': 1,
      'tidings_held_back_total channel=email': 1,
      tidings_reclaimed_total: 1,
      tidings_stale_settle_total: 1,
      // The timeout of the second call, and the lost worker; not the one that ended in silence, nor the stale one.
      tidings_duplicates_suspected_total: 2,
      'tidings_breaker_state provider=email/smtp': 1,
      'tidings_breaker_state provider=sms/twilio': 0,
      'tidings_faults_total where=settle': 1,
    };
    for (const [name, value] of Object.entries(wanted)) assert.equal(figures.get(name), value, name);
    assert.doesNotMatch(await metrics.text(), /secret/);
  });

  test('put what was measured into the right buckets', async () => {
    const metrics = open();
    const route = '/api/v1/notifications';
    for (const durationMs of [1, 3, 200, 200.1, 60_000]) {
      metrics.answered({ method: 'POST', route, status: 202, durationMs });
    }
    metrics.answered({ method: 'BREW', route: null, status: 404, durationMs: 1 });
    const figures = await read(metrics);
    const name = 'tidings_http_duration_seconds';
    const labels = `method=POST route=${route} status=202`;
    const bounds = ['0.001', '0.0025', '0.005', '0.2', '0.5', '10', '+Inf'];
    const counts = bounds.map((bound) => figures.get(`${name}_bucket ${labels} le=${bound}`));
    assert.deepEqual(counts, [1, 1, 2, 3, 4, 4, 5]);
    assert.equal(figures.get(`${name}_count ${labels}`), 5);
    assert.equal(figures.get(`${name}_sum ${labels}`), 60.4041);
    assert.equal(figures.get(`${name}_count method=other route=none status=404`), 1);
  });

  test('read the gauges when they are asked for', async () => {
    const metrics = open();
    metrics.refused('overloaded', 12);
    metrics.refused('too_many_requests', 1);
    await metrics.text();
    const figures = await read(metrics);
    const wanted = {
      tidings_queue_age_seconds: 2.5,
      tidings_ready: 3,
      tidings_inflight: 7,
      tidings_disk_free: 1_000,
      tidings_wal_bytes: 20,
      tidings_db_pool_wait: 0,
      'tidings_healthy part=store': 1,
      'tidings_healthy part=queue': 0,
      'tidings_refused_total reason=overloaded': 12,
      'tidings_refused_total reason=too_many_requests': 1,
      'tidings_build_info version=1.2.3': 1,
    };
    for (const [name, value] of Object.entries(wanted)) assert.equal(figures.get(name), value, name);
    assert.ok((figures.get('tidings_rss_bytes') ?? 0) > 1e7);
    assert.ok((figures.get('process_cpu_seconds_total') ?? 0) > 0);
    assert.ok(Math.abs((figures.get('process_start_time_seconds') ?? 0) - performance.timeOrigin / 1_000) < 1);
    assert.ok(figures.has('tidings_eventloop_delay_seconds quantile=0.99'));
  });

  test('come without the gauges of a store that hangs or is away', async () => {
    const metrics = open({
      backlog: () => new Promise(() => {}),
      storage: () => Promise.reject(new Error('away')),
      inflight: null,
    });
    const reading = read(metrics);
    await setImmediate();
    clock.advance(2_000);
    const figures = await reading;
    assert.equal(figures.get('tidings_accepted_total'), 0);
    assert.equal(figures.get('tidings_healthy part=store'), 1);
    for (const name of ['tidings_queue_age_seconds', 'tidings_ready', 'tidings_disk_free', 'tidings_inflight']) {
      assert.equal(figures.has(name), false, name);
    }
  });
});

test('a label may hold any text', async () => {
  const made = createInstruments();
  made.counter({ name: 'a_total', help: 'A "quoted"\nword \\.', labels: ['path'] })(['C:\\DIR\n"x"'], 2);
  const [family] = parse(await made.text());
  assert.deepEqual(family?.metrics, [{ value: '2', labels: { path: 'C:\\DIR\n"x"' } }]);
});

const NAMES = [
  'tidings_accepted_total',
  'tidings_replayed_total',
  'tidings_refused_total',
  'tidings_http_duration_seconds',
  'tidings_queue_age_seconds',
  'tidings_ready',
  'tidings_inflight',
  'tidings_scheduled_lag_seconds',
  'tidings_delivery_duration_seconds',
  'tidings_attempts_total',
  'tidings_attempt_duration_seconds',
  'tidings_unknown_outcome_total',
  'tidings_provider_429_total',
  'tidings_receipts_total',
  'tidings_breaker_state',
  'tidings_held_back_total',
  'tidings_finished_total',
  'tidings_dead_total',
  'tidings_stale_settle_total',
  'tidings_reclaimed_total',
  'tidings_forgotten_total',
  'tidings_duplicates_suspected_total',
  'tidings_ssrf_blocked_total',
  'tidings_faults_total',
  'tidings_healthy',
  'tidings_eventloop_delay_seconds',
  'tidings_rss_bytes',
  'tidings_db_pool_wait',
  'tidings_disk_free',
  'tidings_wal_bytes',
  'tidings_build_info',
  'process_cpu_seconds_total',
  'process_start_time_seconds',
];
