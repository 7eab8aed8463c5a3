import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { Client } from 'pg';
import type { Member } from './fleet.ts';
import type { Scene } from './nemesis.ts';

/**
 * From its claim to its record an entry takes a few milliseconds, in which a fault hardly ever strikes by chance. So the
 * store is held from being written to and looked at, again and again, until so many are between the two.
 */
const WANTED = 4;
const PATIENCE = 1_000;
/** So many are enough when half of that is over. */
const FEWEST = 2;
/** How long it is held, so that many are claimed at once after that, and then let go: from the least to the most, in ms. */
const HELD = 100;
const LET_GO = [4, 12] as const;
/** How long a signal may take to stop the last thread of a process, in ms. */
const SIGNAL_TIME = 20;
/**
 * How long it may take until nobody writes, in ms. On PostgreSQL everybody waits meanwhile who wants to write, and one
 * that was stopped in a transaction may keep it for long.
 */
const SQLITE_PATIENCE = 3_000;
const POSTGRES_PATIENCE = 200;

/** Keeps everybody from writing to the store. */
interface Hold {
  /** Nobody writes until `release`. Answers how many entries have a lease that ends later than that; null: it is away. */
  take(leaseEnd: number): Promise<number | null>;
  release(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Hits the victim while nobody can write to the store and many entries are claimed and not recorded; answers how many, or
 * null: that could not be had, and nobody was hit. On SQLite all other workers are stopped meanwhile, so the entries are
 * the victim's; on PostgreSQL, where a stopped one would keep the locks of its transaction, they are of all workers.
 */
export async function hitWithEntriesInHand(
  { engines, fleet, leaseMs }: Scene,
  victim: Member,
  hit: () => boolean,
): Promise<number | null> {
  const hold = engines.store === 'sqlite' ? holdSqlite(engines.dataFolder) : holdPostgres(engines.databaseUrl);
  let since = Date.now();
  const [least, most] = LET_GO;
  let stopped: readonly Member[] = [];
  try {
    for (let tries = 0; ; tries++) {
      // What was claimed before may be in the hands of others, or of nobody any more.
      const entries = await hold.take(since + leaseMs);
      const spent = Date.now() - since;
      if (entries === null || spent > PATIENCE) return null;
      if (entries >= (spent < PATIENCE / 2 ? WANTED : FEWEST)) {
        const isHit = hit();
        await setTimeout(SIGNAL_TIME);
        return isHit ? entries : null;
      }
      if (tries === 0 && engines.store === 'sqlite') {
        // Nobody writes: who is stopped now holds no lock.
        stopped = fleet.of('worker').filter((one) => one !== victim && one.running && one.pause());
        since = Date.now();
      }
      await setTimeout(HELD);
      await hold.release();
      await setTimeout(least + (tries % (most - least + 1)));
    }
  } finally {
    for (const one of stopped) one.resume();
    await hold.close();
  }
}

function holdSqlite(dataFolder: string): Hold {
  const db = new DatabaseSync(join(dataFolder, 'tidings.db'), { timeout: SQLITE_PATIENCE });
  const count = db.prepare(
    `SELECT count(*) AS entries FROM deliveries WHERE status = 'sending' AND chain = 'in_app' AND due_at > ?`,
  );
  return {
    async take(leaseEnd) {
      db.exec('BEGIN IMMEDIATE');
      return Number(count.get(leaseEnd)?.entries);
    },
    release: async () => db.exec('ROLLBACK'),
    // With it goes what it holds.
    close: async () => db.close(),
  };
}

function holdPostgres(url: string): Hold {
  const client = new Client({ connectionString: url, lock_timeout: POSTGRES_PATIENCE });
  client.on('error', () => {});
  let connected: Promise<unknown> | null = null;
  const count = `SELECT count(*) AS entries FROM tidings.deliveries
    WHERE status = 'sending' AND chain = 'in_app' AND due_at > $1`;
  return {
    async take(leaseEnd) {
      try {
        connected ??= client.connect();
        await connected;
        await client.query('BEGIN');
        await client.query('LOCK TABLE tidings.deliveries IN EXCLUSIVE MODE');
        const { rows } = await client.query<{ entries: string }>(count, [leaseEnd]);
        return Number(rows[0]?.entries);
      } catch {
        return null;
      }
    },
    release: async () => void (await client.query('ROLLBACK')),
    close: () => client.end(),
  };
}
