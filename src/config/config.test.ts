import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CHANNELS } from '../domain/channel.ts';
import { backoff, DEFAULT_SCHEDULE, MAX_ROUNDS } from '../domain/retry-policy.ts';
import type { Env } from '../domain/settings.ts';
import { type Config, isLoopback, readConfig } from './config.ts';
import { parseDatabaseUrl } from './database-url.ts';
import { readEnvironment } from './environment.ts';
import { parseQueueUrl } from './queue-url.ts';

const MINUTE = 60_000;

describe('a configuration', () => {
  test('is whole without any setting', () => {
    assert.deepEqual(read({}), {
      host: '127.0.0.1',
      port: 8000,
      metricsPort: null,
      publicUrl: null,
      database: { kind: 'sqlite', path: './data/tidings.db' },
      databasePool: 10,
      queue: { kind: 'database' },
      logLevel: 'info',
      logFormat: 'auto',
      defaultChannels: CHANNELS,
      retry: { rounds: 6, delays: DEFAULT_SCHEDULE },
      leaseMs: 30_000,
      sendTimeout: 15_000,
      concurrency: 64,
      connectionsPerHost: 64,
      retention: {},
      drainMs: 0,
      apiKeys: [],
      tokenSecrets: [],
      tokenTtl: 15 * MINUTE,
      inboxOrigins: [],
      rateLimit: { count: 600, period: MINUTE },
      rateLimitUrl: null,
      trustedProxies: [],
      tracing: null,
    });
  });

  test('cannot be changed afterwards', () => {
    assert.ok(Object.isFrozen(read({})));
  });

  test('takes an empty value for none, and blanks around a value for nothing', () => {
    assert.equal(read({ API_PORT: '', PORT: ' 9001 ' }).port, 9001);
  });

  test('lets API_PORT win over PORT, and 0 take a free one', () => {
    assert.equal(read({ API_PORT: '9002', PORT: '9001' }).port, 9002);
    assert.equal(read({ API_PORT: '0', PORT: '9001' }).port, 0);
  });

  test('keeps what has ended for as long as is said, and for ever what nothing is said of', () => {
    const DAY = 86_400_000;
    const days = (env: Env) =>
      Object.fromEntries(Object.entries(read(env).retention).map(([status, ms]) => [status, ms / DAY]));
    const all = { delivered: 30, sent: 30, failed: 30, expired: 30, suppressed: 30, cancelled: 30 };
    assert.deepEqual(days({ RETENTION_DAYS: '30' }), all);
    assert.deepEqual(days({ RETENTION_DAYS: '30', RETENTION_DAYS_BY_STATUS: 'failed=365, expired = 7' }), {
      ...{ ...all, failed: 365 },
      expired: 7,
    });
    const { failed: _, ...rest } = all;
    assert.deepEqual(days({ RETENTION_DAYS: '30', RETENTION_DAYS_BY_STATUS: 'failed=0' }), rest);
    assert.deepEqual(days({ RETENTION_DAYS_BY_STATUS: 'sent=1' }), { sent: 1 });
    for (const wrong of [
      'sending=1',
      'sent',
      'sent=',
      'sent=-1',
      'sent=1.5',
      'sent=1,sent=2',
      'sent=36501',
      'sent=30d',
    ]) {
      const { config, faults } = readConfig({ RETENTION_DAYS_BY_STATUS: wrong });
      assert.deepEqual([config, faults.map(({ env }) => env)], [null, ['RETENTION_DAYS_BY_STATUS']], wrong);
    }
  });

  test('reads channels, keys and choices', () => {
    const config = read({
      DEFAULT_CHANNELS: ' sms, email,sms ,',
      API_KEYS: 'key-1,key-2',
      LOG_LEVEL: 'DEBUG',
      LOG_FORMAT: 'json',
      QUEUE_URL: 'database',
    });
    assert.deepEqual(config.defaultChannels, ['sms', 'email']);
    assert.deepEqual(config.apiKeys, ['key-1', 'key-2']);
    assert.deepEqual([config.logLevel, config.logFormat], ['debug', 'json']);
  });
});

describe('faults', () => {
  test('are all named at once, with the setting and what it must look like', () => {
    const env = {
      API_HOST: 'not a host',
      API_PORT: '65536',
      PORT: 'http',
      DATABASE_URL: 'mysql://localhost/x',
      QUEUE_URL: 'kafka://localhost',
      LOG_LEVEL: 'loud',
      LOG_FORMAT: 'xml',
      DEFAULT_CHANNELS: 'email,fax',
      RETRY_SCHEDULE: '30 seconds',
      MAX_RETRY_ATTEMPTS: '0',
      RETRY_BACKOFF_BASE: '-1',
      LEASE_SECONDS: '1',
      SEND_TIMEOUT_SECONDS: '0.5',
      WORKER_CONCURRENCY: '1e3',
      AUTH: 'maybe',
      RATE_LIMIT: '600',
      RATE_LIMIT_URL: 'amqp://localhost',
      TRUSTED_PROXIES: '10.0.0.0/33',
    };
    const faults = faultsOf(env);
    assert.deepEqual(faults.map(({ env }) => env).toSorted(), Object.keys(env).toSorted());
    for (const { env: name, problem } of faults) {
      const value = Object.entries(env).find(([key]) => key === name)?.[1];
      assert.ok(problem.startsWith(`${JSON.stringify(value)} is not `), `${name} ${problem}`);
    }
    const port = faults.find(({ env }) => env === 'API_PORT');
    assert.equal(port?.problem, '"65536" is not a whole number from 0 to 65535');
  });

  test('never show the value of a secret', () => {
    const [fault] = faultsOf({ API_KEYS: 'canary with blanks' });
    assert.equal(fault?.env, 'API_KEYS');
    assert.doesNotMatch(fault.problem, /canary/);
  });

  test('between settings are all named at once too', () => {
    const faults = faultsOf({
      LEASE_SECONDS: '29',
      RETRY_SCHEDULE: '1s',
      RETRY_BACKOFF_BASE: '2',
      API_HOST: '0.0.0.0',
    });
    assert.deepEqual(faults.map(({ env }) => env).toSorted(), ['API_KEYS', 'LEASE_SECONDS', 'RETRY_BACKOFF_BASE']);
  });
});

describe('a lease', () => {
  test('of less than twice the longest send is refused', () => {
    assert.deepEqual(
      faultsOf({ LEASE_SECONDS: '59', SEND_TIMEOUT_SECONDS: '30' }).map(({ env }) => env),
      ['LEASE_SECONDS'],
    );
    const { leaseMs, sendTimeout } = read({ LEASE_SECONDS: '60', SEND_TIMEOUT_SECONDS: '30' });
    assert.deepEqual([leaseMs, sendTimeout], [MINUTE, 30_000]);
  });
});

describe('an address that others can reach', () => {
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.com', '127.example.com', '1127.0.0.1']) {
    test(`(${host}) needs keys, or a clear word that none are wanted`, () => {
      const [fault] = faultsOf({ API_HOST: host });
      assert.equal(fault?.env, 'API_KEYS');
      assert.ok(fault.problem.includes(host));
      assert.equal(faultsOf({ API_HOST: host, AUTH: 'on' }).length, 1);
      assert.equal(faultsOf({ API_HOST: host, API_KEYS: ' , ' }).length, 1);
      assert.deepEqual(read({ API_HOST: host, API_KEYS: 'key-1' }).apiKeys, ['key-1']);
      assert.deepEqual(read({ API_HOST: host, AUTH: 'off' }).apiKeys, []);
    });
  }

  for (const host of ['127.0.0.1', '127.1.2.3', '::1', '[::1]', 'localhost']) {
    test(`is not ${host}: there no key is needed`, () => {
      assert.ok(isLoopback(read({ API_HOST: host }).host));
    });
  }

  test('stays open with AUTH=off whatever the keys', () => {
    assert.deepEqual(read({ API_HOST: '0.0.0.0', AUTH: 'OFF', API_KEYS: 'key-1' }).apiKeys, []);
  });

  test('stays open with AUTH=off in any case of the word', () => {
    assert.deepEqual(read({ API_HOST: '0.0.0.0', AUTH: 'Off' }).apiKeys, []);
  });
});

describe('rate limits', () => {
  test('are counted together in the Redis that is the queue, or in the one that is named', () => {
    const redis = 'redis://localhost:6379';
    assert.equal(read({ QUEUE_URL: redis }).rateLimitUrl, redis);
    assert.equal(read({ QUEUE_URL: redis, RATE_LIMIT_URL: 'rediss://other' }).rateLimitUrl, 'rediss://other');
    assert.equal(read({ RATE_LIMIT_URL: redis, QUEUE_URL: 'amqp://localhost' }).rateLimitUrl, redis);
  });

  test('can be turned off, and see past the proxies that are trusted', () => {
    for (const off of ['off', 'OFF']) assert.equal(read({ RATE_LIMIT: off }).rateLimit, null);
    const nets = ['10.0.0.0/8', '::1', '192.0.2.1', 'fd00::/8'];
    assert.deepEqual(read({ TRUSTED_PROXIES: nets.join(', ') }).trustedProxies, nets);
    for (const wrong of ['proxy.example.com', '10.0.0.0/', '10.0.0/8', '::1/129', '1.2.3.4/8/8', 'fe80::1%eth0']) {
      assert.deepEqual(
        faultsOf({ TRUSTED_PROXIES: wrong }).map(({ env }) => env),
        ['TRUSTED_PROXIES'],
      );
    }
  });
});

describe('tracing', () => {
  const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://collector:4318/';

  test('goes where the standard settings say', () => {
    assert.deepEqual(read({ OTEL_EXPORTER_OTLP_ENDPOINT }).tracing, {
      url: 'http://collector:4318/v1/traces',
      headers: {},
      resource: { 'service.name': 'tidings' },
      share: 1,
    });
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces/in',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20x, a=b==,',
      OTEL_SERVICE_NAME: 'notify',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,team=a%2Cb',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    };
    assert.deepEqual(read(env).tracing, {
      url: 'https://traces/in',
      headers: { authorization: 'Bearer x', a: 'b==' },
      resource: { 'service.name': 'notify', team: 'a,b' },
      share: 0.25,
    });
  });

  test('is off without them, and where they say so', () => {
    assert.equal(read({ OTEL_SERVICE_NAME: 'notify' }).tracing, null);
    assert.equal(read({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' }).tracing, null);
    assert.equal(read({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER: 'always_off' }).tracing?.share, 0);
    assert.equal(read({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER_ARG: '0' }).tracing?.share, 1);
  });

  test('is not guessed at', () => {
    const wrong = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_HEADERS: 'a canary',
      OTEL_RESOURCE_ATTRIBUTES: 'a=%zz',
      OTEL_TRACES_SAMPLER: 'jaeger_remote',
      OTEL_TRACES_SAMPLER_ARG: '2',
    };
    const faults = faultsOf(wrong);
    assert.deepEqual(faults.map(({ env }) => env).toSorted(), Object.keys(wrong).toSorted());
    assert.doesNotMatch(JSON.stringify(faults), /canary/);
  });
});

describe('retries', () => {
  test('follow a schedule of durations in any of their forms', () => {
    assert.deepEqual(read({ RETRY_SCHEDULE: '30s, 2m,PT10M ,1h,1d' }).retry, {
      rounds: 6,
      delays: [30_000, 2 * MINUTE, 10 * MINUTE, 60 * MINUTE, 1440 * MINUTE],
    });
  });

  test('are cut or drawn out to the number of attempts', () => {
    assert.deepEqual(read({ RETRY_SCHEDULE: '1s,2s,3s', MAX_RETRY_ATTEMPTS: '2' }).retry, {
      rounds: 2,
      delays: [1000],
    });
    assert.deepEqual(read({ RETRY_SCHEDULE: '1s', MAX_RETRY_ATTEMPTS: '3' }).retry, {
      rounds: 3,
      delays: [1000, 1000],
    });
    assert.deepEqual(read({ MAX_RETRY_ATTEMPTS: '3' }).retry, { rounds: 3, delays: [30_000, 2 * MINUTE] });
    assert.deepEqual(read({ MAX_RETRY_ATTEMPTS: '1' }).retry, { rounds: 1, delays: [] });
  });

  test('grow from a base, in seconds, to a day at most', () => {
    const { retry } = read({ MAX_RETRY_ATTEMPTS: '3', RETRY_BACKOFF_BASE: '2' });
    assert.deepEqual(retry, { rounds: 3, delays: [2_000, 4_000] });
    assert.equal(backoff(retry, 2, 0.5), 4_000);
    assert.deepEqual(
      read({ MAX_RETRY_ATTEMPTS: '3', RETRY_BACKOFF_BASE: '3600' }).retry.delays,
      [3_600_000, 86_400_000],
    );
    assert.equal(read({ RETRY_BACKOFF_BASE: '1.5' }).retry.rounds, 6);
    assert.deepEqual(read({ MAX_RETRY_ATTEMPTS: '3', RETRY_BACKOFF_BASE: '0' }).retry.delays, [0, 0]);
  });

  for (const schedule of [
    '30',
    '30s;2m',
    '30s,,2m',
    '25h',
    'P2D',
    '-30s',
    '30s,',
    Array(MAX_ROUNDS).fill('1s').join(),
  ]) {
    test(`are not scheduled by "${schedule.slice(0, 20)}"`, () => {
      assert.deepEqual(
        faultsOf({ RETRY_SCHEDULE: schedule }).map(({ env }) => env),
        ['RETRY_SCHEDULE'],
      );
    });
  }

  test('can have as many rounds as a request can ask for', () => {
    const { retry } = read({
      RETRY_SCHEDULE: Array(MAX_ROUNDS - 1)
        .fill('1s')
        .join(),
    });
    assert.equal(retry.rounds, MAX_ROUNDS);
    assert.equal(faultsOf({ MAX_RETRY_ATTEMPTS: String(MAX_ROUNDS + 1) }).length, 1);
  });
});

describe('a database URL', () => {
  for (const [url, path] of [
    ['sqlite:./data/tidings.db', './data/tidings.db'],
    ['sqlite:tidings.db', 'tidings.db'],
    ['sqlite:/var/lib/tidings.db', '/var/lib/tidings.db'],
    ['sqlite:///tidings.db', 'tidings.db'],
    ['sqlite:///./data/tidings.db', './data/tidings.db'],
    ['sqlite:////var/lib/tidings.db', '/var/lib/tidings.db'],
    ['sqlite:./my data/tidings.db', './my data/tidings.db'],
  ] as const) {
    test(`${url} names the file ${path}`, () => {
      assert.deepEqual(parseDatabaseUrl(url), { kind: 'sqlite', path });
    });
  }

  for (const url of [
    '',
    'sqlite:',
    'sqlite://',
    'sqlite:///',
    'sqlite://host/file.db',
    'sqlite::memory:',
    'sqlite:///:memory:',
    'sqlite:file.db?mode=memory',
    'sqlite:file.db#x',
    'sqlite:a\u0000b',
    'sqlite:a\nb',
    './data/tidings.db',
    'mysql://localhost/x',
    'postgres://localhost',
    'postgres://localhost/',
    'postgres:x',
    'postgres://a b/x',
  ]) {
    test(`${JSON.stringify(url)} is none`, () => {
      assert.equal(parseDatabaseUrl(url), undefined);
    });
  }
});

describe('the URL of a server', () => {
  for (const url of ['postgres://u:p@h:5432/db', 'postgresql://h/db?sslmode=require', 'postgresql+asyncpg://h/db']) {
    test(`${url} names a PostgreSQL database`, () => {
      const rest = url.slice(url.indexOf('://'));
      assert.deepEqual(parseDatabaseUrl(url), { kind: 'postgres', url: `postgresql${rest}` });
    });
  }

  for (const [url, kind] of [
    ['redis://localhost', 'redis'],
    ['rediss://:secret@host:6380/2', 'redis'],
    ['amqp://guest:guest@localhost:5672/%2f', 'rabbitmq'],
    ['amqps://host', 'rabbitmq'],
  ] as const) {
    test(`${url} names a queue on ${kind}`, () => assert.deepEqual(parseQueueUrl(url), { kind, url }));
  }

  for (const url of ['', 'redis', 'redis:host', 'redis://', 'amqp://', 'amqp://a b', 'http://host']) {
    test(`${JSON.stringify(url)} names no queue`, () => assert.equal(parseQueueUrl(url), undefined));
  }

  test('is never shown with its password', () => {
    const { faults } = readConfig({ DATABASE_URL: 'postgres://u:s3cret@h', QUEUE_URL: 'mqtt://u:s3c@ret@h/x' });
    assert.deepEqual(
      faults.map(({ env }) => env),
      ['DATABASE_URL', 'QUEUE_URL'],
    );
    assert.doesNotMatch(JSON.stringify(faults), /s3c/);
  });
});

describe('the environment', () => {
  test('fills what the process leaves open from the .env file of the folder', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'tidings-config-'));
    t.after(() => rm(folder, { recursive: true }));
    assert.equal(readEnvironment(folder).TIDINGS_TEST_ONLY, undefined);
    await writeFile(join(folder, '.env'), '# a comment\nTIDINGS_TEST_ONLY="from the file"\nPATH=overridden\n');
    const env = readEnvironment(folder);
    assert.equal(env.TIDINGS_TEST_ONLY, 'from the file');
    assert.notEqual(env.PATH, 'overridden', "the process's own environment wins");
  });
});

function read(env: Env): Config {
  const { config, faults } = readConfig(env);
  assert.deepEqual(faults, []);
  assert.ok(config);
  return config;
}

function faultsOf(env: Env) {
  const { config, faults } = readConfig(env);
  assert.equal(config === null, faults.length > 0);
  return faults;
}

describe("users' tokens", () => {
  test('take secrets that are long enough, and durations that are short enough', () => {
    const secret = 's'.repeat(32);
    assert.deepEqual(read({ TOKEN_SECRET: `${secret}, ${secret}2` }).tokenSecrets, [secret, `${secret}2`]);
    assert.equal(read({ TOKEN_TTL: 'PT1H' }).tokenTtl, 60 * MINUTE);
    const short = 's'.repeat(31);
    const [fault] = readConfig({ TOKEN_SECRET: `${secret},${short}` }).faults;
    assert.equal(fault?.env, 'TOKEN_SECRET');
    assert.ok(!fault.problem.includes(short));
    for (const given of ['59s', '25h', '15', 'soon']) {
      assert.deepEqual(
        readConfig({ TOKEN_TTL: given }).faults.map(({ env }) => env),
        ['TOKEN_TTL'],
      );
    }
  });

  test('may be shown by pages of exactly the origins that are named', () => {
    const named = 'https://app.example.com,http://localhost:5173, https://[::1]:8443';
    assert.deepEqual(read({ INBOX_ORIGINS: named }).inboxOrigins, named.split(/,\s*/));
    for (const given of [
      ...[
        '*',
        'null',
        'app.example.com',
        'https://app.example.com/',
        'https://app.example.com/x',
        'https://*.example.com',
      ],
      ...[
        'https://app.example.com:443',
        'ftp://app.example.com',
        'https://user@app.example.com',
        'file:///',
        'data:,x',
      ],
    ]) {
      assert.deepEqual(
        readConfig({ INBOX_ORIGINS: given }).faults.map(({ env }) => env),
        ['INBOX_ORIGINS'],
        given,
      );
    }
  });
});
