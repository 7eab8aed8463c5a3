import { type BigIntStatsFs, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../../domain/clock.ts';
import { StoreUnavailable } from '../store.ts';

/**
 * Whether the disk has room for something new. Below the reserve nothing new is taken and nothing is claimed, so that
 * the results of what is in hand, and what the sweeper puts right, can still be written: a send that cannot be recorded
 * is a send that happens twice.
 */
export interface DiskRoom {
  /** Null: there is room. Otherwise what whoever asks is to be refused with. */
  shortage(): StoreUnavailable | null;
}

export interface DiskRoomOptions {
  /** The database file, or `:memory:`, for which there is always room. */
  readonly path: string;
  readonly clock: Clock;
  /** Told when the room runs out, and when there is some again. */
  readonly onNotice: (text: string) => void;
  readonly statfs?: Statfs;
}

export type Statfs = (folder: string) => Pick<BigIntStatsFs, 'bavail' | 'blocks' | 'bsize'>;

const MEBIBYTE = 1024n * 1024n;
/**
 * What is kept free, in bytes: twice the most that can wait to be written, as it goes to the log first and then to the
 * file. A quarter of a disk that is so small that nothing else would be left of it.
 */
const RESERVE = 64n * MEBIBYTE;
/** How long one look counts, in ms. It costs two microseconds; somebody else can fill the reserve within a twentieth of a second. */
const LOOK_EVERY = 10;

export function diskRoom(options: DiskRoomOptions): DiskRoom {
  const { path, clock, onNotice, statfs = (folder) => statfsSync(folder, { bigint: true }) } = options;
  if (path === ':memory:') return { shortage: () => null };
  const folder = dirname(path);
  let lookedAt = Number.NEGATIVE_INFINITY;
  let missing: string | null = null;

  function look(): string | null {
    try {
      const { bavail, blocks, bsize } = statfs(folder);
      const quarter = (blocks * bsize) / 4n;
      const reserve = quarter < RESERVE ? quarter : RESERVE;
      const free = bavail * bsize;
      if (free >= reserve) return null;
      return `the disk that holds ${folder} has ${free / MEBIBYTE} MiB free; below ${reserve / MEBIBYTE} MiB nothing new is taken and nothing is claimed`;
    } catch {
      // A disk that does not say how full it is will say so when it is written to.
      return null;
    }
  }

  return {
    shortage() {
      const now = clock.now();
      // A clock that was set back must not let an old look count for long.
      if (now - lookedAt >= LOOK_EVERY || now < lookedAt) {
        const before = missing;
        missing = look();
        lookedAt = now;
        if (before === null && missing !== null) onNotice(missing);
        if (before !== null && missing === null) onNotice(`the disk that holds ${folder} has room again`);
      }
      return missing === null ? null : new StoreUnavailable(missing);
    },
  };
}
