import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startService } from '../kit/service.ts';
import { twilioStandIn } from '../kit/vendors.ts';

const PHONE = '+14155550123';

/** Texts that the vendor was called with, taken or not. */
function textsOf(twilio: Awaited<ReturnType<typeof twilioStandIn>>): readonly (string | null)[] {
  return twilio.requests.map(({ body }) => new URLSearchParams(body).get('Body'));
}

describe('cancel', { concurrency: 4 }, () => {
  test('before it is due means that nothing is ever sent', async (t) => {
    const twilio = await twilioStandIn(t);
    const service = await startService(t, { env: twilio.env });
    const cancelled = await service.send({ recipient: PHONE, message: 'Never', delay: '1s' });
    const later = await service.send({ recipient: PHONE, message: 'Later', delay: '1500ms' });
    const answer = await service.post<object>(`/notifications/${cancelled}/cancel`);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { result: 'cancelled' });
    assert.equal((await service.post(`/notifications/${cancelled}/cancel`)).status, 200, 'it can be said twice');
    // What was due after it has been sent: its time is over.
    await service.waitFor(later, 'sent');
    const shown = await service.notification(cancelled);
    assert.equal(shown.status, 'cancelled');
    assert.equal(shown.deliveries[0]?.reason, 'cancelled');
    assert.deepEqual(shown.attempts, []);
    assert.deepEqual(textsOf(twilio), ['Later']);
  });

  test('between two tries means that the next one is not made', async (t) => {
    const twilio = await twilioStandIn(t);
    twilio.next({ status: 500 });
    const service = await startService(t, { env: { ...twilio.env, RETRY_SCHEDULE: '1s' } });
    const cancelled = await service.send({ recipient: PHONE, message: 'Once' });
    await service.waitFor(cancelled, 'retrying');
    assert.equal((await service.post(`/notifications/${cancelled}/cancel`)).status, 200);
    const later = await service.send({ recipient: PHONE, message: 'Later', delay: '1500ms' });
    await service.waitFor(later, 'sent');
    assert.equal((await service.notification(cancelled)).status, 'cancelled');
    assert.deepEqual(textsOf(twilio), ['Once', 'Later']);
  });

  test('comes too late for what was sent', async (t) => {
    const service = await startService(t);
    const id = await service.send({ recipient: PHONE, message: 'Gone' });
    await service.waitFor(id, 'sent');
    const answer = await service.post<{ code: string }>(`/notifications/${id}/cancel`);
    assert.equal(answer.status, 409);
    assert.equal(answer.body.code, 'too_late');
    assert.equal((await service.notification(id)).status, 'sent');
  });

  test('can be taken back with retry', async (t) => {
    const service = await startService(t);
    const id = await service.send({ recipient: PHONE, message: 'After all', delay: '1h' });
    await service.post(`/notifications/${id}/cancel`);
    assert.equal((await service.post(`/notifications/${id}/retry`)).status, 202);
    await service.waitFor(id, 'scheduled');
    await service.patch(`/notifications/${id}`, { send_at: new Date().toISOString() });
    await service.waitFor(id, 'sent');
  });
});

describe('past its expiry', { concurrency: 4 }, () => {
  test('nothing is tried again, and it is not a dead letter', async (t) => {
    const twilio = await twilioStandIn(t);
    twilio.always({ status: 500 });
    const schedule = Array.from({ length: 40 }, () => '100ms').join();
    const service = await startService(t, { env: { ...twilio.env, RETRY_SCHEDULE: schedule } });
    const id = await service.send({ recipient: PHONE, message: 'Soon', ttl: '2s' });
    const shown = await service.waitFor(id, 'expired');
    assert.equal(shown.deliveries[0]?.reason, 'expired');
    const expiry = Date.parse(shown.created_at) + 2_000;
    assert.ok(twilio.calledAt.length >= 3, `only ${twilio.calledAt.length} tries`);
    // Between the last look at the clock and the vendor's lies the way to it, on a machine that does other things.
    for (const at of twilio.calledAt) assert.ok(at <= expiry + 250, `called ${at - expiry} ms after the expiry`);
    for (const { started_at } of shown.attempts) assert.ok(Date.parse(started_at) < expiry, `begun at ${started_at}`);
    // One that was begun in time and could not be handed over in time is in the log, and called nobody.
    const called = shown.attempts.filter(({ outcome, code }) => outcome !== 'deferred' || code === 'provider_error');
    assert.equal(called.length, twilio.calledAt.length, JSON.stringify(shown.attempts));
    assert.deepEqual((await service.get<{ data: unknown[] }>('/dead-letters')).body.data, []);
  });

  test('a retry that would come too late is not waited for', async (t) => {
    const twilio = await twilioStandIn(t);
    twilio.always({ status: 500 });
    const service = await startService(t, { env: { ...twilio.env, RETRY_SCHEDULE: '1h' } });
    // Time enough for the first try, on whatever machine.
    const expires_at = new Date(Date.now() + 4_000).toISOString();
    const id = await service.send({ recipient: PHONE, message: 'Soon', expires_at });
    const shown = await service.waitFor(id, 'expired');
    assert.equal(shown.attempts.length, 1);
    assert.ok(Date.now() >= Date.parse(expires_at));
  });

  test('what no worker took in time is not sent by a later one, nor by a retry', async (t) => {
    const twilio = await twilioStandIn(t);
    const api = await startService(t, { command: 'api', env: twilio.env });
    const id = await api.send({ recipient: PHONE, message: 'Now or never', ttl: '200ms' });
    const other = await api.send({ recipient: PHONE, message: 'Any time', delay: '300ms' });
    await startService(t, { command: 'worker', env: twilio.env, place: api.place });
    await api.waitFor(other, 'sent');
    await api.waitFor(id, 'expired');
    assert.equal((await api.post(`/notifications/${id}/retry`)).status, 202);
    await api.waitFor(id, 'expired');
    assert.deepEqual(textsOf(twilio), ['Any time']);
  });
});
