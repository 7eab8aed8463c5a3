import assert from 'node:assert/strict';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { inboxContract } from '../../../test/contract/inbox-contract.ts';
import { sandboxContract } from '../../../test/contract/sandbox-contract.ts';
import { storeContract } from '../../../test/contract/store-contract.ts';
import { atEnd } from '../../../test/kit/at-end.ts';
import { ManualClock } from '../../../test/kit/manual-clock.ts';
import { postgresForTests, systemClock } from '../../../test/kit/postgres.ts';
import { ensurePackages, freePort, tempFolder } from '../../../test/kit/private-instance.ts';
import { serverProcess } from '../../../test/kit/server-process.ts';
import { seen } from '../../../test/kit/until.ts';
import { openPostgresStore } from './postgres-store.ts';

const postgres = postgresForTests();
const PROGRAM = '/usr/sbin/pgbouncer';

/** PgBouncer in transaction mode, with fewer connections to a database than the store has to it. */
async function startPooler() {
  await ensurePackages('pgbouncer');
  const folder = await tempFolder('pgbouncer');
  const port = await freePort();
  const settings = { listen_addr: '127.0.0.1', listen_port: port, unix_socket_dir: '', auth_type: 'any' };
  const pool = { pool_mode: 'transaction', default_pool_size: 3 };
  const lines = Object.entries({ ...settings, ...pool }).map(([name, value]) => `${name} = ${value}`);
  const file = join(folder, 'pgbouncer.ini');
  const target = `* = host=127.0.0.1 port=${postgres.server.port} user=postgres`;
  await writeFile(file, ['[databases]', target, '[pgbouncer]', ...lines, ''].join('\n'));
  await chmod(folder, 0o755);
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? ['--reuid=nobody', '--regid=nogroup', '--clear-groups'] : [];
  const server = serverProcess('setpriv', [...user, 'setpriv', '--pdeathsig', 'KILL', PROGRAM, '-q', file], {
    cwd: folder,
  });
  await seen(
    () => answers(`postgresql://postgres@127.0.0.1:${port}/postgres`),
    () => `PgBouncer does not start: ${server.output}`,
  );
  return {
    port,
    async close() {
      await server.end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

let pooler: ReturnType<typeof startPooler> | null = null;
after(async () => (await pooler)?.close());

/** The URL of a fresh database behind it. */
async function pooled(t: TestContext): Promise<string> {
  pooler ??= startPooler();
  const url = new URL(await postgres.database(t));
  url.port = String((await pooler).port);
  return url.href;
}

async function answers(url: string): Promise<true | undefined> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return undefined;
  } finally {
    await client.end();
  }
}

const open = async (t: TestContext) => {
  const clock = new ManualClock();
  const store = await openPostgresStore({ url: await pooled(t), clock: systemClock, time: clock });
  atEnd(t, () => store.close());
  return { store, clock };
};

storeContract('PgBouncer', open, { claimsAfterWrites: false, random: false });
inboxContract('PgBouncer', open);
sandboxContract('PgBouncer', open);

describe('the bell behind PgBouncer', () => {
  test('learns that LISTEN is not heard, says so, and rings every half second', async (t) => {
    const notices: string[] = [];
    const url = await pooled(t);
    const store = await openPostgresStore({ url, clock: systemClock, onNotice: (text) => notices.push(text) });
    atEnd(t, () => store.close());
    let rings = 0;
    store.subscribe(() => {
      rings += 1;
    });
    await seen(
      () => (rings >= 3 ? true : undefined),
      () => `it rang ${rings} times`,
    );
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', /LISTEN does not work \(nothing is heard on it\)/);
  });
});
