import type { DeadLetter } from '../../sdk/src/client.ts';
import type { Given } from './command.ts';
import { INTERRUPTED, type Io, MISUSED } from './io.ts';
import { excerpt, filterOf, set, showList, withList } from './look.ts';
import { Progress } from './progress.ts';
import { type ServiceCall, withService } from './service.ts';
import { counted, recipientInWords } from './words.ts';

/** How many are counted, and how many are retried, by one request. */
const COUNTED = 10_000;
const RETRIED = 500;

export function listDeadLetters(given: Given, io: Io): Promise<number> {
  return withList(given, io, (call, count) => {
    const filter = { ...filterOf(given), ...set('code', given.text('code')), limit: Math.min(count, 100) };
    const found = call.tidings.deadLetters.list(filter, { signal: call.signal });
    return showList(call, found, count, row);
  });
}

function row({ id, reason, channels, notification, failed_at: at }: DeadLetter): readonly string[] {
  const { recipient, title, message } = notification;
  return [id, reason ?? '-', channels.join(','), recipientInWords(recipient), at ?? '-', excerpt(title ?? message)];
}

/** Part by part, with a bar; Ctrl-C ends it after the part that is under way. */
export async function retryDeadLetters(given: Given, io: Io): Promise<number> {
  const filter = { ...filterOf(given), ...set('code', given.text('code')) };
  if (Object.keys(filter).length === 0 && given.flag('all') !== true) {
    io.err('tidings: dead-letters retry needs a filter, such as --code provider_down, or --all.\n');
    return MISUSED;
  }
  return withService(given, io, async (call) => {
    const progress = new Progress(io);
    try {
      const { matched } = await inParts(call, filter, { dryRun: true, limit: COUNTED }, () => {});
      if (given.flag('dry-run') === true) {
        call.print({ matched, retried: 0 }, () => `${letters(matched)} match`);
        return 0;
      }
      const tell = (done: number) => progress.tell('retrying', done, Math.max(done, matched));
      const done = await inParts(call, filter, { dryRun: false, limit: RETRIED }, tell);
      progress.end();
      call.print(done, () => `${letters(done.retried)} of ${counted(matched)} on their way again`);
      return call.signal.aborted ? INTERRUPTED : 0;
    } finally {
      progress.end();
    }
  });
}

async function inParts(
  { tidings, signal }: ServiceCall,
  filter: Record<string, string>,
  how: { readonly dryRun: boolean; readonly limit: number },
  tell: (done: number) => void,
): Promise<{ readonly matched: number; readonly retried: number }> {
  const sum = { matched: 0, retried: 0 };
  let cursor: string | undefined;
  do {
    // What was begun is let end, so that what is told of it is true.
    const part = await tidings.deadLetters.retry(filter, { ...how, cursor, ...(how.dryRun ? { signal } : {}) });
    sum.matched += part.matched;
    sum.retried += part.retried;
    tell(sum.matched);
    cursor = part.next_cursor ?? undefined;
  } while (cursor !== undefined && !signal.aborted);
  return sum;
}

function letters(count: number): string {
  return count === 1 ? '1 dead letter' : `${counted(count)} dead letters`;
}
