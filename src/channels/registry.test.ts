import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { providerParts, sendContext } from '../../test/kit/provider-parts.ts';
import { CHANNELS, type Channel } from '../domain/channel.ts';
import { allSettings, openPlan, PROVIDERS, readChannels } from './registry.ts';

const TWILIO = { TWILIO_ACCOUNT_SID: 'AC1', TWILIO_AUTH_TOKEN: 't', TWILIO_FROM_NUMBER: '+15005550006' };
const SMTP = { SMTP_HOST: 'mail.example.com' };
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const SENDGRID = { SENDGRID_API_KEY: 'SG.x', SENDGRID_FROM: 'a@example.com' };

function ids(env: Record<string, string>, channel: Channel): readonly string[] {
  const { plan, faults } = readChannels(env);
  assert.deepEqual(faults, []);
  return (plan.get(channel) ?? []).map(({ id }) => id);
}

function faultyEnvs(env: Record<string, string>): readonly string[] {
  return readChannels(env).faults.map((fault) => fault.env);
}

describe('without settings', () => {
  it('every channel is sandboxed but the inbox', async () => {
    const channels = openPlan(readChannels({}).plan, providerParts());
    assert.deepEqual([...channels.sandboxed].sort(), CHANNELS.filter((channel) => channel !== 'in_app').sort());
    assert.deepEqual(
      channels.transports('in_app').map(({ id }) => id),
      ['inbox'],
    );
    await channels.close();
  });
});

describe('a provider', () => {
  it('is live with all its required settings, in the order of failover', () => {
    assert.deepEqual(ids(SMTP, 'email'), ['smtp']);
    assert.deepEqual(ids({ ...SENDGRID, ...SMTP }, 'email'), ['smtp', 'sendgrid']);
    assert.deepEqual(ids({ ...SENDGRID, ...SMTP, EMAIL_PROVIDERS: 'sendgrid, smtp' }, 'email'), ['sendgrid', 'smtp']);
    assert.deepEqual(ids({ ...SENDGRID, ...SMTP, EMAIL_PROVIDERS: 'smtp' }, 'email'), ['smtp']);
    assert.deepEqual(ids(TWILIO, 'sms'), ['twilio']);
  });

  it('that calls a host over HTTP makes as many sends to it at once as its client has connections', async () => {
    const env = { ...SENDGRID, ...TWILIO, TELEGRAM_BOT_TOKEN: `1:${'a'.repeat(35)}`, WEBHOOK_SECRET };
    const { plan, faults } = readChannels(env);
    assert.deepEqual(faults, []);
    const http = { post: () => Promise.reject(new Error('nobody is called')), allowsUrl: () => true, connections: 7 };
    const channels = openPlan(plan, providerParts({ http, guardedHttp: http }));
    const over = (['email', 'sms', 'telegram', 'webhook'] as const).flatMap((channel) => channels.transports(channel));
    assert.deepEqual(
      over.map(({ account, transport }) => [account, transport.concurrency]),
      ['email/sendgrid', 'sms/twilio', 'telegram/telegram', 'webhook/webhook'].map((account) => [account, 7]),
    );
    await channels.close();
  });

  it('that is half set up is a fault that names all that is missing', () => {
    assert.deepEqual(faultyEnvs({ TWILIO_ACCOUNT_SID: 'AC1' }), ['TWILIO_AUTH_TOKEN', 'TWILIO_FROM_NUMBER']);
    assert.deepEqual(faultyEnvs({ SMTP_USER: 'u' }), ['SMTP_HOST']);
    assert.deepEqual(faultyEnvs({ SENDGRID_FROM: 'a@example.com' }), ['SENDGRID_API_KEY']);
    assert.deepEqual(faultyEnvs({ ...SMTP, SMTP_USER: 'u' }), ['SMTP_PASSWORD']);
    assert.deepEqual(faultyEnvs({ SENDGRID_API_KEY: 'SG.x' }), ['SENDGRID_FROM']);
  });

  it('is not meant by a setting that has a default', () => {
    assert.deepEqual(
      faultyEnvs({ SMTP_PORT: '2525', WEBHOOK_ALLOW_PRIVATE: 'true', TWILIO_BASE_URL: 'http://127.0.0.1' }),
      [],
    );
  });

  it('shares SMTP_FROM without a claim to it', () => {
    assert.deepEqual(ids({ SENDGRID_API_KEY: 'SG.x', SMTP_FROM: 'a@example.com' }, 'email'), ['sendgrid']);
    assert.deepEqual(ids({ ...SMTP, SMTP_FROM: 'a@example.com' }, 'email'), ['smtp']);
    assert.deepEqual(faultyEnvs({ SMTP_FROM: 'a@example.com' }), ['SMTP_HOST']);
  });

  it('with a wrong value is a fault once, and no secret is shown', () => {
    const env = { ...SMTP, SMTP_PORT: '0', EMAIL_PROVIDERS: 'smtp', TELEGRAM_BOT_TOKEN: 'hunter2 hunter2' };
    const { faults } = readChannels(env);
    assert.deepEqual(faults.map(({ env }) => env).sort(), ['SMTP_PORT', 'TELEGRAM_BOT_TOKEN']);
    assert.doesNotMatch(JSON.stringify(faults), /hunter2/);
  });
});

describe('an order', () => {
  it('may name the sandbox, alone or last', async () => {
    assert.deepEqual(ids({ ...SMTP, EMAIL_PROVIDERS: 'smtp,sandbox' }, 'email'), ['smtp', 'sandbox']);
    const only = openPlan(readChannels({ ...SMTP, EMAIL_PROVIDERS: 'sandbox' }).plan, providerParts());
    assert.ok(only.sandboxed.has('email'));
    const both = openPlan(readChannels({ ...SMTP, EMAIL_PROVIDERS: 'smtp,sandbox' }).plan, providerParts());
    assert.ok(!both.sandboxed.has('email'));
    await Promise.all([only.close(), both.close()]);
  });

  it('that names what is unknown or not set up is a fault', () => {
    assert.deepEqual(faultyEnvs({ EMAIL_PROVIDERS: 'smpt' }), ['EMAIL_PROVIDERS']);
    assert.deepEqual(faultyEnvs({ EMAIL_PROVIDERS: 'smtp' }), ['EMAIL_PROVIDERS']);
    assert.deepEqual(faultyEnvs({ SMS_PROVIDERS: 'smtp' }), ['SMS_PROVIDERS']);
  });
});

it('a wrong failure rate is one fault, not one a channel', () => {
  assert.deepEqual(faultyEnvs({ SANDBOX_FAILURE_RATE: '2' }), ['SANDBOX_FAILURE_RATE']);
});

it('an opened plan sends', async () => {
  const parts = providerParts();
  const channels = openPlan(readChannels({}).plan, parts);
  const [sms] = channels.transports('sms');
  const outcome = await sms?.transport.send({ channel: 'sms', to: '+4915112345678', text: 'x' }, sendContext());
  assert.equal(outcome?.kind, 'accepted');
  assert.equal(parts.sandboxMessages.length, 1);
  await channels.close();
});

it('ids are unique within a channel, and every setting has a sentence', () => {
  const names = PROVIDERS.map(({ channel, id }) => `${channel} ${id}`);
  assert.equal(new Set(names).size, names.length);
  for (const { settings } of allSettings()) for (const { doc } of settings) assert.match(doc, /^\S.*\.$/);
});

it('nothing here reaches the network by HTTP but http-client.ts', () => {
  const here = import.meta.dirname;
  const files = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  );
  const culprits = files.filter((file) =>
    /from '(?:undici|(?:node:)?https?2?)'|import\((?!'nodemailer\/lib\/(?:smtp-connection|mime-funcs)'\))|require\(|\bfetch\(|globalThis/.test(
      readFileSync(`${here}/${file}`, 'utf8'),
    ),
  );
  assert.deepEqual(culprits, ['http-client.ts']);
});
