import type { Clock } from '../domain/clock.ts';
import type { Outcome } from '../domain/outcome.ts';

/**
 * Shares a worker's slots among the places that messages go to, so that one which hangs leaves room for the others.
 * Each place is a lane with a limit of sends at once. Past it one waits in line, as long as the lane moves; where it
 * does not, one is sent away with a time to come back. One per worker process.
 */
export interface Bulkhead {
  /** Answers at once where nobody is waited for. */
  enter(place: SendPlace): Entry | Promise<Entry>;
}

export interface SendPlace {
  /** The provider's account, as `email/smtp`. */
  readonly account: string;
  /** How many sends the provider can make to the host at once; null: as many as one likes. */
  readonly connections: number | null;
  /** Whose answer is waited for; null: nobody's. */
  readonly host: string | null;
}

export type Entry =
  /** `leave` gives the slot back, with what came of the send; null: there was none. */
  { readonly kind: 'in'; leave(outcome: Outcome | null): void } | { readonly kind: 'full'; readonly waitMs: number };

/** A lane whose oldest send has run so long, in ms, does not move: who waits there only takes room from others. */
const STUCK_AFTER = 1_000;
/** One that moves so slowly that its first has waited so long, in ms, has too many: it is as if it did not. */
const LONGEST_LINE = 5_000;
/** The waits of those who are sent away, in ms: their shortest, and their longest. */
const SHORTEST_WAIT = 1_000;
const LONGEST_WAIT = 60_000;
/** Between two who come back, in ms: a look costs two writes, and a place that is well again should not stand idle. */
const APART = 10;
/** Hosts of an account that are remembered though nothing goes there now. */
const REMEMBERED = 10_000;

/** A provider's account: its own lane, and those of the hosts that it calls. */
interface Account {
  readonly lane: Lane;
  /** The least recently used comes first. */
  readonly hosts: Map<string, Lane>;
  /** It stands at their end already. */
  lastUsed: string | null;
}

interface Lane {
  /** How far `limit`, the sends at once, may grow. */
  readonly most: number;
  limit: number;
  /** Those under way, the oldest first. */
  readonly busy: Set<{ readonly since: number }>;
  /** In order. */
  readonly waiting: { readonly since: number; readonly resolve: (entry: Entry) => void }[];
  cancelLook: (() => void) | null;
  /** The time that the last one who was sent away got. */
  nextAt: number;
}

/** `slots`: how many deliveries the worker has in hand at most. */
export function createBulkhead(clock: Clock, slots: number): Bulkhead {
  /** No lane gets more than three quarters. */
  const most = Math.ceil((slots * 3) / 4);
  const accounts = new Map<string, Account>();

  function accountOf(name: string): Account {
    const known = accounts.get(name);
    if (known !== undefined) return known;
    const account = { lane: newLane(most, most), hosts: new Map<string, Lane>(), lastUsed: null };
    accounts.set(name, account);
    return account;
  }

  /** A host that is new gets a quarter of the slots, and more as it answers. */
  function hostLane(account: Account, name: string, connections: number | null): Lane {
    const { hosts } = account;
    const known = hosts.get(name);
    if (known !== undefined && account.lastUsed === name) return known;
    const own = Math.min(connections ?? most, most);
    const lane = known ?? newLane(Math.min(own, Math.ceil(slots / 4)), own);
    hosts.delete(name);
    hosts.set(name, lane);
    account.lastUsed = name;
    if (hosts.size > REMEMBERED) forgetOne(hosts);
    return lane;
  }

  function forgetOne(hosts: Map<string, Lane>): void {
    for (const [name, { busy, waiting }] of hosts) {
      if (busy.size > 0 || waiting.length > 0) continue;
      hosts.delete(name);
      return;
    }
  }

  function join(lane: Lane): Entry | Promise<Entry> {
    if (lane.busy.size < lane.limit) return begin(lane);
    if (stuckIn(lane) <= 0) return sendAway(lane);
    return new Promise((resolve) => {
      lane.waiting.push({ since: clock.now(), resolve });
      lookWhenStuck(lane);
    });
  }

  function joinToo(inner: Entry, lane: Lane): Entry | Promise<Entry> {
    if (inner.kind === 'full') return inner;
    const outer = join(lane);
    return outer instanceof Promise ? outer.then((entry) => inBoth(inner, entry)) : inBoth(inner, outer);
  }

  function begin(lane: Lane): Entry {
    const send = { since: clock.now() };
    lane.busy.add(send);
    return {
      kind: 'in',
      leave(outcome) {
        if (!lane.busy.delete(send)) return;
        if (outcome !== null) learn(lane, outcome);
        while (lane.busy.size < lane.limit) {
          const next = lane.waiting.shift();
          if (next === undefined) break;
          next.resolve(begin(lane));
        }
        if (lane.waiting.length === 0) lane.cancelLook?.();
      },
    };
  }

  /** ms until the lane counts as stuck; not positive: it is. */
  function stuckIn({ busy, waiting }: Lane): number {
    const [oldest] = busy;
    const [first] = waiting;
    const now = clock.now();
    const doesNotMove = oldest === undefined ? STUCK_AFTER : oldest.since + STUCK_AFTER - now;
    return first === undefined ? doesNotMove : Math.min(doesNotMove, first.since + LONGEST_LINE - now);
  }

  function lookWhenStuck(lane: Lane): void {
    if (lane.cancelLook !== null) return;
    const cancel = clock.after(Math.max(1, stuckIn(lane)), () => {
      lane.cancelLook = null;
      if (lane.waiting.length === 0) return;
      if (stuckIn(lane) > 0) return lookWhenStuck(lane);
      for (const { resolve } of lane.waiting.splice(0)) resolve(sendAway(lane));
    });
    lane.cancelLook = () => {
      lane.cancelLook = null;
      cancel();
    };
  }

  /** Those who are sent away come back one after the other, to look whether the lane moves. */
  function sendAway(lane: Lane): Entry {
    const now = clock.now();
    lane.nextAt = Math.min(Math.max(lane.nextAt + APART, now + SHORTEST_WAIT), now + LONGEST_WAIT);
    return { kind: 'full', waitMs: lane.nextAt - now };
  }

  return {
    enter({ account: name, connections, host }) {
      if (host === null) return { kind: 'in', leave() {} };
      const account = accountOf(name);
      // The narrower first: who waits for a host takes no room in the account.
      const inner = join(hostLane(account, host, connections));
      const { lane } = account;
      return inner instanceof Promise ? inner.then((entry) => joinToo(entry, lane)) : joinToo(inner, lane);
    },
  };
}

function inBoth(inner: Entry & { readonly kind: 'in' }, outer: Entry): Entry {
  if (outer.kind === 'full') {
    inner.leave(null);
    return outer;
  }
  return {
    kind: 'in',
    leave(outcome) {
      inner.leave(outcome);
      outer.leave(null);
    },
  };
}

function newLane(limit: number, most: number): Lane {
  return { most, limit, busy: new Set(), waiting: [], cancelLook: null, nextAt: 0 };
}

/** A host that answers gets one slot more; one that does not, half as many. */
function learn(lane: Lane, outcome: Outcome): void {
  lane.limit =
    outcome.kind === 'unknown' ? Math.max(1, Math.floor(lane.limit / 2)) : Math.min(lane.most, lane.limit + 1);
}
