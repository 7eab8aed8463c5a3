import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { atEnd } from '../kit/at-end.ts';
import { httpReceiver } from '../kit/http-receiver.ts';
import { notificationIn } from '../kit/load.ts';
import { type Service, startService } from '../kit/service.ts';
import { seen, until } from '../kit/until.ts';
import { WEBHOOK_SECRET } from '../kit/vendors.ts';
import { smallDisk } from './small-disk.ts';

/** MiB: of the disk, and what is left of it while it is short and while the results of sends must still fit. */
const DISK = 96;
const SHORT = 12;
const WAITING = 20;

interface Problem {
  readonly code: string;
  readonly detail: string;
}

test('on a full disk nothing new is taken or claimed, what is in hand is recorded, and room is all it takes to go on', async (t) => {
  const disk = await smallDisk(t, DISK);
  if (disk === null) return t.skip('this user may not mount a small disk');
  const receiver = await httpReceiver();
  atEnd(t, () => receiver.close());
  const held: ServerResponse[] = [];
  receiver.always('/held', (response) => held.push(response));
  const file = join(disk.folder, 'tidings.db');
  const service = await startService(t, {
    env: { WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true', WORKER_CONCURRENCY: '1' },
    place: { DATABASE_URL: `sqlite:${file}`, QUEUE_URL: 'database' },
  });
  const to = (path: string) => ({ recipient: { webhook_url: receiver.url + path }, message: 'Hello' });

  const inHand = await service.send(to('/held'));
  await until(receiver.received(1), () => 'nothing is sent');
  const waiting = await Promise.all(Array.from({ length: WAITING }, () => service.send(to('/hook'))));
  disk.fill(SHORT);
  await isRefused(service, to('/hook'));

  // The result of what was being sent is kept; the slot that is free now takes nothing.
  for (const response of held) response.end();
  await service.waitFor(inHand, 'sent');
  const refusals = () => service.log().filter(({ event, where }) => event === 'fault' && where === 'worker').length;
  await seen(
    () => refusals() >= 2 || undefined,
    () => 'the worker was not refused',
  );
  for (const id of waiting) assert.equal((await service.notification(id)).status, 'pending');
  assert.equal(receiver.requests.length, 1);

  disk.fill(0);
  await isRefused(service, to('/hook'));
  assert.equal((await service.get('/notifications?limit=100')).status, 200);
  assert.equal((await service.get('//health/live')).status, 200);
  const ready = await service.get<Problem>('//health/ready');
  assert.deepEqual([ready.status, ready.body.detail], [503, 'Not ready: store.']);

  const clearedAt = performance.now();
  disk.clear();
  const late = await seen(
    async () => {
      const answer = await service.post<{ readonly id: string }>('/notifications', to('/hook'));
      return answer.status === 202 ? answer.body.id : undefined;
    },
    () => 'it does not take anything again',
  );
  t.diagnostic(`accepts ${(performance.now() - clearedAt).toFixed(0)} ms after there is room`);
  const all = [inHand, ...waiting, late];
  for (const id of all) await service.waitFor(id, 'sent');
  assert.deepEqual(receiver.requests.map(notificationIn).sort(), [...all].sort(), 'each was sent once');
  const notices = service.log().filter(({ event }) => event === 'store');
  assert.deepEqual(
    notices.map(({ text }) => /MiB free|room again/.exec(String(text))?.[0]),
    ['MiB free', 'room again'],
  );

  await service.stop();
  const db = new DatabaseSync(file, { readOnly: true });
  atEnd(t, () => db.close());
  assert.deepEqual(db.prepare('PRAGMA integrity_check').all().map(Object.values), [['ok']]);
});

async function isRefused(service: Service, body: object): Promise<void> {
  const answer = await service.post<Problem>('/notifications', body);
  assert.deepEqual([answer.status, answer.body.code], [503, 'unavailable']);
  assert.match(answer.headers.get('retry-after') ?? '', /^[1-5]$/);
}
