import assert from 'node:assert/strict';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { atEnd } from '../kit/at-end.ts';
import { samplesOf } from '../kit/exposition.ts';
import { httpReceiver } from '../kit/http-receiver.ts';
import { startService } from '../kit/service.ts';
import { runTidings, spawnTidings, temporaryFolder } from '../kit/tidings-process.ts';
import { seen } from '../kit/until.ts';

describe('a start that cannot work', { concurrency: 4 }, () => {
  test('names all wrong settings at once, without their values where they are secret, and exits with 78', async (t) => {
    const env = {
      API_PORT: '70000',
      RETRY_SCHEDULE: '30s,soon',
      LEASE_SECONDS: '1',
      LOG_LEVEL: 'loud',
      SMTP_HOST: 'smtp.example.com',
      SMTP_USER: 'tidings@example.com',
      TWILIO_ACCOUNT_SID: 'AC00000000000000000000000000000001',
      WEBHOOK_SECRET: 'no-such-secret',
      EMAIL_PROVIDERS: 'smtp,carrier-pigeon',
    };
    const { code, stdout, stderr } = await runTidings(t, ['start'], { env });
    assert.equal(code, 78);
    assert.equal(stdout, '');
    const named = [...stderr.matchAll(/^ {2}([A-Z_]+) /gm)].map(([, name = '']) => name);
    assert.deepEqual(named.sort(), [
      'API_PORT',
      'EMAIL_PROVIDERS',
      'LEASE_SECONDS',
      'LOG_LEVEL',
      'RETRY_SCHEDULE',
      'SMTP_PASSWORD',
      'TWILIO_AUTH_TOKEN',
      'TWILIO_FROM_NUMBER',
      'WEBHOOK_SECRET',
    ]);
    assert.match(stderr, /^Tidings cannot start: 9 settings are wrong\.$/m);
    assert.doesNotMatch(stderr, /no-such-secret|^ +at /m);
  });

  test('does not listen to other machines without a key', async (t) => {
    const { code, stderr } = await runTidings(t, ['start'], { env: { API_HOST: '0.0.0.0', API_PORT: '0' } });
    assert.equal(code, 78);
    assert.match(stderr, /^ {2}API_KEYS is not set, and API_HOST 0\.0\.0\.0 can be reached/m);
  });

  test('says in one line that its port is taken', async (t) => {
    const other = await httpReceiver();
    atEnd(t, () => other.close());
    const { port } = new URL(other.url);
    const { code, stdout, stderr } = await runTidings(t, ['start'], { env: { API_PORT: port } });
    assert.deepEqual(
      { code, stdout, stderr },
      {
        code: 1,
        stdout: '',
        stderr: `Tidings cannot start: 127.0.0.1:${port} is already in use; set API_PORT to another port.\n`,
      },
    );
  });

  test('leaves a database alone that a newer Tidings has made', async (t) => {
    const file = join(await temporaryFolder(t), 'tidings.db');
    const first = await startService(t, { env: { DATABASE_URL: `sqlite:${file}` } });
    await first.stop();
    const database = new DatabaseSync(file);
    database.exec(
      "INSERT INTO tidings_migrations (number, name, sha256, applied_at) VALUES (9999, '9999_future.sql', 'x', 0)",
    );
    database.close();
    const { code, stderr } = await runTidings(t, ['start'], {
      env: { API_PORT: '0', DATABASE_URL: `sqlite:${file}` },
    });
    assert.equal(code, 1);
    assert.match(stderr, /^Tidings cannot start: .*newer \(9999_future\.sql\) than this program.*\n$/);
  });

  test("leaves another program's database alone", async (t) => {
    const file = join(await temporaryFolder(t), 'other.db');
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE customers (id INTEGER PRIMARY KEY)');
    database.close();
    for (const command of ['start', 'migrate']) {
      const { code, stderr } = await runTidings(t, [command], {
        env: { API_PORT: '0', DATABASE_URL: `sqlite:${file}` },
      });
      assert.equal(code, 1);
      assert.match(stderr, /^Tidings cannot [^\n]*customers[^\n]*\n$/);
    }
    const after = new DatabaseSync(file, { readOnly: true });
    const tables = after.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    after.close();
    assert.deepEqual(
      tables.map(({ name }) => name),
      ['customers'],
    );
  });

  test('leaves a file alone that is no database', async (t) => {
    const file = join(await temporaryFolder(t), 'letter.txt');
    const letter = 'Dear reader, '.repeat(1_000);
    await writeFile(file, letter);
    const { code, stderr } = await runTidings(t, ['start'], {
      env: { API_PORT: '0', DATABASE_URL: `sqlite:${file}` },
    });
    assert.equal(code, 1);
    assert.match(stderr, /^Tidings cannot start: [^\n]*\n$/);
    assert.equal(await readFile(file, 'utf8'), letter);
  });
});

describe('a start', { concurrency: 4 }, () => {
  test('makes the folder of its file, reads .env, and lets the environment win', async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(
      join(folder, '.env'),
      'DATABASE_URL=sqlite:./deep/er/x.db\nAPI_KEYS=from-the-file\nLOG_LEVEL=loud\n',
    );
    const env = { LOG_LEVEL: 'warn' };
    const { code, stdout } = await runTidings(t, ['migrate'], { cwd: folder, env });
    assert.equal(code, 0);
    assert.match(stdout, /\/deep\/er\/x\.db is up to date now: 0001_init\.sql/);
    assert.equal((await runTidings(t, ['migrate'], { cwd: folder })).code, 78);
  });

  test('from a copy of .env.example is the same as without one', async (t) => {
    const folder = await temporaryFolder(t);
    await copyFile(join(import.meta.dirname, '..', '..', '.env.example'), join(folder, '.env'));
    const child = spawnTidings(['start'], { cwd: folder, env: { API_PORT: '0' } });
    atEnd(t, () => child.running && child.kill('SIGKILL'));
    await seen(
      () => /is up \(.*\n\n$/s.test(child.stdout) || undefined,
      () => `it is not up: ${child.stderr}`,
    );
    child.kill('SIGTERM');
    assert.equal((await child.exited).code, 0);
    assert.match(child.stdout, /Data +\S+\/data\/tidings\.db\n/);
    assert.equal(child.stderr, '');
  });

  test('that is shown first says by which names settings were given, and which names are none', async (t) => {
    const folder = await temporaryFolder(t);
    const lines = [
      'EMAIL_HOST=smtp.example.com',
      'MAIL_USERNAME=me@example.com',
      'MAIL_PASSWORD=s3cret-1',
      'SMTP_PASWORD=s3cret-2',
    ];
    await writeFile(join(folder, '.env'), `${lines.join('\n')}\n`);
    const shown = await runTidings(t, ['config', 'check'], {
      cwd: folder,
      env: { REDIS_URL: 'redis://:s3cret-3@localhost' },
    });
    assert.equal(shown.code, 0);
    assert.match(shown.stdout, /^ {2}SMTP_HOST=smtp\.example\.com \(from EMAIL_HOST\)$/m);
    assert.match(shown.stdout, /^ {2}QUEUE_URL=redis:\/\/:\*+@localhost \(from REDIS_URL\)$/m);
    assert.match(shown.stdout, /^ {2}\.env: SMTP_PASWORD is not a setting; did you mean SMTP_PASSWORD\?$/m);
    const env = {
      EMAIL_PORT: 'x',
      REDIS_URL: 'redis://:s3cret-3@localhost',
      RABBITMQ_URL: 'amqp://u:s3cret-4@localhost',
    };
    const refused = await runTidings(t, ['start'], { cwd: folder, env });
    assert.equal(refused.code, 78);
    assert.match(refused.stderr, /^ {2}EMAIL_PORT \(as SMTP_PORT\) "x" is not a whole number/m);
    assert.match(refused.stderr, /^ {2}QUEUE_URL is not set, and both REDIS_URL and RABBITMQ_URL are: which/m);
    assert.match(refused.stderr, /did you mean SMTP_PASSWORD/);
    for (const text of [shown.stdout, shown.stderr, refused.stdout, refused.stderr])
      assert.doesNotMatch(text, /s3cret/);
  });

  test('with API keys asks for one, and tells nothing without', async (t) => {
    const service = await startService(t, { env: { API_KEYS: 'first-key,second-key' } });
    const body = { recipient: 'user@example.com', message: 'Hello' };
    assert.equal((await service.post('/notifications', body)).status, 401);
    assert.equal((await service.post('/notifications', body, { 'x-api-key': 'third-key' })).status, 401);
    assert.equal((await service.post('/notifications', body, { 'x-api-key': 'second-key' })).status, 202);
    assert.equal((await service.post('/notifications', body, { authorization: 'Bearer first-key' })).status, 202);
    assert.equal((await service.get('//health/live')).status, 200);
    assert.match(service.stdout, /Access +2 API key\(s\)/);
  });

  test('limits how often an address may ask, unless it is told not to, and counts what it does', async (t) => {
    const service = await startService(t, { env: { RATE_LIMIT: '3/h' } });
    await service.send({ recipient: 'user@example.com', message: 'Hello' });
    for (const _ of [2, 3]) assert.equal((await service.get('/stats')).status, 200);
    const refused = await service.get<{ code: string }>('/stats');
    assert.deepEqual([refused.status, refused.body.code], [429, 'too_many_requests']);
    assert.equal(refused.headers.get('ratelimit-limit'), '3');
    assert.match(service.stdout, /Limits +3\/h /);
    assert.equal((await service.get('//health')).status, 200);
    const figures = samplesOf((await service.get<string>('//metrics')).body);
    assert.equal(figures.get('tidings_accepted_total'), 1);
    assert.equal(figures.get('tidings_refused_total reason=too_many_requests'), 1);
    assert.ok((figures.get('tidings_disk_free') ?? 0) > 0);
  });

  test('of a worker with METRICS_PORT serves its figures and how it is', async (t) => {
    const worker = await startService(t, { command: 'worker', env: { METRICS_PORT: '0' } });
    const url = /^ {2}Metrics +(http:\S+)\/metrics$/m.exec(worker.stdout)?.[1] ?? '';
    assert.equal((await fetch(`${url}/health/ready`)).status, 200);
    const figures = samplesOf(await (await fetch(`${url}/metrics`)).text());
    assert.equal(figures.get('tidings_inflight'), 0);
    assert.equal(figures.get('tidings_healthy part=worker'), 1);
    assert.equal(figures.get('tidings_queue_age_seconds'), 0);
  });
});
