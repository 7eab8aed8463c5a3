import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { Connection } from 'rabbitmq-client';
import { type Service, startService } from '../kit/service.ts';
import { seen } from '../kit/until.ts';

interface Listed {
  readonly id: string;
  readonly user_id: number | string;
  readonly type: string;
  readonly message: string;
  readonly status: string;
  readonly delivered: boolean;
  readonly created_at: string;
}

/** One of a user's notifications once it is as wanted. */
function listed(service: Service, user: string, id: string, isWanted: (one: Listed) => boolean): Promise<Listed> {
  let last: readonly Listed[] = [];
  return seen(
    async () => {
      last = (await service.get<Listed[]>(`//users/${user}/notifications`)).body;
      return last.find((one) => one.id === id && isWanted(one));
    },
    () => `${id} is not as wanted: ${JSON.stringify(last)}`,
  );
}

/** The first dead letter that the broker's tools see; null where there is no broker. */
async function letterAtBroker({ place: { QUEUE_URL: url } }: Service): Promise<string | null> {
  if (url === 'database') return null;
  const words = () => 'notifications_dlq is empty';
  if (url.startsWith('redis')) {
    const redis = new Redis(url);
    try {
      return await seen(async () => {
        const entries = await redis.xrange('notifications_dlq', '-', '+');
        return entries.length > 0 ? JSON.stringify(entries) : undefined;
      }, words);
    } finally {
      redis.disconnect();
    }
  }
  const rabbit = new Connection(url);
  try {
    return await seen(async () => {
      const message = await rabbit.basicGet({ queue: 'notifications_dlq', noAck: true });
      return message === undefined ? undefined : JSON.stringify(message.body);
    }, words);
  } finally {
    await rabbit.close();
  }
}

/** Each plays the client of one family of services word for word, over one service that runs on their settings. */
test('the clients of other services need another base URL and nothing else', async (t) => {
  const env = {
    MONGO_URI: 'mongodb://u:s3cret@localhost/notifications',
    SMTP_HOTS: 's3cret.example.com',
    RETRY_SCHEDULE: '20ms,20ms,20ms,20ms,20ms',
  };
  const service = await startService(t, { env });

  await t.test('POST /notifications, then polling its list', async () => {
    const made = await service.post<Listed>('//notifications', {
      user_id: 1,
      message: 'Your OTP is 123456',
      type: 'sms',
    });
    assert.equal(made.status, 201);
    const { id, created_at: createdAt, ...rest } = made.body;
    assert.deepEqual(rest, {
      user_id: 1,
      type: 'sms',
      message: 'Your OTP is 123456',
      status: 'pending',
      delivered: false,
    });
    assert.ok(Date.parse(createdAt) > Date.now() - 60_000);
    // As they do: for as long as it is pending.
    const done = await listed(service, '1', id, ({ status }) => status !== 'pending');
    assert.deepEqual(done, { ...made.body, status: 'sent', delivered: true });
  });

  await t.test('POST /notify and its rules, the messages, the health and a welcome', async () => {
    for (const [said, missing] of [
      [{ type: 'email' }, ['email']],
      [{ type: 'sms', phone: '+14155550123' }, ['user_id']],
      [{ type: 'sms', user_id: 'user123' }, ['phone']],
      [{ type: 'in_app' }, ['user_id']],
    ] as const) {
      const refused = await service.post<{ error: string }>('//notify', { ...said, message: 'Hello' });
      assert.equal(refused.status, 422);
      for (const field of missing) assert.match(refused.body.error, new RegExp(`${field}: `));
    }
    const ids: string[] = [];
    for (const said of [
      { type: 'email', email: 'user@example.com', message: 'Welcome' },
      { type: 'sms', phone: '+14155550123', user_id: 'user123', message: 'Your code' },
      { type: 'in_app', user_id: 'user123', message: 'First' },
      { type: 'in_app', user_id: 'user123', message: 'Second' },
    ]) {
      const { status, body } = await service.post<{ status: string; id: string }>('//notify', said);
      assert.deepEqual([status, body.status], [202, 'Notification queued.']);
      await service.waitFor(body.id, 'sent');
      ids.push(body.id);
    }
    const { body } = await service.get<{ user_id: string; messages: Listed[] }>('//notifications/user123');
    assert.equal(body.user_id, 'user123');
    assert.deepEqual(
      body.messages.map(({ id, message }) => [id, message]),
      [
        [ids[2], 'First'],
        [ids[3], 'Second'],
      ],
    );
    assert.equal((await service.get<{ status: string }>('//health')).body.status, 'ok');
    assert.match((await service.get<{ message: string }>('//')).body.message, /Welcome/);
  });

  await t.test('a form, figures, and the retry of what failed for good after five retries', async () => {
    const form = new URLSearchParams({
      user_id: '9',
      type: 'email',
      message: 'Hello',
      email: 'down@sandbox.test',
      phone: '',
    });
    const page = await fetch(`${service.url}/send-notification`, { method: 'POST', body: form });
    assert.equal(page.status, 200);
    const id = /Notification queued.*<code>([^<]+)</.exec(await page.text())?.[1] ?? '';
    const failed = await service.waitFor(id, 'failed');
    assert.equal(failed.attempts.length, 6, 'the first try and five retries');
    const stats = (await service.get<Record<string, number>>('//stats')).body;
    assert.deepEqual([stats.failed, stats.failed_permanently, stats.pending, stats.retrying], [1, 1, 0, 0]);
    assert.equal(stats.total, (stats.sent ?? 0) + 1);
    const letter = await letterAtBroker(service);
    if (letter !== null) assert.ok(letter.includes(id), letter);

    const again = await service.post<object>(`//notifications/${id}/retry`);
    assert.deepEqual([again.status, again.body], [200, { message: 'Retry queued', id }]);
    await service.waitFor(id, ({ status, attempts }) => status === 'failed' && attempts.length === 12);
    const nobody = await service.post<{ error: string }>('//notifications/12345/retry');
    assert.deepEqual([nobody.status, nobody.body.error], [404, 'Not found']);
  });

  await t.test('POST /api/v1/notifications with channels', async () => {
    const said = { recipient: 'user@example.com', message: 'Hello', channels: ['email', 'sms', 'telegram'] };
    const { status, body } = await service.post<{ id: string; status: string; created_at: string }>(
      '/notifications',
      said,
    );
    assert.deepEqual([status, body.status, Object.keys(body)], [202, 'pending', ['id', 'status', 'created_at']]);
    const shown = await service.waitFor(body.id, 'sent');
    assert.equal(shown.channel_used, 'email');
    assert.deepEqual(
      shown.attempts.map(({ channel, outcome }) => [channel, outcome]).filter(([, outcome]) => outcome === 'accepted'),
      [['email', 'accepted']],
    );
  });

  await t.test('and the start has said which settings are not used, without their values', () => {
    const said = service.log().filter(({ event }) => event === 'settings');
    const texts = said.map(({ text }) => String(text)).join('\n');
    assert.match(texts, /MONGO_URI is not used/);
    assert.match(texts, /SMTP_HOTS is not a setting; did you mean SMTP_HOST\?/);
    assert.doesNotMatch(service.stderr + service.stdout, /s3cret/);
  });
});

describe('a client that expects failures', () => {
  test('sees in-app messages delivered, and the others delivered or failed after three tries', async (t) => {
    const env = { SANDBOX_FAILURE_RATE: '0.3', MAX_RETRY_ATTEMPTS: '3', RETRY_BACKOFF_BASE: '0.05' };
    const service = await startService(t, { env });
    const ids = { inapp: [] as string[], email: [] as string[] };
    for (let n = 0; n < 30; n++) {
      for (const type of ['inapp', 'email'] as const) {
        const { body } = await service.post<Listed>('//notifications', { user_id: 2, message: `Message ${n}`, type });
        assert.deepEqual([body.type, body.delivered], [type, false]);
        ids[type].push(body.id);
      }
    }
    const done = await seen(
      async () => {
        const list = (await service.get<Listed[]>('//users/2/notifications')).body;
        return list.every(({ status }) => status === 'sent' || status === 'failed') ? list : undefined;
      },
      () => 'not all of them end',
    );
    assert.deepEqual(done.map(({ id }) => id).toSorted(), [...ids.inapp, ...ids.email].toSorted());
    let tries = 0;
    for (const { id, type, status, delivered } of done) {
      assert.equal(delivered, status === 'sent');
      if (type === 'inapp') assert.ok(delivered, id);
      else {
        const { attempts } = await service.notification(id);
        tries += attempts.length;
        assert.ok(delivered ? attempts.length <= 3 : attempts.length === 3, `${id} ${attempts.length}`);
      }
    }
    assert.ok(tries > ids.email.length, 'with 30 % of failures one in 30 fails');
  });
});
