import type { TripEvent } from '../../src/domain/events.ts';
import { createLog, logEvent } from '../../src/telemetry/log.ts';
import { attempt, builders } from './builders.ts';

/**
 * A program of its own, because the log writes to standard error: logs every sort of event, each with `CANARY` in all
 * places that a line must not show. Its arguments are the level and the format of the log, and, instead of the
 * events, something odd that is thrown: `object` or `circle`.
 */
const CANARY = 'canary-4711';
const make = builders(() => Date.UTC(2026, 0, 15, 12));

/** What somebody may hang onto anything. */
const EXTRA = { message: CANARY, body: CANARY, password: CANARY, config: { headers: { authorization: CANARY } } };

class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly code = 'E_PROVIDER';
  readonly request = EXTRA;
  readonly response = { data: CANARY };
  toJSON() {
    return EXTRA;
  }
}

const { notification, deliveries } = make.parcel({
  message: CANARY,
  title: CANARY,
  recipient: { email: `${CANARY}@example.com` },
});
const [delivery] = deliveries;
if (delivery === undefined) throw new Error('a parcel has a delivery');
const requestId = 'req-1';
const about = { ...EXTRA, requestId, deliveryId: delivery.id };
const rejected = { outcome: 'rejected', code: 'invalid_recipient', detail: '550', providerMessageId: null } as const;
const cause = Object.assign(new ProviderError('the cause'), { cause: EXTRA });
const faults: readonly unknown[] = [
  new ProviderError('the fault', { cause }),
  Object.assign(new AggregateError([new Error(CANARY)], 'several'), EXTRA, { message: 'several' }),
  Object.assign(new Error('a code that is an object'), { code: EXTRA }),
  CANARY,
  null,
];

const EVENTS: { readonly [T in TripEvent['type']]: readonly Extract<TripEvent, { type: T }>[] } = {
  accepted: [{ ...EXTRA, type: 'accepted', requestId, ids: [notification.id] }],
  replayed: [{ ...EXTRA, type: 'replayed', requestId }],
  attempted: [
    { ...about, type: 'attempted', wantedAt: 0, attempt: { ...EXTRA, ...attempt() } },
    { ...about, type: 'attempted', wantedAt: 0, attempt: { ...EXTRA, ...attempt(rejected) } },
  ],
  held_back: [{ ...about, type: 'held_back', channel: 'email', waitMs: 5_000 }],
  moved: [
    { ...EXTRA, type: 'moved', requestId, delivery: { ...EXTRA, ...delivery } },
    { ...EXTRA, type: 'moved', requestId, delivery: { ...EXTRA, ...delivery, status: 'failed', dueAt: null } },
  ],
  stale_settle: [{ ...about, type: 'stale_settle' }],
  reclaimed: [{ ...about, type: 'reclaimed' }],
  receipt: [
    {
      ...{ ...about, type: 'receipt', attempt: 1, channel: 'email', provider: 'sendgrid' },
      ...{ news: 'bounced', result: 'stale' },
    },
  ],
  forgotten: [{ ...EXTRA, type: 'forgotten', notifications: 3 }],
  provider_paused: [{ ...EXTRA, type: 'provider_paused', provider: 'email/smtp', until: 0, cause: 'provider_down' }],
  provider_recovered: [{ ...EXTRA, type: 'provider_recovered', provider: 'email/smtp' }],
  fault: faults.map((error) => ({ ...EXTRA, type: 'fault', where: 'provider', error })),
};

const circle = new Error('its own cause');
circle.cause = circle;
const ODD = new Map<string, unknown>([
  ['object', EXTRA],
  ['circle', circle],
]);

const [level = 'info', format = 'json', odd = null] = process.argv.slice(2);
const log = createLog({ level, format: format === 'pretty' ? 'pretty' : 'json' });
if (odd !== null) logEvent(log, { type: 'fault', where: 'provider', error: ODD.get(odd) });
else for (const events of Object.values(EVENTS)) for (const event of events) logEvent(log, event);
