import type { Clock } from '../../domain/clock.ts';

export interface Paced {
  ring(): void;
  /** Nothing is begun any more. */
  end(): void;
}

/**
 * Does something when it is rung: one at a time, `apart` ms between the end of one and the next, and once more for all
 * that rang meanwhile.
 */
export function paced(clock: Clock, apart: number, act: () => Promise<void>): Paced {
  let busy = false;
  let again = false;
  let ended = false;
  let cancel = () => {};

  async function run(): Promise<void> {
    busy = true;
    again = false;
    await act();
    if (ended) return;
    cancel = clock.after(apart, () => {
      busy = false;
      if (again) void run();
    });
  }

  return {
    ring() {
      if (busy) again = true;
      else if (!ended) void run();
    },
    end() {
      ended = true;
      cancel();
    },
  };
}
