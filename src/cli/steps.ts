import { TidingsError } from '../../sdk/src/client.ts';
import type { Given } from './command.ts';
import { FAILED, type Io } from './io.ts';
import { type ServiceCall, withService } from './service.ts';
import { notificationInWords, plain } from './words.ts';

export function cancel(given: Given, io: Io): Promise<number> {
  return forEach(given, io, ({ tidings, signal }, id) => tidings.cancel(id, { signal }), 'cancelled', 'is cancelled');
}

export function retry(given: Given, io: Io): Promise<number> {
  const again = 'is on its way again';
  return forEach(given, io, ({ tidings, signal }, id) => tidings.retry(id, { signal }), 'retried', again);
}

export function discard(given: Given, io: Io): Promise<number> {
  const act = ({ tidings, signal }: ServiceCall, id: string) => tidings.deadLetters.discard(id, { signal });
  return forEach(given, io, act, 'discarded', 'is set aside');
}

export function reschedule(given: Given, io: Io): Promise<number> {
  return withService(given, io, async ({ tidings, signal, print }) => {
    const shown = await tidings.reschedule(given.words[0] ?? '', given.text('at') ?? '', { signal });
    print(shown, () => notificationInWords(shown, io.paint));
    return 0;
  });
}

/** One after the other. What cannot be done to one of them is told, and the others have their turn all the same. */
function forEach(
  given: Given,
  io: Io,
  act: (call: ServiceCall, id: string) => Promise<void>,
  result: string,
  words: string,
): Promise<number> {
  return withService(given, io, async (call) => {
    let code = 0;
    for (const id of given.words) {
      try {
        await act(call, id);
        call.print({ id, result }, () => `${id} ${words}`);
      } catch (error) {
        // With one there is nothing to go on with; what is wrong with the service is wrong for all of them.
        if (given.words.length === 1 || !(error instanceof TidingsError) || !OF_ONE.has(error.code)) throw error;
        code = FAILED;
        if (call.json) call.print({ id, error: { code: error.code, message: error.message } }, () => '');
        else io.err(`tidings: ${plain(id)}: ${plain(error.message)}\n`);
      }
    }
    return code;
  });
}

const OF_ONE: ReadonlySet<string> = new Set(['not_found', 'too_late', 'not_retryable']);
