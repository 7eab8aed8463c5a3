import { randomBytes } from 'node:crypto';
import type { Channel } from '../../src/domain/channel.ts';
import { realClock } from '../../src/domain/clock.ts';
import { idMaker } from '../../src/domain/ids.ts';
import type { Recipient } from '../../src/domain/recipient.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store, Submission } from '../../src/store/store.ts';
import { builders } from '../../test/kit/builders.ts';
import { MESSAGE, NUMBER, TITLE, USERS, withNumber } from './bodies.ts';

/** What a backlog is made of: on which channel, and to whom. */
export interface Filling {
  readonly count: number;
  readonly channel: Channel;
  readonly recipient: (number: number) => Recipient;
  readonly dueAt?: number;
}

/** Notifications in one call of the store, and calls at once. */
const BATCH = 500;
const AT_ONCE = 8;

export function inApp(count: number): Filling {
  return { count, channel: 'in_app', recipient: (number) => ({ userId: `user-${number % USERS}` }) };
}

/** Puts a backlog into the store that the settings name, past the API, as fast as the store takes it. */
export async function fillSqlite(path: string, filling: Filling): Promise<void> {
  await fill(openSqliteStore({ path, clock: realClock }), filling);
}

export async function fillPostgres(url: string, filling: Filling): Promise<void> {
  await fill(await openPostgresStore({ url, clock: realClock }), filling);
}

async function fill(store: Store, filling: Filling): Promise<void> {
  const make = submissionsOf(filling);
  let next = 0;
  const client = async () => {
    while (next < filling.count) {
      const from = next;
      next = Math.min(from + BATCH, filling.count);
      await store.accept(make(from, next - from));
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, client));
  } finally {
    await store.close();
  }
}

/** Answers what makes the submissions from a number on: the same rows that the API would write for them. */
export function submissionsOf(filling: Filling): (from: number, count: number) => readonly Submission[] {
  const { channel, recipient, dueAt } = filling;
  const build = builders(() => Date.now(), idMaker(randomBytes));
  const one = (number: number): Submission => {
    const about = {
      requestId: `request-${String(number).padStart(NUMBER.length * 3, '0')}`,
      recipient: recipient(number),
      title: TITLE,
      message: withNumber(MESSAGE, number),
      sendAt: dueAt ?? null,
    };
    return build.submission([build.parcel(about, [{ chain: [channel] }])]);
  };
  return (from, count) => Array.from({ length: count }, (_, index) => one(from + index));
}
