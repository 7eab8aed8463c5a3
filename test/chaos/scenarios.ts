import { brokerStop, flush, queueDeleted } from './broker-faults.ts';
import { clockSet } from './clock-faults.ts';
import { diskFull, postgresDown, postgresRestart, postgresStopped } from './database-faults.ts';
import type { QueueKind, StoreKind } from './engines.ts';
import type { Track } from './nemesis.ts';
import { networkFaults } from './network-faults.ts';
import { queueChanged, sinkFaults } from './other-faults.ts';
import { kill, pausePastLease } from './process-faults.ts';

/** What happens during a run. */
export interface Scenario {
  readonly tracks: readonly Track[];
  /** Whether every process meets the engines through a proxy. */
  readonly proxied: boolean;
  /** Whether every process has a clock that can be set. */
  readonly clocks: boolean;
  /** MiB of the disk that can be filled. */
  readonly disk: number | null;
  /** Where it has nothing to do. */
  readonly fits: (store: StoreKind, queue: QueueKind) => boolean;
}

const SECOND = 1_000;

function track(faults: Track['faults'], over: Partial<Track> = {}): Track {
  return { faults, firstAfter: 2 * SECOND, gap: [1 * SECOND, 4 * SECOND], most: Number.POSITIVE_INFINITY, ...over };
}

function scenario(tracks: readonly Track[], over: Partial<Scenario> = {}): Scenario {
  return { tracks, proxied: false, clocks: false, disk: null, fits: () => true, ...over };
}

/** Of the tracks of one scenario only one may hit `withEntries`, since that holds the store. */
const killing = [kill('worker'), kill('worker'), kill('worker', { withEntries: true }), kill('api'), kill('scheduler')];
const onPostgres = (store: StoreKind) => store === 'postgres';
const onSqlite = (store: StoreKind) => store === 'sqlite';

export const SCENARIOS = {
  kills: scenario([track(killing, { gap: [500, 2 * SECOND] })]),
  pauses: scenario([
    track([pausePastLease('worker'), pausePastLease('worker', { withEntries: true }), pausePastLease('scheduler')]),
  ]),
  'broker-minute': scenario([track([brokerStop], { firstAfter: 5 * SECOND, most: 1 })], {
    fits: (_store, queue) => queue !== 'database',
  }),
  flush: scenario([track([flush])], { fits: (_store, queue) => queue === 'redis' }),
  'queue-deleted': scenario([track([queueDeleted])], { fits: (_store, queue) => queue === 'rabbitmq' }),
  'postgres-restart': scenario(
    [track([postgresRestart, postgresRestart, postgresStopped, postgresDown], { gap: [4 * SECOND, 8 * SECOND] })],
    { fits: onPostgres },
  ),
  'queue-changed': scenario([track([queueChanged], { firstAfter: 4 * SECOND, gap: [6 * SECOND, 9 * SECOND] })]),
  network: scenario([track(networkFaults, { gap: [2 * SECOND, 5 * SECOND] })], {
    proxied: true,
    fits: (store, queue) => store === 'postgres' || queue !== 'database',
  }),
  sink: scenario([track(sinkFaults)]),
  clocks: scenario([track([clockSet]), track([kill('worker')], { gap: [3 * SECOND, 6 * SECOND] })], {
    clocks: true,
    fits: onPostgres,
  }),
  'disk-full': scenario([track([diskFull], { gap: [5 * SECOND, 9 * SECOND] })], { disk: 256, fits: onSqlite }),
  short: scenario([
    track([pausePastLease('worker', { withEntries: true })], { firstAfter: 1 * SECOND, gap: [200, 500], most: 1 }),
    track([kill('worker')], { firstAfter: 1_500, gap: [500, 1 * SECOND], most: 3 }),
    track([kill('api')], { firstAfter: 3 * SECOND, most: 1 }),
    track([brokerStop], { firstAfter: 4 * SECOND, most: 1 }),
    track([postgresRestart], { firstAfter: 6 * SECOND, most: 1 }),
  ]),
  random: scenario(
    [
      track([...killing, pausePastLease('worker'), pausePastLease('scheduler')]),
      track(
        [
          ...[brokerStop, flush, queueDeleted, postgresRestart, postgresStopped, postgresDown],
          ...[...networkFaults, ...sinkFaults],
        ],
        { firstAfter: 4 * SECOND, gap: [2 * SECOND, 8 * SECOND] },
      ),
    ],
    { proxied: true },
  ),
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;

export function isScenario(name: string): name is ScenarioName {
  return Object.hasOwn(SCENARIOS, name);
}
