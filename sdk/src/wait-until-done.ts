import { TidingsError } from './error.ts';
import type { DeliveryStatus, Notification } from './openapi.ts';
import { pause } from './surroundings.ts';
import type { CallOptions, Transport } from './transport.ts';

export interface WaitOptions extends CallOptions {
  /** How long to wait in all, in ms; without it as long as it takes. */
  readonly timeout?: number | undefined;
  /** Called with the notification each time it has been looked at, the last time included. */
  readonly onLook?: ((notification: Notification) => void) | undefined;
}

const FINISHED: ReadonlySet<DeliveryStatus> = new Set([
  ...(['sent', 'delivered', 'failed', 'cancelled', 'expired', 'suppressed'] as const),
]);

/** The first look comes soon, as most are done at once; then the looks grow rarer. In ms. */
const FIRST = 100;
const GROWTH = 1.5;
const MOST = 5_000;

export async function waitUntilDone(
  transport: Transport,
  id: string,
  { timeout = Number.POSITIVE_INFINITY, signal, onLook }: WaitOptions,
): Promise<Notification> {
  const { now, random } = transport.surroundings;
  const end = now() + timeout;
  for (let rest = FIRST; ; rest = Math.min(MOST, rest * GROWTH)) {
    const left = end - now();
    const options = { signal, ...(left === Number.POSITIVE_INFINITY ? {} : { timeout: left }) };
    const notification = await transport.call('getNotification', { at: [id], repeatable: true }, options);
    onLook?.(notification);
    if (FINISHED.has(notification.status)) return notification;
    // Spread, so that many who wait do not all look at the same moment.
    const wait = rest * (0.8 + 0.4 * random());
    if (now() + wait >= end) {
      const message = `${id} is still ${notification.status} after ${timeout} ms`;
      throw new TidingsError('timeout', message, { requestId: notification.request_id });
    }
    await pause(transport.surroundings, wait, signal);
  }
}
