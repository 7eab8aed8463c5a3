import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { allSettings, readChannels } from '../channels/registry.ts';
import { ALIASES, byOwnNames, QUEUE_ALIASES, withQueue } from './aliases.ts';
import { readConfig, SETTINGS } from './config.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { readGiven } from './environment.ts';
import { settingNotices } from './notices.ts';

const KNOWN = new Set([
  ...Object.values(SETTINGS).map(({ env }) => env),
  ...allSettings().flatMap(({ settings }) => settings.map(({ env }) => env)),
]);

const named = (env: Record<string, string>) => withQueue(byOwnNames(env));

describe('the other names of settings', () => {
  test('lead to settings that there are, and are none themselves', () => {
    for (const { name, setting } of ALIASES) {
      assert.ok(KNOWN.has(setting), setting);
      assert.ok(name === setting || !KNOWN.has(name), name);
    }
    for (const name of QUEUE_ALIASES) assert.ok(!KNOWN.has(name), name);
    const names = ALIASES.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
  });

  test('give the setting its value and tell where it is from', () => {
    const { env, from } = named({ MAIL_SERVER: 'smtp.example.com', TWILIO_SID: 'AC1', TWILIO_PHONE_NUMBER: '' });
    assert.deepEqual(
      [env.SMTP_HOST, env.TWILIO_ACCOUNT_SID, env.TWILIO_FROM_NUMBER],
      ['smtp.example.com', 'AC1', undefined],
    );
    assert.deepEqual(
      [...from],
      [
        ['SMTP_HOST', 'MAIL_SERVER'],
        ['TWILIO_ACCOUNT_SID', 'TWILIO_SID'],
      ],
    );
  });

  test('yield to the setting itself, and the later to the earlier', () => {
    assert.equal(named({ EMAIL_HOST: 'a', SMTP_HOST: 'b', MAIL_SERVER: 'c' }).env.SMTP_HOST, 'b');
    assert.equal(named({ MAIL_SERVER: 'c', EMAIL_HOST: 'a' }).env.SMTP_HOST, 'a');
    assert.equal(named({ MAIL_SERVER: 'c', EMAIL_HOST: '', SMTP_HOST: ' ' }).env.SMTP_HOST, 'c');
  });

  test('bring their own words along', () => {
    assert.equal(named({ LOG_LEVEL: 'WARNING' }).env.LOG_LEVEL, 'warn');
    assert.equal(named({ LOG_LEVEL: 'CRITICAL' }).env.LOG_LEVEL, 'error');
    assert.equal(named({ LOG_LEVEL: 'Info' }).env.LOG_LEVEL, 'Info');
    assert.equal(named({ MAIL_USE_TLS: 'True' }).env.SMTP_TLS, 'starttls');
    assert.equal(named({ MAIL_USE_TLS: 'False', MAIL_USE_SSL: '1' }).env.SMTP_TLS, 'implicit');
    assert.equal(named({ EMAIL_USE_TLS: 'false' }).env.SMTP_TLS, undefined);
    assert.equal(named({ EMAIL_USE_TLS: 'true', SMTP_TLS: 'none' }).env.SMTP_TLS, 'none');
  });
});

describe('the queue', () => {
  test('is at REDIS_URL or at RABBITMQ_URL', () => {
    for (const [name, url, kind] of [
      ['REDIS_URL', 'redis://localhost:6379/0', 'redis'],
      ['RABBITMQ_URL', 'amqp://guest:guest@localhost:5672/', 'rabbitmq'],
    ] as const) {
      const { env, from } = named({ [name]: url });
      assert.deepEqual(readConfig(env).config?.queue, { kind, url });
      assert.equal(from.get('QUEUE_URL'), name);
    }
  });

  test('is asked for where both are set, unless QUEUE_URL has said it', () => {
    const both = { REDIS_URL: 'redis://:s3cret@h', RABBITMQ_URL: 'amqp://u:s3cret@h' };
    const { config, faults } = readConfig(named(both).env);
    assert.equal(config, null);
    assert.deepEqual(
      faults.map(({ env }) => env),
      ['QUEUE_URL'],
    );
    assert.match(faults[0]?.problem ?? '', /REDIS_URL and RABBITMQ_URL.*\?/);
    assert.doesNotMatch(JSON.stringify(faults), /s3cret/);
    for (const [url, kind] of [
      ['database', 'database'],
      ['redis://x', 'redis'],
      ['amqp://x', 'rabbitmq'],
    ] as const) {
      assert.equal(readConfig(named({ ...both, QUEUE_URL: url }).env).config?.queue.kind, kind);
    }
  });
});

test('a database URL may name the driver of another language', () => {
  assert.deepEqual(parseDatabaseUrl('sqlite+aiosqlite:///./notifications.db'), {
    kind: 'sqlite',
    path: './notifications.db',
  });
  assert.deepEqual(parseDatabaseUrl('sqlite+pysqlite:////data/n.db'), { kind: 'sqlite', path: '/data/n.db' });
  assert.deepEqual(parseDatabaseUrl('postgres+psycopg2://u:p@h/d'), { kind: 'postgres', url: 'postgresql://u:p@h/d' });
  assert.equal(parseDatabaseUrl('sqlite+aiosqlite:///:memory:'), undefined);
});

test('a database URL that is a MongoDB is told so, and what there is instead', () => {
  const { faults } = readConfig({ DATABASE_URL: 'mongodb+srv://u:s3cret@h/x' });
  assert.deepEqual(
    faults.map(({ env }) => env),
    ['DATABASE_URL'],
  );
  assert.match(faults[0]?.problem ?? '', /MongoDB.*SQLite.*postgres:/);
  assert.doesNotMatch(JSON.stringify(faults), /s3cret/);
});

describe('a .env of each family of services', () => {
  const CREDENTIALS =
    'TWILIO_AUTH_TOKEN=s3cret-token\nTELEGRAM_BOT_TOKEN=123456:s3cret-0123456789abcdefghijklmnopqrst\n';
  const families = {
    'FastAPI, polling, SQLite': `DATABASE_URL=sqlite:///./notifications.db
SMTP_HOST=smtp.example.com
SMTP_PORT=587
SMTP_USERNAME=me@example.com
SMTP_PASSWORD="s3cret pass"
TWILIO_SID=AC00000000000000000000000000000001
TWILIO_PHONE_NUMBER=+15005550006
${CREDENTIALS}`,
    'FastAPI, asynchronous': `DATABASE_URL=sqlite+aiosqlite:///./notifications.db
EMAIL_HOST=smtp.example.com
EMAIL_PORT=465
EMAIL_USERNAME=me@example.com
EMAIL_PASSWORD=s3cret
EMAIL_FROM="Me <me@example.com>"
MAX_RETRY_ATTEMPTS=3
RETRY_BACKOFF_BASE=2
API_HOST=127.0.0.1
API_PORT=8000
LOG_LEVEL=INFO
`,
    'RabbitMQ and MongoDB': `RABBITMQ_URL=amqp://guest:s3cret@localhost:5672/
MONGO_URI=mongodb://u:s3cret@localhost:27017/notifications
MAIL_SERVER=smtp.example.com
MAIL_PORT=587
MAIL_USE_TLS=True
MAIL_USERNAME=me@example.com
MAIL_PASSWORD=s3cret
PORT=5000
`,
    'Flask, RQ': `export REDIS_URL='redis://:s3cret@localhost:6379/0'
SQLALCHEMY_DATABASE_URI=postgresql+psycopg2://u:s3cret@localhost/notifications
SECRET_KEY=s3cret
LOG_LEVEL=WARNING
`,
    'PostgreSQL, channels': `DATABASE_URL=postgresql+asyncpg://u:s3cret@localhost:5432/notifications
REDIS_URL=redis://localhost:6379
SMTP_HOST=smtp.example.com
SMTP_USER=me@example.com
SMTP_PASSWORD=s3cret
TWILIO_ACCOUNT_SID=AC00000000000000000000000000000001
TWILIO_FROM_NUMBER=+15005550006
${CREDENTIALS}`,
  };
  for (const [family, text] of Object.entries(families)) {
    test(`works as it is: ${family}`, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'tidings-config-'));
      t.after(() => rm(folder, { recursive: true }));
      await writeFile(join(folder, '.env'), text);
      const given = readGiven(folder);
      const { faults } = readConfig(given.env);
      const { plan, faults: others } = readChannels(given.env);
      assert.deepEqual([...faults, ...others], []);
      const live = (channel: 'email' | 'sms') => plan.get(channel)?.map(({ id }) => id);
      if (/smtp\.example/.test(text)) assert.deepEqual(live('email'), ['smtp']);
      if (/TWILIO/.test(text)) assert.deepEqual(live('sms'), ['twilio']);
      const notices = settingNotices(given, [...KNOWN]);
      assert.doesNotMatch(notices.join('\n'), /s3cret/);
      assert.equal(
        notices.some((notice) => /MongoDB.*DATABASE_URL/.test(notice)),
        family.includes('MongoDB'),
      );
      assert.equal(
        notices.some((notice) => notice.includes('SECRET_KEY')),
        family.includes('Flask'),
      );
    });
  }
});
