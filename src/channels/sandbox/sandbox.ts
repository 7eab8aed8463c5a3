import type { Channel } from '../../domain/channel.ts';
import type { JsonObject } from '../../domain/notification.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { decimal } from '../../domain/setting-forms.ts';
import { defineProvider, type Message, type SendContext } from '../provider.ts';

/*
 * The sandbox sends nothing: it keeps what would have been sent, so that it can be looked at. Some recipients have
 * a fate of their own, for trying out what happens then:
 *
 * | recipient                         | what comes of it                                                   |
 * |-----------------------------------|--------------------------------------------------------------------|
 * | bounce@sandbox.test               | rejected, recipient_unreachable                                    |
 * | blocked@sandbox.test              | rejected, recipient_blocked                                        |
 * | timeout@sandbox.test              | unknown, timeout; at once                                          |
 * | flaky@sandbox.test                | deferred, provider_error on attempts 1 and 2, then accepted        |
 * | throttled@sandbox.test            | deferred, rate_limited for 1 s on the first attempt, then accepted |
 * | down@sandbox.test                 | deferred, provider_error always                                    |
 * | +15005550001                      | rejected, invalid_recipient                                        |
 * | +15005550002                      | deferred, temporarily_rejected always                              |
 * | +15005550004                      | rejected, recipient_blocked                                        |
 * | +15005550009                      | rejected, recipient_unreachable                                    |
 */
const FATES: ReadonlyMap<string, Fate> = new Map<string, Fate>([
  ['bounce@sandbox.test', () => rejected('recipient_unreachable')],
  ['blocked@sandbox.test', () => rejected('recipient_blocked')],
  ['timeout@sandbox.test', () => ({ kind: 'unknown', code: 'timeout', detail: DETAIL })],
  ['flaky@sandbox.test', (attempt) => (attempt <= 2 ? deferred('provider_error') : null)],
  ['throttled@sandbox.test', (attempt) => (attempt <= 1 ? { ...deferred('rate_limited'), retryAfterMs: 1000 } : null)],
  ['down@sandbox.test', () => deferred('provider_error')],
  ['+15005550001', () => rejected('invalid_recipient')],
  ['+15005550002', () => deferred('temporarily_rejected')],
  ['+15005550004', () => rejected('recipient_blocked')],
  ['+15005550009', () => rejected('recipient_unreachable')],
]);

/** Null: accepted like any other. */
type Fate = (attempt: number) => Outcome | null;

const DETAIL = 'The sandbox does so for this recipient.';

export const sandboxSettings = {
  failureRate: decimal('SANDBOX_FAILURE_RATE', {
    default: '0',
    min: 0,
    max: 1,
    doc: 'The share of sends that the sandbox lets fail for now, from 0 to 1.',
  }),
};

/** Stands in where a channel has no provider, or by name in `<CHANNEL>_PROVIDERS`. */
export function sandboxProvider(channel: Channel) {
  return defineProvider({
    id: 'sandbox',
    channel,
    settings: sandboxSettings,
    open: ({ failureRate }, { sandbox, random }) => ({
      concurrency: null,
      hostOf: () => null,
      async send(message: Message, context: SendContext): Promise<Outcome> {
        const fate = FATES.get(message.to.toLowerCase())?.(context.attempt) ?? null;
        if (fate !== null) return fate;
        if (random() < failureRate) return { ...deferred('provider_error'), detail: 'SANDBOX_FAILURE_RATE at work.' };
        const { notificationId, deliveryId, now } = context;
        const kept: JsonObject = { ...message };
        await sandbox.addToSandbox([
          { notificationId, deliveryId, channel, to: message.to, message: kept, caughtAt: now },
        ]);
        return { kind: 'accepted', providerMessageId: deliveryId };
      },
      async close() {},
    }),
  });
}

function rejected(code: 'recipient_unreachable' | 'recipient_blocked' | 'invalid_recipient'): Outcome {
  return { kind: 'rejected', code, detail: DETAIL };
}

function deferred(code: 'provider_error' | 'rate_limited' | 'temporarily_rejected') {
  return { kind: 'deferred', code, detail: DETAIL, scope: 'attempt' } as const;
}
