import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { atEnd } from '../kit/at-end.ts';
import { serverProcess } from '../kit/server-process.ts';
import { startService } from '../kit/service.ts';
import { PROGRAM, temporaryFolder } from '../kit/tidings-process.ts';
import { seen } from '../kit/until.ts';
import { twilioStandIn, type Vendor } from '../kit/vendors.ts';
import { memoryOf, openFilesOf, resetPeak } from './memory.ts';
import { get, HEAD, rawClient } from './raw-client.ts';
import { drip } from './raw-server.ts';

/** How long a normal request may take while others misbehave, in ms: far from what it does, near to what nobody bears. */
const PATIENCE = 20_000;
/** How long all of them together may take on a machine that has more to do, in ms. */
const LONG = 60_000;

/** Five ways to be a nuisance. */
const NUISANCES: readonly ((t: TestContext, port: number) => void)[] = [
  (t, port) => void rawClient(t, port),
  (t, port) => drip(rawClient(t, port, 'GET / HTTP/1.1\r\nHost: a\r\n').socket, 'X-A: b\r\n', 200),
  (t, port) => drip(rawClient(t, port, `${HEAD}Content-Length: 9000\r\n\r\n`).socket, '{"message":', 200),
  (t, port) => void rawClient(t, port, `${HEAD}Content-Length: 250000\r\n\r\n${' '.repeat(200_000)}`),
  (t, port) => void rawClient(t, port, get('/openapi.json').repeat(300), { reads: false }),
];

async function askSlowest(url: string, times: number): Promise<number> {
  let slowest = 0;
  for (let count = 0; count < times; count++) {
    const started = performance.now();
    const response = await fetch(`${url}/api/v1/notifications`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ recipient: { phone: '+15550100' }, message: `Number ${count}` }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    assert.equal(response.status, 202);
    await response.text();
    slowest = Math.max(slowest, performance.now() - started);
  }
  return slowest;
}

/** The service with room for 64 open files. */
async function crampedService(t: TestContext, twilio: Vendor<unknown>) {
  const folder = await temporaryFolder(t);
  const env = { API_PORT: '0', RATE_LIMIT: 'off', DATABASE_URL: `sqlite:${folder}/tidings.db`, ...twilio.env };
  const command = ['--nofile=64:64', process.execPath, PROGRAM, 'start'];
  const child = serverProcess('prlimit', command, { cwd: folder, env });
  atEnd(t, () => child.end('SIGKILL'));
  const url = await seen(
    () => /^ {2}API +(\S+)\/api\/v1$/m.exec(child.output)?.[1],
    () => `it is not up: ${child.output}`,
  );
  return { child, url, port: Number(new URL(url).port) };
}

describe('many clients at once', () => {
  test('500 that misbehave cost a bounded memory and keep nobody from being served', async (t) => {
    const service = await startService(t, { env: { LOG_LEVEL: 'warn' } });
    const port = Number(new URL(service.url).port);
    await askSlowest(service.url, 50);
    const files = openFilesOf(service.pid);
    resetPeak(service.pid);
    const before = memoryOf(service.pid).now;
    for (let count = 0; count < 500; count++) NUISANCES[count % NUISANCES.length]?.(t, port);
    const slowest = await askSlowest(service.url, 100);
    await seen(
      () => openFilesOf(service.pid) <= files + 2 || undefined,
      () => `${openFilesOf(service.pid)} files are open, and were ${files}`,
      LONG,
    );
    const { now, peak } = memoryOf(service.pid);
    t.diagnostic(`${before.toFixed(0)} MiB before, ${peak.toFixed(0)} at most, ${now.toFixed(0)} after`);
    t.diagnostic(`slowest of 100 requests: ${slowest.toFixed(0)} ms`);
    assert.ok(peak - before < 400, `memory went from ${before} to ${peak} MiB`);
    assert.ok(
      service.log().every(({ level }) => Number(level) < 50),
      'there was an error in the log',
    );
  });

  test('3,000 that are idle cost a bounded memory', async (t) => {
    const service = await startService(t, { env: { LOG_LEVEL: 'warn' } });
    const port = Number(new URL(service.url).port);
    await askSlowest(service.url, 50);
    const before = memoryOf(service.pid).now;
    const clients = Array.from({ length: 3_000 }, () => rawClient(t, port, get('/health/live')));
    await seen(
      () => clients.every(({ answer }) => answer.includes('200 OK')) || undefined,
      () => `${clients.filter(({ answer }) => answer === '').length} have no answer`,
      LONG,
    );
    const grown = memoryOf(service.pid).now - before;
    t.diagnostic(`${((grown * 1024) / clients.length).toFixed(1)} KiB each`);
    assert.ok(grown < 150, `3,000 connections cost ${grown} MiB`);
    assert.ok((await askSlowest(service.url, 20)) < PATIENCE);
    for (const { socket } of clients) socket.destroy();
  });

  test('more than there are file descriptors for are refused; vendors are called all the while, and all is well after', async (t) => {
    const twilio = await twilioStandIn(t);
    const { child, url, port } = await crampedService(t, twilio);
    await askSlowest(url, 2);
    await twilio.taken(2);
    const later = { recipient: { phone: '+15550100' }, message: 'Later', delay: '2s' };
    const headers = { 'content-type': 'application/json' };
    await fetch(`${url}/api/v1/notifications`, { method: 'POST', headers, body: JSON.stringify(later) });
    const clients = Array.from({ length: 200 }, () => rawClient(t, port));
    await seen(
      () => clients.filter(({ isClosed }) => isClosed).length >= 150 || undefined,
      () => 'they are not refused',
    );
    const held = clients.filter(({ isClosed }) => !isClosed).length;
    t.diagnostic(`${held} were let in, ${openFilesOf(child.pid)} files are open`);
    assert.ok(held > 10 && openFilesOf(child.pid) < 64, 'there is nothing left for vendors');
    await twilio.taken(3);
    t.diagnostic(`${clients.filter(({ isClosed }) => !isClosed).length} were in the way of a message that was due`);
    for (const { socket } of clients) socket.destroy();
    await seen(
      () => askSlowest(url, 3).catch(() => undefined),
      () => 'it does not recover',
    );
    await twilio.taken(6);
    assert.ok(child.running, child.output);
  });
});
