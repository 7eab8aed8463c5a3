import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { atEnd } from '../kit/at-end.ts';
import { httpReceiver } from '../kit/http-receiver.ts';
import { countBy, notificationIn, postMany } from '../kit/load.ts';
import { postgresForTests } from '../kit/postgres.ts';
import { type Service, type Shown, startService } from '../kit/service.ts';
import { runTidings, spawnTidings } from '../kit/tidings-process.ts';
import { seen, until } from '../kit/until.ts';
import { WEBHOOK_SECRET } from '../kit/vendors.ts';

const postgres = postgresForTests();

const SETTINGS = { WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true', RETRY_SCHEDULE: '12s,12s', QUEUE_URL: 'database' };
interface Reconciled {
  readonly accepted: object;
  readonly to_send: Readonly<Record<'in_doubt' | 'due' | 'later', { readonly count: number }>>;
}

const FINISHED = 100;
const RETRYING = 12;
const WAITING = 170;
const SCHEDULED = 15;
/** When what is scheduled is due, in ms from now. */
const AHEAD = 12_000;

test('a service that moves to PostgreSQL has sent everything once and answers as before, though its copy was killed again and again', async (t) => {
  const { from, hits, hook, keep, stats } = await oldService(t);
  const to = await postgres.database(t);

  // Held up at a table by somebody else's lock, so that each time it dies in the middle of something.
  for (const table of ['attempts', 'inbox', 'deliveries']) {
    await whileLocked(to, table, () => killAt(t, ['copy', '--from', from, '--to', to], `copying ${table}`));
    const early = await runTidings(t, ['api'], { env: { ...SETTINGS, DATABASE_URL: to, API_PORT: '0' } });
    assert.equal(early.code, 1);
    assert.match(early.stderr, /holds a part of .*: the copy has not ended/);
  }
  const copied = await runTidings(t, ['copy', '--from', from, '--to', to]);
  assert.equal(copied.code, 0, copied.stderr);
  assert.match(copied.stdout, /^ {2}notifications +301 {2}[0-9a-f]{32}$/m);
  assert.match(copied.stdout, /every row is the same/);

  const audited = await runTidings(t, ['reconcile', '--json'], { env: { DATABASE_URL: to } });
  assert.equal(audited.code, 0, audited.stdout);
  const { accepted, to_send } = JSON.parse(audited.stdout) as Reconciled;
  assert.deepEqual(accepted, { counted: 301, forgotten: 0, there: 301, difference: 0 });
  assert.equal(to_send.in_doubt.count + to_send.due.count + to_send.later.count, RETRYING + WAITING + SCHEDULED);

  const place = { DATABASE_URL: to, QUEUE_URL: 'database' };
  const api = await startService(t, { command: 'api', env: SETTINGS, place });
  for (const [path, before] of keep) assert.equal(await textOf(api, path), before, path);
  assert.deepEqual(await statsOf(api), stats);
  const again = await postMany({
    url: api.url,
    count: FINISHED,
    atOnce: 20,
    body: () => ({ recipient: hook, message: 'Hello' }),
    key,
  });
  assert.deepEqual(idsByKey(again), idsByKey(hits.finished));
  await api.stop();

  const service = await startService(t, { env: SETTINGS, place });
  for (const id of [...hits.retrying, ...hits.waiting, ...hits.scheduled]) await service.waitFor(id, 'sent');
  const arrived = countBy(hits.requests(), (request) => notificationIn(request));
  const expected = FINISHED + 2 * RETRYING + WAITING + SCHEDULED;
  assert.equal(hits.requests().length, expected, 'as many calls as there must be, and none twice');
  for (const id of hits.retrying) assert.equal(arrived.get(id), 2);
  for (const id of [...hits.waiting, ...hits.scheduled]) assert.equal(arrived.get(id), 1);
});

/** A SQLite file with some of everything, left behind in good order. */
async function oldService(t: TestContext) {
  const receiver = await httpReceiver();
  atEnd(t, () => receiver.close());
  const hook = { webhook_url: `${receiver.url}/hook` };
  const folder = await mkdtemp(join(tmpdir(), 'tidings-copy-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  const place = { DATABASE_URL: `sqlite:${join(folder, 'old.db')}`, QUEUE_URL: 'database' };

  const first = await startService(t, { env: SETTINGS, place });
  const many = (url: string, count: number, body: object, keyOf = key) =>
    postMany({ url, count, atOnce: 20, body: () => body, key: keyOf });
  const finished = await many(first.url, FINISHED, { recipient: hook, message: 'Hello' });
  const done = finished.map(({ id }) => id ?? assert.fail());
  for (const text of ['One 🪄', 'Two', '🪄'.repeat(5_000)]) {
    done.push(
      await first.send({
        recipient: { user_id: 'u' },
        message: text,
        channels: ['in_app'],
        data: { 2: '"\\', 1: [1e21, null] },
      }),
    );
  }
  done.push(await first.send({ recipient: 'bounce@sandbox.test', message: 'No' }));
  for (const id of done) await first.waitFor(id, (shown) => shown.status === 'sent' || shown.status === 'failed');
  const entries = (await first.get<{ data: { id: string }[] }>('/users/u/inbox')).body.data;
  const read = await first.post(`/users/u/inbox/${entries[0]?.id}/read`);
  assert.equal(read.status, 200);
  receiver.always('/later', { status: 503 });
  const later = { webhook_url: `${receiver.url}/later` };
  const retrying = await many(first.url, RETRYING, { recipient: later, message: 'Later' }, (index) => `retry-${index}`);
  for (const { id } of retrying) await first.waitFor(id ?? '', 'retrying');
  await first.stop();
  receiver.always('/later', { status: 200 });

  const api = await startService(t, { command: 'api', env: SETTINGS, place });
  const send_at = new Date(Date.now() + AHEAD).toISOString();
  const waiting = await many(api.url, WAITING, { recipient: hook, message: 'Waits' }, (index) => `waits-${index}`);
  const scheduled = await many(
    api.url,
    SCHEDULED,
    { recipient: hook, message: 'At', send_at },
    (index) => `at-${index}`,
  );
  const ids = (posted: typeof waiting) => posted.map(({ id }) => id ?? assert.fail());
  const paths = [
    ...[...done, ...ids(waiting), ...ids(retrying)].map((id) => `/notifications/${id}`),
    ...['/users/u/inbox', '/sandbox/messages', '/dead-letters', '/notifications?limit=100'],
  ];
  const keep = await Promise.all(paths.map(async (path) => [path, await textOf(api, path)] as const));
  const stats = await statsOf(api);
  await api.stop();
  const hits = {
    finished,
    retrying: ids(retrying),
    waiting: ids(waiting),
    scheduled: ids(scheduled),
    requests: () => receiver.requests,
  };
  return { from: place.DATABASE_URL, hits, hook, keep, stats };
}

function key(index: number): string {
  return `key-${index}`;
}

function idsByKey(posted: readonly { readonly key: string; readonly id: string | null }[]) {
  return posted.map(({ key: own, id }) => `${own} ${id}`).sort();
}

async function textOf(service: Service, path: string): Promise<string> {
  const response = await fetch(`${service.url}/api/v1${path}`, { signal: AbortSignal.timeout(15_000) });
  assert.equal(response.status, 200, path);
  return response.text();
}

/** Without what depends on the time at which it is asked. */
async function statsOf(service: Service): Promise<object> {
  const { queue: _queue, ...stats } = (await service.get<{ queue: object }>('/stats')).body;
  return stats;
}

async function sql(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

async function whileLocked(url: string, table: string, work: () => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`BEGIN; LOCK TABLE tidings.${table} IN EXCLUSIVE MODE`);
    await work();
  } finally {
    await client.end();
  }
}

/** kill -9 as soon as it has said so. */
async function killAt(t: TestContext, args: readonly string[], words: string): Promise<void> {
  const child = spawnTidings(args, { cwd: tmpdir() });
  atEnd(t, () => child.running && child.kill('SIGKILL'));
  await seen(
    () => {
      assert.ok(child.running, `it has ended: ${child.stdout}${child.stderr}`);
      return child.stderr.includes(words) || undefined;
    },
    () => `it never says "${words}": ${child.stderr}`,
  );
  child.kill('SIGKILL');
  assert.equal((await until(child.exited, () => 'it does not die')).signal, 'SIGKILL');
}

test('a row that is changed behind its back is found out by name, and the whole comes back the other way', async (t) => {
  const place = await sqliteFile(t);
  const service = await startService(t, { env: SETTINGS, place });
  const id = await service.send({ recipient: 'user@example.com', message: 'Hello' });
  await service.waitFor(id, 'sent');
  await service.stop();
  const to = await postgres.database(t);
  const copy = (from: string, into: string) => runTidings(t, ['copy', '--from', from, '--to', into]);
  assert.equal((await copy(place.DATABASE_URL, to)).code, 0);
  assert.equal((await copy(place.DATABASE_URL, to)).code, 0, 'once more, it only compares');

  const back = await sqliteFile(t);
  const returned = await copy(to, back.DATABASE_URL);
  assert.equal(returned.code, 0, returned.stderr);
  const old = await startService(t, { env: SETTINGS, place: back });
  assert.equal((await old.get<Shown>(`/notifications/${id}`)).body.status, 'sent');
  await old.stop();

  await sql(to, "UPDATE tidings.attempts SET duration_ms = duration_ms + 1, detail = 'x'");
  const { code, stdout, stderr } = await copy(place.DATABASE_URL, to);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
  assert.match(stderr, /are not the same:\n {2}attempts: 1 rows [0-9a-f]{32} in the source, 1 rows /);
  assert.doesNotMatch(stderr, /^ {2}(?:notifications|deliveries)/m);
});

async function sqliteFile(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-copy-'));
  atEnd(t, () => rm(folder, { recursive: true }));
  return { folder, DATABASE_URL: `sqlite:${join(folder, 'tidings.db')}`, QUEUE_URL: 'database' };
}

test('refuses in a sentence what cannot be copied, and touches nothing', async (t) => {
  const place = await sqliteFile(t);
  const { folder, DATABASE_URL: from } = place;
  const refused = async (code: number, args: readonly string[], words: RegExp) => {
    const result = await runTidings(t, ['copy', ...args]);
    assert.deepEqual([result.code, result.stdout], [code, ''], result.stderr);
    assert.match(result.stderr, words);
    assert.doesNotMatch(result.stderr, /canary|\n {4}at /);
  };
  const pair = (a: string, b: string) => ['--from', a, '--to', b];
  await refused(2, [], /copy needs --from URL/);
  await refused(2, ['--from', from, '--two', 'x'], /--two/);
  await refused(2, pair('mysql://root:canary@127.0.0.1/x', from), /--from mysql:.* is not sqlite:<path> or postgres:/);
  await refused(2, pair(from, 'sqlite::memory:'), /--to sqlite::memory: is not/);
  await refused(1, pair(from, 'sqlite:/tmp/never-made.db'), /^tidings: there is no file .*tidings\.db\.\n$/);

  const service = await startService(t, { env: SETTINGS, place });
  await service.send({ recipient: 'user@example.com', message: 'Hello' });
  await service.stop();
  await symlink(join(folder, 'tidings.db'), join(folder, 'other.db'));
  await refused(1, pair(from, `sqlite:${join(folder, 'other.db')}`), /are the same database/);
  await refused(
    1,
    pair(from, `postgres://nobody:canary@127.0.0.1:${postgres.server.port}/nowhere`),
    /^tidings: --to cannot be used: .*[^.]\.\n$/,
  );

  const other = await sqliteFile(t);
  const second = await startService(t, { env: SETTINGS, place: other });
  await second.send({ recipient: 'user@example.com', message: 'Hello' });
  await second.stop();
  await refused(1, pair(from, other.DATABASE_URL), /is not empty \(notifications, .*deliveries\)/);
});

test('says so when the old service is still at work', async (t) => {
  const place = await sqliteFile(t);
  const service = await startService(t, { env: SETTINGS, place });
  await postMany({ url: service.url, count: 200, atOnce: 20, body: () => ({ recipient: 'u', message: 'Hi' }), key });
  let copying = true;
  const count = 100_000;
  const busy = postMany({
    url: service.url,
    count,
    atOnce: 4,
    body: () => ({ recipient: 'u', message: 'Meanwhile' }),
    key: (index) => `busy-${index}`,
    goOn: () => copying,
  });
  const result = await runTidings(t, ['copy', '--from', place.DATABASE_URL, '--to', await postgres.database(t)]);
  copying = false;
  await busy;
  assert.equal(result.code, 1, result.stdout);
  assert.match(result.stderr, /has changed since it was read|somebody is writing to/);
  assert.match(result.stderr, /[Ss]top every Tidings/);
});
