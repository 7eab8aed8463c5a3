import type { Draws } from './draws.ts';
import type { Way } from './engines.ts';
import type { FaultProxy, ProxyMode } from './fault-proxy.ts';
import type { Fault, Scene, Strike, Touches } from './nemesis.ts';

type Side = 'database' | 'broker';

/** The network between processes and an engine: of one process, or of all of them. */
function network(side: Side, kind: string, mode: (draws: Draws) => ProxyMode, lasts: readonly [number, number]): Fault {
  return {
    name: `${side} network: ${kind}`,
    fits: ({ ways }) => ways.some((way) => way[side] !== null),
    async strike(scene, draws) {
      const hit = draws.chance(0.5) ? scene.engines.ways : [draws.pick(scene.engines.ways)];
      const proxies = proxiesOf(hit, side);
      if (proxies.length === 0) return null;
      const chosen = mode(draws);
      for (const proxy of proxies) await proxy.become(chosen);
      return strikeOn(scene, side, hit, {
        lastsMs: draws.between(...lasts),
        heal: async () => {
          for (const proxy of proxies) await proxy.become({ kind: 'pass' });
        },
      });
    },
  };
}

/** Every connection of some processes breaks at once; new ones work. */
function reset(side: Side): Fault {
  return {
    name: `${side} network: reset`,
    fits: ({ ways }) => ways.some((way) => way[side] !== null),
    async strike(scene, draws) {
      const hit = draws.chance(0.5) ? scene.engines.ways : [draws.pick(scene.engines.ways)];
      for (const proxy of proxiesOf(hit, side)) proxy.reset();
      return strikeOn(scene, side, hit, { lastsMs: 0, heal: async () => {} });
    },
  };
}

function proxiesOf(ways: readonly Way[], side: Side): readonly FaultProxy[] {
  return ways.flatMap((way) => way[side] ?? []);
}

function strikeOn(
  scene: Scene,
  side: Side,
  hit: readonly Way[],
  over: { readonly lastsMs: number; readonly heal: () => Promise<void> },
): Strike {
  const names = hit.map(({ member }) => member);
  const workers = scene.fleet.of('worker').filter(({ name }) => names.includes(name)).length;
  const touches: Touches[] = [side];
  return {
    target: names.length === scene.engines.ways.length ? 'all' : names.join(' '),
    touches,
    // A result that cannot be recorded in time is one that nobody knows of. A broker holds no results.
    repeats: side === 'database' ? workers * scene.concurrency : 0,
    ...over,
  };
}

const LASTS = [1_000, 7_000] as const;

function faultsOf(side: Side): readonly Fault[] {
  return [
    network(side, 'refuse', () => ({ kind: 'refuse' }), LASTS),
    network(side, 'silence', () => ({ kind: 'silence' }), LASTS),
    network(side, 'half open', () => ({ kind: 'half' }), LASTS),
    network(side, 'latency', (draws) => ({ kind: 'slow', ms: draws.between(20, 150) }), LASTS),
    network(side, 'cut', (draws) => ({ kind: 'cut', bytes: Math.floor(draws.between(100, 20_000)) }), LASTS),
    reset(side),
  ];
}

export const networkFaults = [...faultsOf('database'), ...faultsOf('broker')];
