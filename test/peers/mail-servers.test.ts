import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { smtp } from '../../src/channels/email/smtp.ts';
import type { EmailMessage } from '../../src/channels/provider.ts';
import type { Outcome } from '../../src/domain/outcome.ts';
import { readSettings } from '../../src/domain/settings.ts';
import { atEnd } from '../kit/at-end.ts';
import { mailSettings } from '../kit/mail-server.ts';
import { providerParts, sendContext } from '../kit/provider-parts.ts';
import { startService } from '../kit/service.ts';
import { seen } from '../kit/until.ts';
import { twilioStandIn } from '../kit/vendors.ts';
import { MAIL_ATTACKS, type MailAttack } from './mail-attacks.ts';
import { memoryOf, resetPeak } from './memory.ts';
import { rawServer } from './raw-server.ts';

const TIMEOUT = 1_500;
/** What a send may take beyond that: the provider's last word, and a machine with more to do than this. */
const GRACE = 250 + 1_500;
/** In MiB. */
const MEMORY = 120;
const PASSWORD = 'canary-mail-password-7d1';

const mail: EmailMessage = {
  ...{ channel: 'email', to: 'user@example.com', from: null, replyTo: null, cc: [], bcc: [] },
  ...{ subject: 'Hello', text: 'Hello', html: '', headers: {}, attachments: [], messageId: 'm-1' },
};

function shown(outcome: Outcome): string {
  return outcome.kind === 'accepted' ? 'accepted' : `${outcome.kind} ${outcome.code}`;
}

/** One send against the attack: what came of it, and in how many ms. */
async function sendAgainst({ script, env }: MailAttack) {
  await using server = await rawServer(script);
  const { values } = readSettings(smtp.settings, {
    ...{ ...mailSettings(server.port), SMTP_USER: 'user@example.com', SMTP_PASSWORD: PASSWORD },
    ...env,
  });
  assert.ok(values);
  const transport = smtp.open(values, providerParts());
  const started = performance.now();
  const outcome = await transport.send(mail, sendContext({ signal: AbortSignal.timeout(TIMEOUT) }));
  const ms = performance.now() - started;
  await seen(
    () => server.open === 0 || outcome.kind === 'accepted' || undefined,
    () => 'the connection is still open',
  );
  await transport.close();
  const { received } = server;
  return { outcome, ms, received, dots: received.split('\r\n.\r\n').length - 1 };
}

describe('a mail server', () => {
  test('that does anything but its work costs one attempt, a bounded time and memory', async (t) => {
    resetPeak(process.pid);
    const before = memoryOf(process.pid).now;
    const results = await Promise.all(MAIL_ATTACKS.map(async (attack) => ({ attack, ...(await sendAgainst(attack)) })));
    const faults: string[] = [];
    for (const { attack, outcome, ms, received, dots } of results) {
      if (!attack.expected.includes(shown(outcome))) faults.push(`${attack.name}: ${JSON.stringify(outcome)}`);
      if (ms > TIMEOUT + GRACE) faults.push(`${attack.name}: ${ms} ms`);
      if (dots > 1) faults.push(`${attack.name}: sent ${dots} times`);
      const begun = /^Subject/m.test(received);
      if (begun && outcome.kind !== 'unknown' && outcome.kind !== 'accepted')
        faults.push(`${attack.name}: begun, and ${outcome.kind}`);
      if (attack.env !== undefined && /MAIL FROM|AUTH/.test(received)) faults.push(`${attack.name}: unencrypted`);
    }
    const { peak } = memoryOf(process.pid);
    t.diagnostic(`${before.toFixed(0)} MiB before, ${peak.toFixed(0)} MiB at most`);
    assert.deepEqual(faults, []);
    assert.ok(peak - before < MEMORY, `memory went from ${before} to ${peak} MiB`);
  });

  test('that hangs up after the dot is told of as unknown once, while text messages go on', async (t) => {
    const twilio = await twilioStandIn(t);
    const attack = MAIL_ATTACKS.find(({ name }) => name === 'a close after the dot');
    assert.ok(attack);
    const server = await rawServer(attack.script);
    atEnd(t, () => server.close());
    const service = await startService(t, { env: { ...twilio.env, ...mailSettings(server.port) } });
    const mail = { recipient: { email: 'user@example.com' }, message: 'Hello', on_unknown: 'fail' };
    const id = await service.send(mail);
    const text = await service.send({ recipient: { phone: '+15550100' }, message: 'Hello' });
    const failed = await service.waitFor(id, 'failed');
    await service.waitFor(text, 'sent');
    assert.deepEqual(
      failed.attempts.map(({ outcome, code }) => [outcome, code]),
      [['unknown', 'connection_lost']],
    );
    assert.equal(failed.deliveries[0]?.reason, 'maybe_sent');
    assert.equal(server.received.split('\r\n.\r\n').length, 2);
  });
});
