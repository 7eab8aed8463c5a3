import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault, Scene } from './nemesis.ts';

/** While the database is away a lease can run out before its result is recorded, unless it is back well before. */
function repeatsOfOutage({ leaseMs, concurrency, fleet }: Scene, ms: number): number {
  // Without renewals every lease has at least half of itself left.
  return ms < leaseMs / 2 ? 0 : concurrency * fleet.of('worker').length;
}

/** A power cut: no shutdown, recovery from the log at the start. */
function postgresAway(name: string, mode: 'immediate' | 'fast', lasts: readonly [number, number]): Fault {
  return {
    name,
    fits: ({ store }) => store === 'postgres',
    async strike(scene, draws) {
      const { postgres } = scene.engines;
      if (postgres === null) return null;
      const lastsMs = draws.between(...lasts);
      await postgres.stop(mode);
      return {
        target: `postgres -m ${mode}`,
        touches: ['database'],
        lastsMs,
        // Its recovery takes a while too.
        repeats: repeatsOfOutage(scene, lastsMs + 2_000),
        heal: () => postgres.start(),
      };
    },
  };
}

export const postgresRestart = postgresAway('postgres restarted', 'immediate', [0, 0]);
export const postgresDown = postgresAway('postgres down', 'immediate', [3_000, 12_000]);
export const postgresStopped = postgresAway('postgres stopped', 'fast', [1_000, 5_000]);

/** Not a byte is left where the SQLite file is. */
export const diskFull: Fault = {
  name: 'disk full',
  fits: ({ store }) => store === 'sqlite',
  async strike(scene, draws) {
    const ballast = join(scene.engines.dataFolder, 'ballast');
    fill(ballast);
    return {
      target: 'tmpfs',
      touches: ['database'],
      lastsMs: draws.between(3_000, 10_000),
      repeats: scene.concurrency * scene.fleet.of('worker').length,
      heal: async () => rmSync(ballast),
    };
  },
};

function fill(path: string): void {
  const file = openSync(path, 'a');
  for (const size of [1024 * 1024, 4096]) {
    const block = Buffer.alloc(size);
    try {
      for (;;) writeSync(file, block);
    } catch {
      // Full, for blocks of this size.
    }
  }
  closeSync(file);
}
