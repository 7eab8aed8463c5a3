import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendGridEvent, sendGridSigner, twilioPost, twilioStatus, type VendorPost } from '../kit/receipts.ts';
import { type Service, startService } from '../kit/service.ts';
import { sendGridStandIn, twilioStandIn } from '../kit/vendors.ts';

const PUBLIC = 'https://tidings.example.com';

async function bring({ url }: Service, path: string, { headers, body }: VendorPost) {
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, body, signal: AbortSignal.timeout(15_000) });
  return [response.status, (await response.json()) as object] as const;
}

function took(counts: Partial<Record<'applied' | 'stale' | 'unknown' | 'ignored', number>>) {
  return [200, { applied: 0, stale: 0, unknown: 0, ignored: 0, ...counts }];
}

test('what vendors tell later arrives: delivered, bounced and on to the next channel, bounced for good', async (t) => {
  const signer = sendGridSigner();
  const [mails, texts] = await Promise.all([sendGridStandIn(t), twilioStandIn(t)]);
  const own = { PUBLIC_URL: PUBLIC, SENDGRID_WEBHOOK_PUBLIC_KEY: signer.publicKey };
  const service = await startService(t, { env: { ...mails.env, ...texts.env, ...own } });
  const recipient = { email: 'user@example.com', phone: '+4915112345678' };

  // An e-mail, which SendGrid tells of by its arguments and its id, which servers append to.
  const first = await service.send({ recipient, title: 'One', message: 'Hello', channels: ['email', 'sms'] });
  const sent = await service.waitFor(first, 'sent');
  const [mail] = mails.messages;
  const messageId = sent.attempts[0]?.provider_message_id ?? '';
  const about = { args: mail?.custom_args ?? {}, messageId };
  const tell = (...names: string[]) =>
    bring(service, '/receipts/sendgrid', signer.post(names.map((name) => sendGridEvent(name, about))));
  assert.deepEqual(await tell('processed', 'delivered', 'open'), took({ applied: 1, ignored: 2 }));
  const delivered = await service.notification(first);
  assert.equal(delivered.status, 'delivered');
  assert.equal(delivered.deliveries[0]?.channel_used, 'email');
  assert.deepEqual(await tell('delivered', 'deferred'), took({ stale: 1, ignored: 1 }), 'a repeat is harmless');

  // It comes back all the same, so the text message goes out, to which Twilio is asked to call back.
  assert.deepEqual(await tell('bounce'), took({ applied: 1 }));
  const [text] = await texts.taken(1);
  await service.waitFor(first, ({ status, deliveries }) => status === 'sent' && deliveries[0]?.channel_used === 'sms');
  const callback = (text?.statusCallback ?? '').replace(/#.*/, '');
  assert.ok(callback.startsWith(`${PUBLIC}/receipts/twilio?`), callback);
  const path = callback.slice(PUBLIC.length);
  const call = (status: string, token = texts.env.TWILIO_AUTH_TOKEN ?? '') =>
    bring(service, path, twilioPost(callback, twilioStatus(status, text?.sid ?? ''), token));
  assert.deepEqual(await call('sent'), took({ ignored: 1 }));
  const [status] = await call('delivered', 'forged');
  assert.equal(status, 403);
  assert.equal((await service.notification(first)).status, 'sent');
  assert.deepEqual(await call('undelivered'), took({ applied: 1 }));
  const failed = await service.waitFor(first, 'failed');
  assert.deepEqual([failed.deliveries[0]?.status, failed.deliveries[0]?.reason], ['failed', 'bounced']);
  assert.deepEqual(await tell('delivered'), took({ stale: 1 }), 'of an older attempt');

  // A thousand events at once, of mail that is not ours.
  const foreign = Array.from({ length: 1_000 }, () => sendGridEvent('delivered', { args: {}, messageId: 'x' }));
  assert.deepEqual(await bring(service, '/receipts/sendgrid', signer.post(foreign)), took({ unknown: 1_000 }));
  const figures = (await service.get<string>('//metrics')).body;
  assert.match(figures, /^tidings_receipts_total\{provider="sendgrid",outcome="unknown"\} 1000$/m);
  assert.match(figures, /^tidings_receipts_total\{provider="sendgrid",outcome="applied"\} 2$/m);
  assert.match(figures, /^tidings_receipts_total\{provider="twilio",outcome="forged"\} 1$/m);
});
