import { backoff } from './backoff.ts';
import { TidingsError } from './error.ts';
import { eventsIn, type ServerEvent } from './event-reader.ts';
import type { Channel, DeliveryStatus, ReasonCode } from './openapi.ts';
import { pause } from './surroundings.ts';
import type { Transport } from './transport.ts';

/** What became of a delivery. `id` is where to go on after it. */
export interface DeliveryEvent {
  readonly type: 'delivery';
  readonly id: string;
  readonly notification_id: string;
  readonly delivery_id: string;
  readonly status: DeliveryStatus;
  /** Of its last attempt; null where none was made. */
  readonly channel: Channel | null;
  readonly provider: string | null;
  readonly code: ReasonCode | null;
  /** RFC 3339, in UTC. */
  readonly at: string;
}

/** What was missed is no longer known: whoever keeps a picture of it loads it again. */
export interface ResetEvent {
  readonly type: 'reset';
  readonly id: string;
}

export interface EventsOptions {
  /** Only what becomes of one notification. */
  readonly notificationId?: string | undefined;
  /** The `id` of an event: goes on after it. Without it from now on. */
  readonly after?: string | undefined;
  /** Ends it; what waits for the next event is rejected with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called when it is connected, and with the reason when it is not any more; it tries again by itself. */
  readonly onConnection?: ((error: TidingsError | null) => void) | undefined;
}

/** The service is heard every 15 s, even if only to say that it is there. In ms. */
const SILENCE = 40_000;

/**
 * What becomes of deliveries, as it happens, over every break of the connection: nothing is left out, nothing comes
 * twice. Throws what the service refuses for good.
 */
export async function* events(
  transport: Transport,
  { notificationId, after, signal, onConnection }: EventsOptions,
): AsyncGenerator<DeliveryEvent | ResetEvent, never, undefined> {
  const { surroundings } = transport;
  const query = notificationId === undefined ? '' : `?notification_id=${encodeURIComponent(notificationId)}`;
  let last = after;
  for (let failures = 0; ; ) {
    let broke: TidingsError;
    const connection = new Connection(surroundings.after, signal);
    try {
      const headers = last === undefined ? {} : { 'last-event-id': last };
      const stream = await transport.open(`/api/v1/events${query}`, headers, connection.signal);
      failures = 0;
      onConnection?.(null);
      for await (const event of eventsIn(stream, connection)) {
        last = event.id ?? last;
        const told = eventOf(event);
        if (told !== null) yield told;
      }
      signal?.throwIfAborted();
      broke = new TidingsError('unreachable', 'the stream of events has ended');
    } catch (error) {
      signal?.throwIfAborted();
      broke =
        error instanceof TidingsError ? error : new TidingsError('unreachable', 'the stream broke', { cause: error });
      if (isFinal(broke)) throw broke;
    } finally {
      connection.end();
    }
    onConnection?.(broke);
    failures += 1;
    await pause(surroundings, backoff(failures, broke.retryAfter, surroundings.random), signal);
  }
}

/** To ask again would be answered the same. */
function isFinal({ status }: TidingsError): boolean {
  return status !== null && status < 500 && status !== 408 && status !== 429;
}

/** One try, given up when nothing is heard for too long or nobody listens any more. */
class Connection {
  readonly #controller = new AbortController();
  readonly #after: Transport['surroundings']['after'];
  readonly #outer: AbortSignal | undefined;
  #takeBack: () => void;

  constructor(after: Transport['surroundings']['after'], outer: AbortSignal | undefined) {
    this.#after = after;
    this.#outer = outer;
    outer?.addEventListener('abort', this.end, { once: true });
    this.#takeBack = after(SILENCE, () => this.end());
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly heard = (): void => {
    this.#takeBack();
    this.#takeBack = this.#after(SILENCE, () => this.end());
  };

  readonly end = (): void => {
    this.#takeBack();
    this.#outer?.removeEventListener('abort', this.end);
    this.#controller.abort(this.#outer?.reason);
  };
}

/** Null: of a kind that this client does not know. */
function eventOf({ type, data, id }: ServerEvent): DeliveryEvent | ResetEvent | null {
  if (id === null) return null;
  if (type === 'reset') return { type, id };
  // What the service tells stands in the description of GET /api/v1/events.
  return type === 'delivery' ? { ...(JSON.parse(data) as Omit<DeliveryEvent, 'type' | 'id'>), type, id } : null;
}
