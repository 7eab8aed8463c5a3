import { eventsIn, type ServerEvent } from '../../sdk/src/event-reader.ts';
import { type InboxError, inboxError } from './inbox-error.ts';
import type { Surroundings } from './surroundings.ts';
import type { Connection } from './types.ts';

export interface LiveOptions {
  readonly open: (after: string | null, signal: AbortSignal) => Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  readonly onEvent: (event: ServerEvent) => void;
  /** A stream is open; `isResumed`: with everything that was missed, so that nothing need be loaded anew. */
  readonly onOpen: (isResumed: boolean) => void;
  /** It could not be opened, or broke; `null`: it ended. */
  readonly onBreak: (error: InboxError | null) => void;
  readonly onConnection: (connection: Connection) => void;
  readonly surroundings: Surroundings;
  readonly signal: AbortSignal;
}

/** The first wait before another try, unless the service says another; doubled with every failure, up to the most. */
const FIRST_WAIT = 1_000;
const MOST_WAIT = 30_000;
/** The service is heard every 15 s, even if only to say that it is there. */
const SILENCE = 40_000;
/** A browser opens six connections to a host at most, and all tabs share them: a hidden one lets go of its own. */
const HIDDEN = 30_000;

/** Keeps a stream open until `signal` says otherwise or the service refuses for good, and goes on where it broke. */
export async function live({ surroundings, signal, ...to }: LiveOptions): Promise<void> {
  const place: Place = { cursor: null, firstWait: FIRST_WAIT };
  let failures = 0;
  let wasLive = false;
  while (!signal.aborted) {
    if (!surroundings.isOnline()) {
      to.onConnection('offline');
      await rest(null, () => surroundings.isOnline(), surroundings, signal);
      continue;
    }
    to.onConnection(wasLive || failures > 0 ? 'reconnecting' : 'connecting');
    const attempt = guarded(surroundings, signal);
    let broke: InboxError | null = null;
    try {
      const stream = await to.open(place.cursor, attempt.signal);
      attempt.heard();
      to.onOpen(place.cursor !== null);
      to.onConnection('live');
      [wasLive, failures] = [true, 0];
      const onRetry = (ms: number) => {
        place.firstWait = Math.min(ms, MOST_WAIT);
      };
      for await (const event of eventsIn(stream, { heard: attempt.heard, onRetry })) {
        to.onEvent(event);
        place.cursor = event.id ?? place.cursor;
      }
    } catch (error) {
      broke = inboxError(error);
    } finally {
      attempt.end();
    }
    if (signal.aborted) return;
    if (attempt.isHidden()) {
      to.onConnection('paused');
      await rest(null, () => !surroundings.isHidden(), surroundings, signal);
      continue;
    }
    to.onBreak(broke);
    if (broke !== null && isFinal(broke)) return to.onConnection('stopped');
    if (broke?.code === 'invalid_cursor') place.cursor = null;
    if (!surroundings.isOnline()) continue;
    to.onConnection('reconnecting');
    const wait = Math.min(MOST_WAIT, place.firstWait * 2 ** failures) * (0.5 + surroundings.random() / 2);
    failures += 1;
    // Somebody who comes back, or whose network does, need not wait.
    const isBack = () => surroundings.isOnline() && !surroundings.isHidden();
    await rest(Math.max(wait, broke?.retryAfter ?? 0), isBack, surroundings, signal);
  }
}

/** Where to go on, and how soon. */
interface Place {
  cursor: string | null;
  firstWait: number;
}

/** To try again would be answered the same, whatever happens meanwhile. */
function isFinal({ status, code }: InboxError): boolean {
  return status >= 400 && status < 500 && ![401, 408, 429].includes(status) && code !== 'invalid_cursor';
}

/** One try, given up when nothing is heard for too long, when the network is gone, or when nobody has looked for a while. */
function guarded(surroundings: Surroundings, signal: AbortSignal) {
  const giveUp = new AbortController();
  let isHidden = false;
  let silence = surroundings.after(SILENCE, () => giveUp.abort());
  let hiding: (() => void) | null = null;
  const look = () => {
    if (!surroundings.isOnline()) giveUp.abort();
    hiding?.();
    hiding = surroundings.isHidden()
      ? surroundings.after(HIDDEN, () => {
          isHidden = true;
          giveUp.abort();
        })
      : null;
  };
  const unheard = surroundings.onChange(look);
  look();
  return {
    signal: AbortSignal.any([signal, giveUp.signal]),
    isHidden: () => isHidden,
    heard: () => {
      silence();
      silence = surroundings.after(SILENCE, () => giveUp.abort());
    },
    end() {
      silence();
      hiding?.();
      unheard();
      giveUp.abort();
    },
  };
}

/** Waits `ms` (null: for ever), but not past a change after which `isOver`, and not past the end. */
function rest(
  ms: number | null,
  isOver: () => boolean,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = ms === null ? () => undefined : surroundings.after(ms, resolve);
  const unheard = surroundings.onChange(() => {
    if (isOver()) resolve();
  });
  const over = () => resolve();
  signal.addEventListener('abort', over);
  return promise.finally(() => {
    timer();
    unheard();
    signal.removeEventListener('abort', over);
  });
}
