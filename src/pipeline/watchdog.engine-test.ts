import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { Client } from 'pg';
import { atEnd } from '../../test/kit/at-end.ts';
import { postgresForTests } from '../../test/kit/postgres.ts';
import { startService } from '../../test/kit/service.ts';
import { tcpProxy } from '../../test/kit/tcp-proxy.ts';
import { spawnTidings, temporaryFolder } from '../../test/kit/tidings-process.ts';
import { seen, until } from '../../test/kit/until.ts';

const postgres = postgresForTests();
const MESSAGE = { recipient: 'user@example.com', message: 'Hello' };
/** Longer than both of the watchdog's rows of looks take together, in ms. */
const BOTH_ROWS = 85_000;

describe('a process whose worker claims nothing although work is ready', { concurrency: 2 }, () => {
  test('connects anew, then ends with 1, and the next one delivers', async (t) => {
    const place = { DATABASE_URL: await postgres.database(t), QUEUE_URL: 'database' };
    const api = await startService(t, { command: 'api', place });
    const { child, url } = await started(t, place);
    const id = await api.send({ ...MESSAGE, delay: '2s' });
    // Somebody holds the row and does not let go. Claims pass over what is locked, so they find nothing.
    const holder = new Client({ connectionString: place.DATABASE_URL });
    holder.on('error', () => {});
    await holder.connect();
    await holder.query('BEGIN; SELECT 1 FROM tidings.deliveries FOR UPDATE');

    const shown = () => `${child.stdout}${child.stderr.split('\n').slice(-20).join('\n')}`;
    await seen(() => (alarms(child.stderr).length > 0 ? true : undefined), shown, BOTH_ROWS);
    const { status, body } = await answerOf(`${url}/health/ready`);
    assert.equal(status, 503);
    assert.match(body, /work is ready and it claims nothing/);
    assert.deepEqual(await until(child.exited, shown, BOTH_ROWS), { code: 1, signal: null });
    const [first, second, ...others] = alarms(child.stderr);
    assert.match(first ?? '', /the connections to the store are made anew$/);
    assert.match(second ?? '', /this process ends, to be started again$/);
    assert.deepEqual(others, []);
    await holder.end();
    await startService(t, { command: 'worker', place });
    await api.waitFor(id, 'sent');
  });

  test('is not taken for one when its database cannot be reached for as long', async (t) => {
    const proxy = await tcpProxy(postgres.server.port);
    atEnd(t, () => proxy.close());
    const url = (await postgres.database(t)).replace(/:\d+\//, `:${proxy.port}/`);
    const service = await startService(t, { place: { DATABASE_URL: url, QUEUE_URL: 'database' } });
    const id = await service.send({ ...MESSAGE, delay: '2s' });
    proxy.hold();
    await new Promise((resolve) => setTimeout(resolve, BOTH_ROWS));
    proxy.release();
    await service.waitFor(id, 'sent');
    assert.deepEqual(alarms(service.stderr), []);
  });
});

/** The whole service, which may end by itself. */
async function started(t: TestContext, env: Readonly<Record<string, string>>) {
  const cwd = await temporaryFolder(t);
  const child = spawnTidings(['start'], { cwd, env: { API_PORT: '0', ...env } });
  atEnd(t, () => child.running && child.kill('SIGKILL'));
  const url = await seen(
    () => /^ {2}API +(\S+)\/api\/v1$/m.exec(child.stdout)?.[1],
    () => `it is not up: ${child.stdout}${child.stderr}`,
  );
  return { child, url };
}

async function answerOf(url: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const [answer] = (await once(get(url), 'response')) as [IncomingMessage];
  return { status: answer.statusCode, body: await text(answer) };
}

/** What the watchdog has said. */
function alarms(log: string): string[] {
  const lines = log.split('\n').slice(0, -1);
  const all = lines.map((line) => JSON.parse(line) as { where?: string; err?: { message?: string } });
  return all.flatMap(({ where, err }) => (where === 'watchdog' ? [err?.message ?? ''] : []));
}
