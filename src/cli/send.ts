import { type Notification, type NotificationToOne, TidingsError } from '../../sdk/src/client.ts';
import { isTerminal } from '../domain/delivery.ts';
import { parseDuration } from '../domain/duration.ts';
import type { Given } from './command.ts';
import { FAILED, INTERRUPTED, type Io, MISUSED } from './io.ts';
import { LiveLine } from './live-line.ts';
import { timeText } from './progress.ts';
import { type ServiceCall, withService } from './service.ts';
import { attemptInWords, hasArrived, notificationInWords } from './words.ts';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 100;

/** Sends, and looks on until it is done: 0 if it arrived, 1 if not. */
export async function send(given: Given, io: Io): Promise<number> {
  const timeoutText = given.text('timeout');
  const timeout = timeoutText === undefined ? undefined : parseDuration(timeoutText);
  if (timeout === null) {
    io.err(`tidings: --timeout ${timeoutText} is not a duration such as 30s, 10m or 1h.\n`);
    return MISUSED;
  }
  return withService(given, io, async (call) => {
    const { tidings, signal, print } = call;
    const idempotencyKey = given.text('idempotency-key');
    const accepted = await tidings.send(await bodyOf(given, io), { signal, idempotencyKey });
    const { id } = accepted;
    if (given.flag('wait') === false) {
      print(accepted, () => `accepted as ${id}`);
      return 0;
    }
    const shown = await lookOn(call, id, timeout);
    if (shown === 'interrupted' || shown === 'late') {
      const why = shown === 'late' ? `tidings: it is not done within ${timeoutText}. ` : '';
      io.err(`${why}It goes on without you: tidings get ${id}\n`);
      return shown === 'late' ? FAILED : INTERRUPTED;
    }
    print(shown, () => notificationInWords(shown, io.paint));
    return hasArrived(shown.status) ? 0 : FAILED;
  });
}

async function bodyOf(given: Given, io: Io): Promise<NotificationToOne> {
  const message = given.text('message') ?? '';
  const optional = {
    title: given.text('title'),
    channels: many(given.texts('channel')),
    strategy: given.text('strategy'),
    send_at: given.text('at'),
    delay: given.text('delay'),
    ttl: given.text('ttl'),
    tags: many(given.texts('tag')),
  };
  const set = Object.entries(optional).filter(([, value]) => value !== undefined);
  // The service knows its words best, and names what is wrong with them.
  return {
    recipient: given.text('to') ?? '',
    message: message === '-' ? (await io.input()).trimEnd() : message,
    ...Object.fromEntries(set),
  };
}

function many(texts: readonly string[]): readonly string[] | undefined {
  return texts.length === 0 ? undefined : texts;
}

/** The notification when it is done, or what came first. */
async function lookOn({ tidings, io, signal, json }: ServiceCall, id: string, timeout: number | undefined) {
  const watch = io.columns() === null ? lines(io, json) : liveLine(io);
  try {
    return await tidings.waitUntilDone(id, { signal, timeout, onLook: (shown) => watch.show(shown) });
  } catch (error) {
    if (signal.aborted) return 'interrupted';
    if (timeout !== undefined && error instanceof TidingsError && error.code === 'timeout') return 'late';
    throw error;
  } finally {
    watch.end();
  }
}

interface Watch {
  show(notification: Notification): void;
  end(): void;
}

/** A line for each change, where nothing can be written over. */
function lines(io: Io, json: boolean): Watch {
  let before = '';
  return {
    show({ status }) {
      const line = `${status} …\n`;
      if (line === before || json || isTerminal(status)) return;
      before = line;
      io.err(line);
    },
    end: () => undefined,
  };
}

/** One line that moves. */
function liveLine(io: Io): Watch {
  const line = new LiveLine(io);
  let shown: Notification | null = null;
  let frame = 0;
  let takeBack = () => {};
  const draw = () => {
    if (shown !== null) line.show(`${FRAMES[frame++ % FRAMES.length] ?? ''} ${stateInWords(shown, io.clock.now())}`);
    takeBack = io.clock.after(FRAME_MS, draw);
  };
  draw();
  return {
    show(notification) {
      shown = notification;
    },
    end() {
      takeBack();
      line.clear();
    },
  };
}

/** `retrying · email smtp deferred: connection_failed · next attempt in 28 s`. */
export function stateInWords({ status, attempts, deliveries }: Notification, now: number): string {
  const next = deliveries.map((delivery) => Date.parse(delivery.next_attempt_at ?? '')).filter((at) => at > now);
  const last = attempts.at(-1);
  return [
    status,
    // What a provider said of it would leave no room for the rest.
    ...(last === undefined ? [] : [attemptInWords({ ...last, detail: null })]),
    ...(next.length === 0 ? [] : [`next attempt in ${timeText((Math.min(...next) - now) / 1000)}`]),
  ].join(' · ');
}
