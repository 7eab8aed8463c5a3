import type { Store } from '../../src/store/store.ts';
import type { UsedOfStore } from '../kit/trip.ts';
import { checkRefused } from './inbox-promises.ts';
import type { Part } from './ledger.ts';
import type { Life } from './life.ts';
import type { Op } from './plan.ts';
import { PlannedStoreFault } from './weather.ts';
import { ask, elapsed, type World } from './world.ts';

export type LinkedStore = Pick<Store, UsedOfStore | 'claimsAfterWrites' | 'probe'>;

/** How late a request and its answer each can come, in ms: from a slow store, and from one that had seemed to be gone. */
const SLOW = 8_000;
const STUCK = 45_000;

/** How long a question and its answer take at most, in ms. */
const TRIPS = 600;

/** `about`: what it is asked for, by which its fate is drawn. `runPartly`: what is done where not everything is. */
type Asked = <T>(op: Op, about: string, run: () => Promise<T>, runPartly?: () => Promise<unknown>) => Promise<T>;

/** What only reads stands in no line. */
const READS: readonly Op[] = ['find', 'expiredLeases'];

/** Asks the store, with what the weather does to that. */
function troubled(world: World, life: Life): Asked {
  return (op, about, run, runPartly = run) => {
    const chance = world.chance(`${op} ${about}`);
    const trouble = world.weather.store(elapsed(world), life.host.plan.name, chance);
    const line = READS.includes(op) ? null : life.storeLine;
    const fate = line === null ? { chance } : { chance, line };
    if (trouble === null) return ask(world, life, op, fate, run);
    const from = world.timeline.now();
    const slow = trouble === 'slow' ? SLOW : trouble === 'stuck' ? STUCK : 0;
    // In one line the records behind it wait for as long.
    const holdsUp = op === 'write' || op === 'renew' || (line !== null && slow > 0);
    const what = holdsUp ? 'record' : 'store';
    life.troubles.push({ what, from, until: from + 2 * slow + TRIPS });
    const fault = new PlannedStoreFault(`${op}: ${trouble}`);
    world.trace.note(from, life.name, 'trouble', [], 0, () => `${op}: the store will ${trouble}`);
    switch (trouble) {
      case 'slow':
      case 'stuck':
        return ask(world, life, op, { ...fate, slow }, run);
      case 'refuse':
        return ask(world, life, op, fate, () => Promise.reject(fault));
      case 'lose_answer':
        return ask(world, life, op, { ...fate, lost: fault }, run);
      case 'partly':
        return ask<unknown>(world, life, op, { ...fate, lost: fault }, runPartly) as ReturnType<typeof run>;
    }
  };
}

/** One process's connection to the store that all share; the ledger sees everything that is really done through it. */
export function storeLink(world: World, life: Life, part: Part): LinkedStore {
  const { store, ledger } = world;
  const own = `${part} of ${life.name}`;
  const asked = troubled(world, life);

  const some = <T>(list: readonly T[]) => {
    const chance = world.chance(own);
    return list.filter(() => chance.chance(0.5));
  };
  const write = async (groups: Parameters<Store['write']>[0]) => {
    const written = await store.write(groups);
    ledger.wrote(life, part, groups, written);
    await checkRefused(world, groups, written);
    if (written.includes(true)) world.committed(life);
    return written;
  };
  const renew = async (leases: Parameters<Store['renew']>[0], leaseMs: number) => {
    const renewed = await store.renew(leases, leaseMs);
    ledger.renewed(life, leases, renewed, leaseMs);
    return renewed;
  };
  const aboutChanges = (groups: Parameters<Store['write']>[0]) =>
    groups.flatMap((group) => group.map(({ after }) => `${ledger.labelOf(after.id)} v${after.version}`)).join();
  const nothing = () => Promise.resolve(null);

  return {
    claimsAfterWrites: life.storeLine !== null,
    accept: (submissions) => {
      const run = async () => {
        const results = await store.accept(submissions);
        ledger.accepted(life, submissions, results);
        world.committed(life);
        return results;
      };
      const about = submissions.map(({ notifications: [first] }) => first?.notification.requestId ?? '').join();
      return asked('accept', about, run, nothing);
    },
    claimDue: (wanted) =>
      asked('claimDue', own, async () => {
        const claims = await store.claimDue(wanted);
        ledger.claimed(life, claims, { named: false, limit: wanted.limit, leaseMs: wanted.leaseMs });
        return claims;
      }),
    claim: (ids, leaseMs) =>
      asked('claim', ledger.named(ids.map((id) => ({ id }))), async () => {
        const claims = await store.claim(ids, leaseMs);
        ledger.claimed(life, claims, { named: true, limit: ids.length, leaseMs });
        return claims;
      }),
    renew: (leases, leaseMs) =>
      asked(
        'renew',
        own,
        () => renew(leases, leaseMs),
        () => renew(some(leases), leaseMs),
      ),
    write: (groups) =>
      asked(
        'write',
        aboutChanges(groups),
        () => write(groups),
        () => write(some(groups)),
      ),
    expiredLeases: (limit) => asked('expiredLeases', own, () => store.expiredLeases(limit)),
    nextDueAt: () => asked('find', own, () => store.nextDueAt()),
    find: (id) => asked('find', ledger.aboutNotification(id), () => store.find(id)),
    deadLetters: (filter, page) => asked('find', own, () => store.deadLetters(filter, page)),
    purge: (old) =>
      asked('find', own, async () => {
        const count = await store.purge(old);
        ledger.purged(life, old.keysBefore);
        return count;
      }),
    probe: () => asked('find', own, () => store.probe()),
    reconnect: () => ask(world, life, 'find', { chance: world.chance(own) }, () => store.reconnect()),
    backlog: () => asked('find', own, () => store.backlog()),
  };
}
