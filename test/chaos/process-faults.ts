import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Engines } from './engines.ts';
import type { RoleName } from './fleet.ts';
import type { Fault, Scene } from './nemesis.ts';

/** kill -9 of one process; the supervisor starts another. Where there are two APIs, one is left to go to. */
export function kill(role: RoleName): Fault {
  return {
    name: `kill -9 ${role}`,
    fits: () => true,
    async strike(scene, draws) {
      const all = scene.fleet.of(role);
      const victims = all.filter(({ running }) => running);
      const left = role === 'api' && all.length > 1 ? 1 : 0;
      if (victims.length <= left) return null;
      const victim = draws.pick(victims);
      if (role === 'worker') await handsFull(scene, HANDS_FULL * victims.length);
      if (!victim.running || !victim.kill()) return null;
      const repeats = role === 'worker' ? scene.concurrency : 0;
      return { target: victim.name, touches: [role], lastsMs: 0, repeats, heal: async () => {} };
    },
  };
}

/** Requests that a worker has in hand when it is hit, and how long it may take to get there, in ms. */
const HANDS_FULL = 5;
const PATIENCE = 3_000;

/**
 * Lets the receiver be slow until so many requests wait for their answers. What happens to an idle worker says little.
 */
async function handsFull({ sink }: Scene, wanted: number): Promise<void> {
  const until = Date.now() + PATIENCE;
  sink.linger(true);
  while (sink.open < wanted && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
  sink.linger(false);
}

/**
 * SIGSTOP until long after the lease has run out, then SIGCONT: a worker that does not know what it has missed. One that
 * is stopped while it writes to an SQLite file holds its lock, so nobody takes the leases from it: `betweenWrites` is
 * for who wants to see that.
 */
export function pausePastLease(role: RoleName, { betweenWrites = false } = {}): Fault {
  return {
    name: `SIGSTOP ${role}`,
    fits: () => true,
    async strike(scene, draws) {
      const victims = scene.fleet.of(role).filter(({ running }) => running);
      if (victims.length === 0) return null;
      const victim = draws.pick(victims);
      // More than all the others can have between them: some of these are the victim's.
      if (role === 'worker') await handsFull(scene, HANDS_FULL + scene.concurrency * (victims.length - 1));
      const pause = () => victim.running && victim.pause();
      if (!(betweenWrites ? whileNobodyWrites(scene.engines, pause) : pause())) return null;
      return {
        target: victim.name,
        // Whoever is stopped while it writes to the file keeps all others from writing to it.
        touches: scene.engines.store === 'sqlite' ? [role, 'database'] : [role],
        lastsMs: scene.leaseMs * draws.between(1.4, 1.8),
        repeats: repeatsOfPause(scene, role),
        heal: async () => victim.resume(),
      };
    },
  };
}

/** Holds the lock of the SQLite file itself meanwhile. */
function whileNobodyWrites<T>({ store, dataFolder }: Engines, act: () => T): T {
  if (store !== 'sqlite') return act();
  using db = new DatabaseSync(join(dataFolder, 'tidings.db'), { timeout: PATIENCE });
  db.exec('BEGIN IMMEDIATE');
  return act();
}

function repeatsOfPause({ engines, concurrency, fleet }: Scene, role: RoleName): number {
  if (engines.store === 'sqlite') return concurrency * fleet.of('worker').length;
  return role === 'worker' ? concurrency : 0;
}
