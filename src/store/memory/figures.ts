import {
  addCount,
  type CounterKind,
  countsOf,
  NAMELESS,
  newTally,
  statusesFrom,
  type Tally,
} from '../../domain/counters.ts';
import type { DeliveryStatus } from '../../domain/delivery.ts';
import type { StoreStats } from '../store.ts';

const MINUTE = 60_000;
/** A week of minutes. */
const KEPT = 7 * 24 * 60;

/** What was counted, by the minute. */
export class Figures {
  /** By the minute's beginning, in ms; oldest first as long as the clock does not go back. */
  readonly #minutes = new Map<number, Tally>();

  /** The tally of the minute that `now` is in. */
  at(now: number): Tally {
    const minute = now - (now % MINUTE);
    const known = this.#minutes.get(minute);
    if (known !== undefined) return known;
    const tally = newTally();
    this.#minutes.set(minute, tally);
    for (const oldest of this.#minutes.keys()) {
      if (this.#minutes.size <= KEPT) break;
      this.#minutes.delete(oldest);
    }
    return tally;
  }

  /** Whole minutes: the one that `since` is in counts in full. */
  since(since: number, unfinished: ReadonlyMap<DeliveryStatus, number>): StoreStats {
    const total = newTally();
    const series: StoreStats['series'][number][] = [];
    for (const [minute, tally] of [...this.#minutes].sort(([a], [b]) => a - b)) {
      if (minute + MINUTE <= since || tally.size === 0) continue;
      for (const { kind, name, count } of countsOf(tally)) addCount(total, kind, name, count);
      series.push({
        minute,
        accepted: tally.get('accepted')?.get(NAMELESS) ?? 0,
        sent: tally.get('finished')?.get('sent') ?? 0,
        failed: tally.get('finished')?.get('failed') ?? 0,
      });
    }
    return {
      accepted: total.get('accepted')?.get(NAMELESS) ?? 0,
      byStatus: statusesFrom({
        ...Object.fromEntries([...unfinished].filter(([, count]) => count > 0)),
        ...named(total, 'finished'),
      }),
      byChannel: named(total, 'channel'),
      byProvider: named(total, 'provider'),
      series,
    };
  }
}

function named(tally: Tally, kind: CounterKind): Record<string, number> {
  return Object.fromEntries(tally.get(kind) ?? []);
}
