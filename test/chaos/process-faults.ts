import { hitWithEntriesInHand } from './entries-in-hand.ts';
import type { Member, RoleName } from './fleet.ts';
import type { Fault, Scene } from './nemesis.ts';

/** When a worker is hit: anywhere; or where nobody writes, with as many entries as possible claimed and not recorded. */
interface When {
  readonly withEntries?: boolean;
}

/** kill -9 of one process; the supervisor starts another. Where there are two APIs, one is left to go to. */
export function kill(role: RoleName, { withEntries = false }: When = {}): Fault {
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
      const target = await hitOf(scene, victim, { withEntries }, () => victim.kill());
      if (target === null) return null;
      const repeats = role === 'worker' ? scene.concurrency : 0;
      return { target, touches: [role], lastsMs: 0, repeats, heal: async () => {} };
    },
  };
}

/** Requests that a worker has in hand when it is hit, and how long it may take to get there, in ms. */
const HANDS_FULL = 5;
const PATIENCE = 3_000;

/**
 * Lets the receiver be slow until so many requests wait for their answers: what happens to an idle worker says little.
 */
async function handsFull({ sink }: Scene, wanted: number): Promise<void> {
  const until = Date.now() + PATIENCE;
  sink.linger(true);
  while (sink.open < wanted && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
  sink.linger(false);
}

/** Answers who was hit, in words; null: nobody. */
async function hitOf(
  scene: Scene,
  victim: Member,
  { withEntries }: Required<When>,
  hit: () => boolean,
): Promise<string | null> {
  // Another track may have chosen the same one meanwhile.
  if (scene.aimedAt.has(victim)) return null;
  if (!withEntries) return victim.running && hit() ? victim.name : null;
  scene.aimedAt.add(victim);
  try {
    const entries = await hitWithEntriesInHand(scene, victim, () => victim.running && hit());
    return entries === null ? null : `${victim.name} with ${entries} entries in hand`;
  } finally {
    scene.aimedAt.delete(victim);
  }
}

/**
 * SIGSTOP until long after the lease has run out, then SIGCONT: a worker that does not know what it has missed. One that
 * is stopped while it writes to an SQLite file holds its lock, so nobody takes the leases from it: `withEntries` is for
 * who wants to see that.
 */
export function pausePastLease(role: RoleName, { withEntries = false }: When = {}): Fault {
  return {
    name: `SIGSTOP ${role}`,
    fits: () => true,
    async strike(scene, draws) {
      const victims = scene.fleet.of(role).filter(({ running }) => running);
      if (victims.length === 0) return null;
      const victim = draws.pick(victims);
      // More than all the others can have between them: some of these are the victim's. For entries it needs room.
      const full = withEntries ? HANDS_FULL * victims.length : HANDS_FULL + scene.concurrency * (victims.length - 1);
      if (role === 'worker') await handsFull(scene, full);
      const target = await hitOf(scene, victim, { withEntries }, () => victim.pause());
      if (target === null) return null;
      return {
        target,
        // Whoever is stopped while it writes to the file keeps all others from writing to it.
        touches: scene.engines.store === 'sqlite' ? [role, 'database'] : [role],
        lastsMs: scene.leaseMs * draws.between(1.4, 1.8),
        repeats: repeatsOfPause(scene, role),
        heal: async () => victim.resume(),
      };
    },
  };
}

function repeatsOfPause({ engines, concurrency, fleet }: Scene, role: RoleName): number {
  if (engines.store === 'sqlite') return concurrency * fleet.of('worker').length;
  return role === 'worker' ? concurrency : 0;
}
