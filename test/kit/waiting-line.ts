import type { Bulkhead } from '../../src/pipeline/bulkhead.ts';

/** A bulkhead that knows nothing but a provider's connections, and lets everybody wait for as long as it takes. */
export function waitingLine(): Bulkhead {
  const busy = new Map<string, number>();
  const waiting = new Map<string, (() => void)[]>();
  return {
    async enter({ account, connections }) {
      const line = waiting.get(account) ?? [];
      waiting.set(account, line);
      while ((busy.get(account) ?? 0) >= (connections ?? Infinity)) {
        await new Promise<void>((resolve) => line.push(resolve));
      }
      busy.set(account, (busy.get(account) ?? 0) + 1);
      return {
        kind: 'in',
        leave() {
          busy.set(account, (busy.get(account) ?? 0) - 1);
          line.shift()?.();
        },
      };
    },
  };
}
