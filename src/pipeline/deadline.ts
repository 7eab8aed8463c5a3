import type { Clock } from '../domain/clock.ts';
import type { Emit } from '../domain/events.ts';
import type { Outcome } from '../domain/outcome.ts';

export interface DeadlineDeps {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly sendTimeout: number;
}

/** A provider is given this long after its signal to say what it knows, in ms. */
export const LAST_WORD = 250;

/**
 * Ends for certain: a provider that does not heed its signal is left behind, and its send is `unknown`. So is one
 * that throws, which is a bug in its adapter.
 */
export function callWithDeadline(
  deps: DeadlineDeps,
  send: (signal: AbortSignal) => Promise<Outcome>,
): Promise<Outcome> {
  const { clock, sendTimeout } = deps;
  const abort = new AbortController();
  return new Promise((resolve) => {
    const end = (outcome: Outcome) => {
      cancel();
      resolve(outcome);
    };
    const bug = (error: unknown) => {
      deps.emit({ type: 'fault', where: 'provider', error });
      end({ kind: 'unknown', code: 'provider_bug', detail: error instanceof Error ? error.name : typeof error });
    };
    const late = () => end({ kind: 'unknown', code: 'timeout', detail: `no answer within ${sendTimeout} ms` });
    let cancel = clock.after(sendTimeout, () => {
      cancel = clock.after(LAST_WORD, late);
      abort.abort();
    });
    // Nothing is awaited here: that makes two promises more, for every send.
    try {
      send(abort.signal).then(end, bug);
    } catch (error) {
      bug(error);
    }
  });
}
