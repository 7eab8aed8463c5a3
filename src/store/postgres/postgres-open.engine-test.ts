import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { atEnd } from '../../../test/kit/at-end.ts';
import { selfSignedCertificate } from '../../../test/kit/certificate.ts';
import { closedPort } from '../../../test/kit/mail-server.ts';
import { type PostgresServer, postgresServer, systemClock } from '../../../test/kit/postgres.ts';
import { runTidings } from '../../../test/kit/tidings-process.ts';
import { seen, until } from '../../../test/kit/until.ts';
import { openPostgresStore } from './postgres-store.ts';

/** A server of its own, as these tests change who may come in and stop it as they please. */
let server: PostgresServer;
before(async () => {
  server = await postgresServer();
  await administer(`CREATE ROLE app LOGIN PASSWORD 'right'; CREATE ROLE reader LOGIN; CREATE ROLE one LOGIN SUPERUSER`);
});
after(() => server.close());

describe('a server that is not ready', () => {
  test('because nobody listens is waited for, and used when it is there', async (t) => {
    const url = await server.database();
    await server.stop('fast');
    const { opening, notices } = open(t, url);
    await firstOf(notices);
    await server.start();
    await (await opening).probe();
    assert.deepEqual(notices, [`waiting for PostgreSQL at ${url} (ECONNREFUSED)`], 'it is told once');
  });

  test('because it takes nobody just now (57P03) is waited for', async (t) => {
    const url = await server.database();
    const staying = await client(url);
    // A smart shutdown: nobody comes in any more, and whoever is in may stay.
    process.kill(Number(await administer("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")), 'SIGTERM');
    const { opening, notices } = open(t, url);
    assert.equal(await firstOf(notices), `waiting for PostgreSQL at ${url} (57P03)`);
    await staying.end();
    await server.stop('fast');
    await server.start();
    await (await opening).probe();
  });

  test('because it is full (53300) is waited for', async (t) => {
    const url = as('one', await server.database());
    await administer('ALTER ROLE one NOSUPERUSER CONNECTION LIMIT 1; GRANT ALL ON SCHEMA public TO one');
    await administer(`GRANT CREATE ON DATABASE ${nameOf(url)} TO one`);
    const staying = await client(url);
    const { opening, notices } = open(t, url);
    assert.equal(await firstOf(notices), `waiting for PostgreSQL at ${url} (53300)`);
    await administer('ALTER ROLE one CONNECTION LIMIT -1');
    await (await opening).probe();
    await staying.end();
  });

  test('or that nobody knows is given up in time, in one sentence', async () => {
    const port = await closedPort();
    await assert.rejects(openFor(300, `postgres://app:secret@127.0.0.1:${port}/x`), {
      name: 'Error',
      message: `PostgreSQL at postgresql://app:********@127.0.0.1:${port}/x has not become ready within 0.3 s (ECONNREFUSED); start it, or correct DATABASE_URL`,
    });
    // A name that no name service can hold: it is not asked for elsewhere.
    const unknown = `${'x'.repeat(64)}.example.com`;
    await assert.rejects(openFor(300, `postgres://app:secret@${unknown}/x`), /within 0\.3 s \((?:ENOTFOUND|EAI_\w+)\)/);
  });

  test('and one that does not answer at all is given up in time', async (t) => {
    const silent = createServer(() => {});
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    atEnd(t, () => silent.close());
    const { port } = silent.address() as AddressInfo;
    await assert.rejects(openFor(3_500, `postgres://app@127.0.0.1:${port}/x`), /within 3\.5 s \(no answer\); start it/);
  });
});

describe('a server that will not do is refused at once', () => {
  test('with a wrong password, which is not shown, as the command line says', async (t) => {
    const url = as('app:wrong-one', await server.database());
    await hostRule(t, 'host all app 127.0.0.1/32 scram-sha-256');
    await refused(url, 'the server refuses the password of user app');
    for (const [command, verb] of [
      ['start', 'start'],
      ['migrate', 'migrate'],
    ] as const) {
      const { code, stdout, stderr } = await runTidings(t, [command], { env: { API_PORT: '0', DATABASE_URL: url } });
      assert.deepEqual(
        { code, stdout, stderr },
        {
          code: 78,
          stdout: '',
          stderr: `Tidings cannot ${verb}: DATABASE_URL ${masked(url)}: the server refuses the password of user app\n`,
        },
      );
    }
  });

  test('when it lets nobody in from here', async (t) => {
    const url = as('app', await server.database());
    await hostRule(t, 'host all app 127.0.0.1/32 reject');
    await refused(url, 'the server does not let user app in from here (see its pg_hba.conf)');
  });

  test('without its database, naming the command that makes it', async () => {
    const url = (await server.database()).replace(/[^/]+$/, 'not-there?application_name=secret');
    await refused(
      url,
      `there is no database not-there; make it with: createdb -h 127.0.0.1 -p ${server.port} -U postgres not-there`,
    );
  });

  test('without the right to make the schema, naming the right', async (t) => {
    const url = as('reader', await server.database());
    const name = nameOf(url);
    const wanted = `user reader lacks rights in database ${name}; let its owner run: GRANT CONNECT, CREATE ON DATABASE ${name} TO reader`;
    await refused(url, wanted);
    await administer(`REVOKE CONNECT ON DATABASE ${name} FROM public`);
    await refused(url, wanted);
    await administer(`GRANT CONNECT, CREATE ON DATABASE ${name} TO reader`);
    await (await open(t, url).opening).probe();
  });

  test('that is too old', async (t) => {
    const port = await olderServer(t);
    const url = (await server.database()).replace(/:\d+\//, `:${port}/`);
    await refused(url, 'the server is PostgreSQL 12; 13 or newer is needed');
  });

  test('whose database has another encoding', async () => {
    const url = await server.database();
    await administer(`DROP DATABASE ${nameOf(url)}`);
    await administer(
      `CREATE DATABASE ${nameOf(url)} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'`,
    );
    await refused(url, "the database's encoding is SQL_ASCII; UTF8 is needed");
  });

  test('that only reads', async () => {
    const url = await server.database();
    await administer(`ALTER DATABASE ${nameOf(url)} SET default_transaction_read_only = on`);
    await refused(url, 'the server only reads (default_transaction_read_only); name one that writes');
  });

  test('that is a hot standby', async (t) => {
    const url = await server.database();
    await (await open(t, url).opening).close();
    await administer(await copyTo('standby.signal', ['']));
    await server.stop('fast');
    await server.start();
    try {
      await refused(url, 'the server is a hot standby, which only reads; name the primary');
    } finally {
      await administer('SELECT pg_promote()');
    }
  });
});

describe('TLS', () => {
  test('that is asked for and not offered is told', async () => {
    const url = await server.database();
    await refused(`${url}?sslmode=no-verify`, 'the server does not offer TLS, which the sslmode asks for');
  });

  test('that cannot be trusted is told with its code, that is demanded is named, and that is good is used', async (t) => {
    const { key, cert } = selfSignedCertificate('127.0.0.1');
    await administer(await copyTo('server.key', key.trim().split('\n')));
    await chmod(join(await dataFolder(), 'server.key'), 0o600);
    await administer(await copyTo('server.crt', cert.trim().split('\n')));
    await administer('ALTER SYSTEM SET ssl = on');
    await reload();
    atEnd(t, async () => {
      await administer('ALTER SYSTEM SET ssl = off');
      await reload();
    });
    const url = as('reader', await server.database());
    await administer(`GRANT CREATE ON DATABASE ${nameOf(url)} TO reader`);
    await refused(
      `${url}?sslmode=verify-full`,
      'TLS with the server fails (DEPTH_ZERO_SELF_SIGNED_CERT); see sslmode and sslrootcert',
    );
    await hostRule(t, 'hostnossl all reader 127.0.0.1/32 reject');
    const demand = 'it may demand TLS: add ?sslmode=require';
    await refused(url, `the server does not let user reader in from here (see its pg_hba.conf); ${demand}`);
    await (await open(t, `${url}?sslmode=no-verify`).opening).probe();
  });
});

/** Refused with this sentence about the URL, without a second try. */
async function refused(url: string, sentence: string): Promise<void> {
  const notices: string[] = [];
  const began = performance.now();
  const opening = openPostgresStore({ url, clock: systemClock, onNotice: (text) => notices.push(text) });
  await assert.rejects(opening, { message: `DATABASE_URL ${masked(url)}: ${sentence}` });
  assert.ok(performance.now() - began < 5_000, 'it was tried again');
  assert.deepEqual(notices, []);
}

function masked(url: string): string {
  return url.replace(/\?.*/, '').replace(/:[^:/@]+@/, ':********@');
}

function open(t: TestContext, url: string) {
  const notices: string[] = [];
  const onNotice = (text: string) => {
    if (!text.startsWith('LISTEN')) notices.push(text);
  };
  const opening = openPostgresStore({ url, clock: systemClock, onNotice });
  atEnd(t, async () => (await opening).close());
  return { opening: until(opening, () => 'it does not open'), notices };
}

function openFor(patience: number, url: string) {
  return openPostgresStore({ url, clock: systemClock, patience });
}

function firstOf(notices: readonly string[]): Promise<string> {
  return seen(
    () => notices[0],
    () => 'nobody was told of the wait',
  );
}

function as(user: string, url: string): string {
  return url.replace(/\/\/postgres@/, `//${user}@`);
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

async function client(url: string): Promise<Client> {
  const connected = new Client({ connectionString: url });
  connected.on('error', () => {});
  await connected.connect();
  return connected;
}

/** Answers the first row's first value, as text. */
async function administer(sql: string): Promise<string> {
  const administrator = await client(`postgresql://postgres@127.0.0.1:${server.port}/postgres`);
  try {
    const { rows } = await administrator.query<string[]>({ text: sql, rowMode: 'array' });
    return String(rows?.[0]?.[0]);
  } finally {
    await administrator.end();
  }
}

/** A rule before all others, for the length of the test. */
async function hostRule(t: TestContext, rule: string): Promise<void> {
  const rules = await administer("SELECT pg_read_file('pg_hba.conf')");
  const lines = rules.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  await administer(await copyTo('pg_hba.conf', [rule, ...lines]));
  await reload();
  atEnd(t, async () => {
    await administer(await copyTo('pg_hba.conf', lines));
    await reload();
  });
}

/** The statement by which the server itself writes a file into its folder. */
async function copyTo(file: string, lines: readonly string[]): Promise<string> {
  const values = lines.map((line, index) => `(${index}, '${line}')`).join(', ');
  return `COPY (SELECT line FROM (VALUES ${values}) v (nr, line) ORDER BY nr) TO '${join(await dataFolder(), file)}'`;
}

function dataFolder(): Promise<string> {
  return administer("SELECT current_setting('data_directory')");
}

/** Resolves when the server has read its files again. */
async function reload(): Promise<void> {
  const loaded = () => administer('SELECT pg_conf_load_time()::text');
  const before = await loaded();
  await administer('SELECT pg_reload_conf()');
  await seen(
    async () => (await loaded()) !== before || undefined,
    () => 'the server does not read its files again',
  );
}

/** The same server, of which the answer to what version it has is changed on the way. */
async function olderServer(t: TestContext): Promise<number> {
  const proxy = createServer((near) => {
    const far = connect(server.port, '127.0.0.1');
    near.pipe(far);
    far.on('data', (bytes) => {
      near.write(Buffer.from(bytes.toString('latin1').replace(/\b1[3-9]00(\d\d)\b/, '1200$1'), 'latin1'));
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  atEnd(t, () => proxy.close());
  return (proxy.address() as AddressInfo).port;
}
