import type { Clocks } from './clock-faults.ts';
import type { Draws } from './draws.ts';
import type { Engines } from './engines.ts';
import type { Fleet, Member } from './fleet.ts';
import type { Sink } from './sink.ts';

/** What the nemesis may lay hands on. */
export interface Scene {
  readonly fleet: Fleet;
  readonly engines: Engines;
  readonly sink: Sink;
  /** Null: they cannot be set in this run. */
  readonly clocks: Clocks | null;
  /** Who is to be hit as soon as it is worth it: nobody else is to hit them before. */
  readonly aimedAt: Set<Member>;
  readonly leaseMs: number;
  /** Deliveries that one worker has in hand at once. */
  readonly concurrency: number;
  /** How long a broker stays away, in ms. */
  readonly outageMs: number;
}

/** What a fault touches: what clients and receivers may notice of it follows from that. */
export type Touches = 'worker' | 'api' | 'scheduler' | 'database' | 'broker' | 'sink';

/** A fault under way. */
export interface Strike {
  /** What it hit, for people. */
  readonly target: string;
  readonly touches: readonly Touches[];
  /** How long it lasts, in ms; 0: it is over at once. */
  readonly lastsMs: number;
  /** How many deliveries may be repeated because of it. */
  readonly repeats: number;
  heal(): Promise<void>;
}

export interface Fault {
  readonly name: string;
  /** Whether it can happen here at all. */
  fits(engines: Engines): boolean;
  /** Null: just now there was nothing to hit. */
  strike(scene: Scene, draws: Draws): Promise<Strike | null>;
}

/** One series of faults, each after the one before. Several tracks run at once. */
export interface Track {
  /** A fault named several times is drawn more often. */
  readonly faults: readonly Fault[];
  /** When the first one strikes, and how long after the end of one the next does: between these, in ms. */
  readonly firstAfter: number;
  readonly gap: readonly [number, number];
  /** No more than so many. */
  readonly most: number;
}

export interface Struck {
  readonly name: string;
  readonly target: string;
  readonly touches: readonly Touches[];
  readonly repeats: number;
  readonly from: number;
  /** Null: it is under way. */
  to: number | null;
}

export interface Nemesis {
  readonly struck: readonly Struck[];
  /** No more strikes; resolves when all is healed. */
  stop(): Promise<void>;
  /** Resolves when every track has struck as often as it may. */
  readonly over: Promise<void>;
}

export function startNemesis(scene: Scene, tracks: readonly Track[], draws: Draws): Nemesis {
  const struck: Struck[] = [];
  const stopping = new AbortController();
  const never = new AbortController().signal;

  async function follow(track: Track, own: Draws): Promise<void> {
    const faults = track.faults.filter((fault) => fault.fits(scene.engines));
    if (faults.length === 0) return;
    await pause(track.firstAfter, stopping.signal);
    for (let count = 0; count < track.most && !stopping.signal.aborted; ) {
      const fault = own.pick(faults);
      if (await strike(fault, own)) count += 1;
      await pause(own.between(...track.gap), stopping.signal);
    }
  }

  async function strike(fault: Fault, own: Draws): Promise<boolean> {
    const from = Date.now();
    const hit = await fault.strike(scene, own);
    if (hit === null) return false;
    const { target, touches, repeats } = hit;
    const entry: Struck = { name: fault.name, target, touches, repeats, from, to: null };
    struck.push(entry);
    // Once begun it runs its length.
    await pause(hit.lastsMs, never);
    await hit.heal();
    entry.to = Date.now();
    return true;
  }

  async function followAll(): Promise<void> {
    await Promise.all(tracks.map((track, index) => follow(track, draws.fork(`track ${index}`))));
  }

  const over = followAll();
  // Whoever stops it hears of what went wrong.
  over.catch(() => {});
  return {
    struck,
    over,
    async stop() {
      stopping.abort();
      await over;
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
