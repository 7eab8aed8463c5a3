import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { atEnd } from '../kit/at-end.ts';
import { httpReceiver } from '../kit/http-receiver.ts';
import { type Shown, startService } from '../kit/service.ts';
import { seen } from '../kit/until.ts';
import { telegramStandIn, twilioStandIn, WEBHOOK_SECRET } from '../kit/vendors.ts';
import { HTTP_ATTACKS, type HttpAttack } from './http-attacks.ts';
import { memoryOf, resetPeak } from './memory.ts';
import { rawServer } from './raw-server.ts';

const TIMEOUT = 2_000;
/** What a send may take beyond that: the provider's last word, and a machine with more to do than this. */
const GRACE = 250 + 1_500;
/** What all attacks together may cost at their peak, in MiB. Any one of three of them would cost more if it were let. */
const MEMORY = 120;

const ONCE = { retry: { max_attempts: 1 } };
const ENV = {
  WEBHOOK_SECRET,
  WEBHOOK_ALLOW_PRIVATE: 'true',
  SEND_TIMEOUT_SECONDS: String(TIMEOUT / 1_000),
  LEASE_SECONDS: '30',
  WORKER_CONCURRENCY: '64',
};

function endOf({ attempts: [attempt] }: Shown): number {
  return attempt === undefined ? Number.NaN : Date.parse(attempt.started_at) + attempt.duration_ms;
}

function inShort(shown: Shown): string {
  return shown.attempts.map(({ outcome, code }) => (code === null ? outcome : `${outcome} ${code}`)).join(', ');
}

describe('a vendor', () => {
  test('that does anything but answer well costs one attempt, a bounded time and memory, and others nothing', async (t) => {
    const twilio = await twilioStandIn(t);
    const service = await startService(t, { env: { ...ENV, ...twilio.env, LOG_LEVEL: 'warn' } });
    const servers = await Promise.all(
      HTTP_ATTACKS.map(async (attack) => ({ attack, server: await rawServer(attack.script) })),
    );
    for (const { server } of servers) atEnd(t, () => server.close());
    // It has worked once before anything is measured.
    await service.waitFor(await service.send({ recipient: { phone: '+15550100' }, message: 'Hello' }), 'sent');
    resetPeak(service.pid);
    const before = memoryOf(service.pid).now;

    const sent: { readonly attack: HttpAttack; readonly id: string }[] = [];
    for (const { attack, server } of servers) {
      const webhook_url = `${attack.secure === true ? 'https' : 'http'}://127.0.0.1:${server.port}/hook`;
      sent.push({ attack, id: await service.send({ recipient: { webhook_url }, message: 'Hello', ...ONCE }) });
    }
    const others: string[] = [];
    for (let count = 0; count < 20; count++) {
      others.push(await service.send({ recipient: { phone: `+1555010${count}` }, message: 'Hello' }));
    }

    const faults: string[] = [];
    let lastEnd = 0;
    for (const { attack, id } of sent) {
      const shown = await service.waitFor(id, ({ attempts }) => attempts.length > 0);
      const seen = inShort(shown);
      if (!attack.expected.includes(seen)) faults.push(`${attack.name}: ${seen}, ${shown.attempts[0]?.detail}`);
      const ms = shown.attempts[0]?.duration_ms ?? 0;
      if (ms > TIMEOUT + GRACE) faults.push(`${attack.name}: ${ms} ms`);
      if (shown.attempts[0]?.detail?.includes('\n') === true) faults.push(`${attack.name}: two lines`);
      lastEnd = Math.max(lastEnd, endOf(shown));
    }
    const { peak } = memoryOf(service.pid);
    t.diagnostic(`${before.toFixed(0)} MiB before, ${peak.toFixed(0)} MiB at most`);
    assert.deepEqual(faults, []);
    assert.ok(peak - before < MEMORY, `memory went from ${before} to ${peak} MiB`);
    for (const id of others) {
      const end = endOf(await service.waitFor(id, 'sent'));
      assert.ok(end < lastEnd, `a text message had to wait for a webhook: ${end - lastEnd} ms`);
    }
    const requests = servers.map(({ attack, server }) => [attack.name, server.received.split('POST /hook').length - 1]);
    assert.deepEqual(
      requests.filter(([, count]) => Number(count) > 1),
      [],
      'something was sent twice',
    );
    await seen(
      () => servers.every(({ server }) => server.open === 0) || undefined,
      () => `still open: ${servers.flatMap(({ attack, server }) => (server.open > 0 ? attack.name : [])).join(', ')}`,
    );
    assert.ok(
      service.log().every(({ level }) => Number(level) < 50),
      'there was an error in the log',
    );
  });

  test('that redirects is not followed, by a webhook nor by another provider', async (t) => {
    const elsewhere = await httpReceiver();
    atEnd(t, () => elsewhere.close());
    const receiver = await httpReceiver();
    atEnd(t, () => receiver.close());
    const env = {
      TELEGRAM_BASE_URL: receiver.url,
      TELEGRAM_BOT_TOKEN: '1234567:bot-token-of-the-test',
    };
    const service = await startService(t, { env: { ...ENV, ...env } });
    for (const status of [301, 302, 303, 307, 308]) {
      const location = `${elsewhere.url}/stolen`;
      receiver.otherwise({ status, headers: { location } });
      const hook = await service.send({
        recipient: { webhook_url: `${receiver.url}/hook` },
        message: 'Hello',
        ...ONCE,
      });
      assert.equal(inShort(await service.waitFor(hook, 'failed')), 'rejected message_rejected');
    }
    const chat = await service.send({ recipient: { telegram: '42' }, message: 'Hello', ...ONCE });
    const shown = await service.waitFor(chat, ({ attempts }) => attempts.length > 0);
    assert.match(inShort(shown), /^unknown invalid_response/);
    assert.equal(elsewhere.requests.length, 0);
  });

  test('that answers with a page, where an id is due, has perhaps sent it: nobody knows', async (t) => {
    const [twilio, telegram] = [await twilioStandIn(t), await telegramStandIn(t)];
    const service = await startService(t, { env: { ...ENV, ...twilio.env, ...telegram.env } });
    const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Log in</html>'.repeat(10_000) };
    twilio.next(page);
    telegram.next(page);
    for (const recipient of [{ phone: '+15550100' }, { telegram: '42' }]) {
      const id = await service.send({ recipient, message: 'Hello', on_unknown: 'fail' });
      const shown = await service.waitFor(id, 'failed');
      assert.equal(inShort(shown), 'unknown invalid_response');
      assert.equal(shown.deliveries[0]?.reason, 'maybe_sent');
    }
    assert.equal(twilio.requests.length + telegram.requests.length, 2);
  });
});
