import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Tidings, TidingsError } from '../../sdk/src/client.ts';
import { type Service, service } from '../faces/bed.ts';
import { httpReceiver } from '../kit/http-receiver.ts';
import { closedPort } from '../kit/mail-server.ts';

/** The client on the real service, in this process. */
describe('the client on the service', () => {
  let running: Service;
  let tidings: Tidings;
  before(async () => {
    running = await service({ API_KEYS: 'key-1', MAX_RETRY_ATTEMPTS: '1' });
    tidings = new Tidings({ baseUrl: running.url, apiKey: 'key-1' });
  });
  after(() => running.stop());

  const fails = (promise: Promise<unknown>, code: string) =>
    assert.rejects(promise, (error) => error instanceof TidingsError && error.code === code);

  test('sends, waits for the end, and looks at what was sent', async () => {
    const { id } = await tidings.send({ recipient: 'user@example.com', title: 'Hello', message: 'Hi', tags: ['a'] });
    const done = await tidings.waitUntilDone(id, { timeout: 10_000 });
    assert.equal(done.status, 'sent');
    assert.equal(done.attempts[0]?.provider, 'sandbox');
    assert.deepEqual(await tidings.get(id), done);
    assert.deepEqual(
      (await tidings.list({ tag: 'a' }).take(9)).map((one) => one.id),
      [id],
    );
    const { by_status } = await tidings.stats({ window: '1h' });
    assert.ok((by_status.sent ?? 0) >= 1);
  });

  test('sends the same once, by its key', async () => {
    const hello = { recipient: 'user@example.com', message: 'Hi' };
    const [one, two] = await Promise.all([0, 1].map(() => tidings.send(hello, { idempotencyKey: 'order-1' })));
    assert.equal(one?.id, two?.id);
    await fails(tidings.send({ ...hello, message: 'Other' }, { idempotencyKey: 'order-1' }), 'idempotency_mismatch');
  });

  test('sends to many, and many at once', async () => {
    const { accepted, notifications } = await tidings.send({
      recipients: ['a@example.com', 'b@example.com'],
      message: 'Hi',
    });
    assert.deepEqual([accepted, notifications.length], [2, 2]);
    const batch = await tidings.sendBatch([
      { recipient: 'a@example.com', message: 'Hi', idempotency_key: 'own' },
      { recipient: 'nobody@', message: 'Hi' },
      { recipient: 'b@example.com', message: 'Hi' },
    ]);
    assert.deepEqual([batch.accepted, batch.rejected], [2, 1]);
    assert.equal(batch.results[1]?.error?.errors?.[0]?.code, 'invalid_email');
  });

  test('reschedules, cancels and retries, and tells why not', async () => {
    const { id, status } = await tidings.send({ recipient: 'user@example.com', message: 'Later', delay: '1d' });
    assert.equal(status, 'scheduled');
    const sendAt = new Date(Date.now() + 3_600_000);
    assert.equal((await tidings.reschedule(id, sendAt)).send_at, sendAt.toISOString());
    await tidings.cancel(id);
    await tidings.cancel(id);
    await fails(tidings.reschedule(id, sendAt), 'not_scheduled');
    await tidings.retry(id);
    await fails(tidings.waitUntilDone(id, { timeout: 200 }), 'timeout');
    await fails(tidings.retry('00000000-0000-7000-8000-000000000000'), 'not_found');
  });

  test('goes through dead letters page by page, starts them afresh and sets them aside', async () => {
    const recipients = Array.from({ length: 5 }, () => 'bounce@sandbox.test');
    const { notifications } = await tidings.send({ recipients, message: 'No' });
    for (const id of notifications) assert.equal((await tidings.waitUntilDone(id)).status, 'failed');
    const sizes: number[] = [];
    for await (const page of tidings.deadLetters.list({ limit: 2 }).pages()) sizes.push(page.data.length);
    assert.deepEqual(sizes, [2, 2, 1]);
    const filter = { code: 'recipient_unreachable' };
    const { deadLetters } = tidings;
    assert.deepEqual(await deadLetters.retry(filter, { dryRun: true }), { matched: 5, retried: 0, next_cursor: null });
    const part = await deadLetters.retry(filter, { limit: 3 });
    assert.deepEqual([part.matched, part.retried], [3, 3]);
    const rest = await deadLetters.retry(filter, { limit: 3, cursor: part.next_cursor ?? undefined });
    assert.deepEqual(rest, { matched: 2, retried: 2, next_cursor: null });
    const foreign = part.next_cursor ?? undefined;
    await fails(deadLetters.retry({ code: 'timeout' }, { cursor: foreign }), 'invalid_cursor');
    for (const id of notifications) await tidings.waitUntilDone(id);
    const [letter] = await tidings.deadLetters.list().take(1);
    await tidings.deadLetters.discard(letter?.id ?? '');
    assert.equal((await tidings.deadLetters.list().take(9)).length, 4);
  });

  test('reads and marks the inbox of a user whose id is awkward', async () => {
    const inbox = tidings.inbox('a/b?c d');
    for (const message of ['One', 'Two']) {
      const { id } = await tidings.send({ recipient: { user_id: inbox.userId }, message, channels: ['in_app'] });
      await tidings.waitUntilDone(id);
    }
    assert.deepEqual(await inbox.counts(), { total: 2, unread: 2, unseen: 2 });
    const [newest] = await inbox.list({ limit: 1 }).take(1);
    assert.equal(newest?.body, 'Two');
    assert.notEqual((await inbox.mark(newest?.id ?? '', 'read')).read_at, null);
    assert.deepEqual(await inbox.markMany({ as: 'read' }), {
      changed: 1,
      counts: { total: 2, unread: 0, unseen: 0 },
    });
    assert.deepEqual(await inbox.list({ status: 'unread' }).take(9), []);
  });

  test('opens the inbox of one user by a token, and nothing else', async () => {
    const { token, expires_at } = await tidings.createUserToken('user-1');
    assert.ok(Date.parse(expires_at) > Date.now());
    const ofUser = new Tidings({ baseUrl: running.url, apiKey: token });
    assert.deepEqual(await ofUser.inbox('user-1').counts(), { total: 0, unread: 0, unseen: 0 });
    await fails(ofUser.inbox('user-2').counts(), 'forbidden');
    await fails(ofUser.stats(), 'unauthorized');
  });

  test('follows no redirect, which would make a GET of a POST', async () => {
    await using elsewhere = await httpReceiver();
    elsewhere.answer('/api/v1/notifications', { status: 302, headers: { location: `${elsewhere.url}/page` } });
    const redirected = new Tidings({ baseUrl: elsewhere.url });
    await fails(redirected.send({ recipient: 'user@example.com', message: 'Hi' }), 'unexpected_answer');
    assert.equal(elsewhere.requests.length, 1);
  });

  test('tells who is not let in, and who is not there', async () => {
    await fails(new Tidings({ baseUrl: running.url, apiKey: 'wrong' }).stats(), 'unauthorized');
    await fails(new Tidings({ baseUrl: `${running.url}/elsewhere`, apiKey: 'key-1' }).stats(), 'not_found');
    await fails(
      new Tidings({ baseUrl: `http://127.0.0.1:${await closedPort()}`, retryIf: () => false }).stats(),
      'unreachable',
    );
  });
});
