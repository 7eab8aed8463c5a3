import type { Struck } from './nemesis.ts';
import type { Asked } from './open-load.ts';
import type { Hit } from './sink.ts';

/** How long all faults of one name were felt, in ms, the shortest first. */
export interface Recovery {
  readonly name: string;
  readonly count: number;
  /** From the end of the fault until the receiver took a message. */
  readonly delivers: readonly number[];
  /** From the beginning of the fault until a request was accepted that began after it. */
  readonly accepts: readonly number[];
}

export function recoveries(
  struck: readonly Struck[],
  hits: readonly Hit[],
  accepts: readonly { readonly begunAt: number; readonly at: number }[],
): readonly Recovery[] {
  const taken = hits.filter((hit) => hit.taken).map(({ at }) => at);
  const names = [...new Set(struck.map(({ name }) => name))];
  return names.map((name) => {
    const all = struck.filter((one) => one.name === name);
    return {
      name,
      count: all.length,
      delivers: sorted(all.map(({ from, to }) => firstFrom(taken, to ?? from))),
      accepts: sorted(
        all.map(({ from }) => {
          const after = accepts.filter(({ begunAt }) => begunAt >= from).map(({ at }) => at);
          return firstFrom(after, from);
        }),
      ),
    };
  });
}

/** From the answer to the client until the receiver first took the message, in ms, the shortest first. */
export function trips(asked: ReadonlyMap<string, Asked>, hits: readonly Hit[]): readonly number[] {
  const arrived = new Map<string, number>();
  for (const { key, at, taken } of hits) if (taken && !arrived.has(key)) arrived.set(key, at);
  const all = [...asked.values()].map(({ key, ackedAt }) => {
    const at = arrived.get(key);
    return at === undefined || ackedAt === null ? null : Math.max(0, at - ackedAt);
  });
  return sorted(all);
}

/** Null: nothing came any more. */
function firstFrom(times: readonly number[], from: number): number | null {
  const first = times.reduce((least, at) => (at >= from && at < least ? at : least), Number.POSITIVE_INFINITY);
  return Number.isFinite(first) ? first - from : null;
}

function sorted(times: readonly (number | null)[]): readonly number[] {
  return times.filter((time) => time !== null).toSorted((a, b) => a - b);
}
