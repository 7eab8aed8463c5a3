import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { allSettings } from '../src/channels/registry.ts';
import { readConfig, SETTINGS } from '../src/config/config.ts';
import { parseDuration } from '../src/domain/duration.ts';
import { type ComposeService, readCompose } from './deploy/compose-file.ts';
import { runTidings } from './kit/tidings-process.ts';

const ROOT = join(import.meta.dirname, '..');
const FILE = join(ROOT, 'compose.yaml');
const VARIABLES = { API_KEYS: 'key-1,key-2', TIDINGS_PASSWORD: 'pass1word' };
/** The store and the queue of each profile, and the services that are not ours. */
const PROFILES = {
  sqlite: { database: 'sqlite', queue: 'database', servers: [], commands: ['start'] },
  postgres: {
    database: 'postgres',
    queue: 'database',
    servers: ['postgres'],
    commands: ['api', 'scheduler', 'worker'],
  },
  redis: {
    database: 'postgres',
    queue: 'redis',
    servers: ['postgres', 'redis'],
    commands: ['api', 'scheduler', 'worker'],
  },
  rabbitmq: {
    database: 'postgres',
    queue: 'rabbitmq',
    servers: ['postgres', 'rabbitmq'],
    commands: ['api', 'scheduler', 'worker'],
  },
};

const compose = readCompose(FILE, VARIABLES);
const services = Object.entries(compose.services);
const ours = services.filter(([, { build }]) => build !== undefined);
const servers = services.filter(([, { build }]) => build === undefined);

function inProfile(profile: string): readonly (readonly [string, ComposeService])[] {
  return services.filter(([, service]) => service.profiles.includes(profile));
}

function server(name: string): ComposeService {
  const found = compose.services[name];
  assert.ok(found !== undefined, `there is no service ${name}`);
  return found;
}

/** The version that an image's tag names, as `major.minor`. */
function versionOf(image: string): readonly [number, number] {
  const [, major, minor] = /:(\d+)\.(\d+)(?![\w])/.exec(image) ?? [];
  assert.ok(major !== undefined && minor !== undefined, `${image} does not say which version it is`);
  return [Number(major), Number(minor)];
}

describe('compose.yaml', () => {
  for (const [profile, wanted] of Object.entries(PROFILES)) {
    test(`profile ${profile} runs ${wanted.commands.join(', ')} on ${wanted.database} and ${wanted.queue}`, () => {
      const here = inProfile(profile);
      const own = here.filter(([, { build }]) => build !== undefined).map(([, service]) => service);
      assert.deepEqual(own.map(({ command = [] }) => command.join(' ')).toSorted(), wanted.commands);
      assert.deepEqual(
        here
          .filter(([, { build }]) => build === undefined)
          .map(([name]) => name)
          .toSorted(),
        wanted.servers,
      );
      for (const { environment, depends_on = {} } of own) {
        const { config, faults } = readConfig(environment);
        assert.deepEqual(faults, []);
        assert.equal(config?.database.kind, wanted.database);
        assert.equal(config.queue.kind, wanted.queue);
        assert.deepEqual(config.apiKeys, ['key-1', 'key-2']);
        assert.deepEqual(Object.keys(depends_on).toSorted(), wanted.servers);
      }
    });
  }

  test('has no other profiles, and no service that runs in none', () => {
    const named = new Set(services.flatMap(([, { profiles }]) => profiles));
    assert.deepEqual([...named].toSorted(), Object.keys(PROFILES).toSorted());
    for (const [name, { profiles }] of services) assert.ok(profiles.length > 0, name);
  });

  test('sets nothing but settings, and runs nothing but commands', async (t) => {
    const settings = [...Object.values(SETTINGS), ...allSettings().flatMap((all) => Object.values(all.settings))];
    const known = new Set(settings.map(({ env }) => env));
    const { stdout } = await runTidings(t, ['help']);
    for (const [name, { environment, command = [] }] of ours) {
      for (const key of Object.keys(environment)) assert.ok(known.has(key), `${name} sets ${key}`);
      assert.match(stdout, new RegExp(`^  tidings ${command.join(' ')} `, 'm'), `${name} runs ${command.join(' ')}`);
    }
  });

  test('is refused without either of its secrets, which have no default and stand nowhere', () => {
    for (const name of ['API_KEYS', 'TIDINGS_PASSWORD']) {
      assert.throws(() => readCompose(FILE, { ...VARIABLES, [name]: '' }), new RegExp(`^Error: ${name} is not set`));
    }
    const { TIDINGS_PASSWORD: password } = VARIABLES;
    assert.equal(server('postgres').environment.POSTGRES_PASSWORD, password);
    assert.equal(server('rabbitmq').environment.RABBITMQ_DEFAULT_PASS, password);
    assert.equal(server('redis').environment.REDISCLI_AUTH, password);
    assert.equal(after(server('redis'), '--requirepass'), password);
  });

  test('gives URLs that lead to the servers, under their names, accounts and passwords', () => {
    const { POSTGRES_USER: owner = '', POSTGRES_DB: database = '' } = server('postgres').environment;
    const rabbitUser = server('rabbitmq').environment.RABBITMQ_DEFAULT_USER ?? '';
    const { TIDINGS_PASSWORD: password } = VARIABLES;
    const expected: Readonly<Record<string, string>> = {
      'postgres:': `postgres://${owner}:${password}@postgres:5432/${database}`,
      'redis:': `redis://:${password}@redis:6379`,
      'amqp:': `amqp://${rabbitUser}:${password}@rabbitmq:5672`,
    };
    for (const [name, { environment, depends_on = {} }] of ours) {
      for (const url of [environment.DATABASE_URL ?? '', environment.QUEUE_URL ?? '']) {
        if (!url.includes('://')) continue;
        const { protocol, hostname } = new URL(url);
        assert.equal(url, expected[protocol]);
        assert.equal(depends_on[hostname]?.condition, 'service_healthy', `${name} does not wait for ${hostname}`);
      }
    }
  });

  test('publishes the API alone, on this machine alone', () => {
    for (const [name, { ports = [], networks, command = [] }] of services) {
      const isApi = command[0] === 'api' || command[0] === 'start';
      assert.deepEqual(ports, isApi ? ['127.0.0.1:8000:8000'] : [], name);
      assert.ok(
        networks.every((network) => network in compose.networks),
        name,
      );
    }
    assert.equal(compose.networks.backend?.internal, true);
    for (const [name, { networks }] of servers) assert.deepEqual(networks, ['backend'], name);
  });

  test('lets our processes write nothing but their data, and stop as long as they need', () => {
    for (const [name, service] of ours) {
      assert.equal(service.read_only, true, name);
      assert.equal(service.init, true, name);
      assert.deepEqual(service.tmpfs, ['/tmp'], name);
      assert.deepEqual(service.cap_drop, ['ALL'], name);
      assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
      // The longest send, and the ten seconds that cli/serve.ts adds.
      const { config } = readConfig(service.environment);
      assert.ok((parseDuration(service.stop_grace_period ?? '') ?? 0) > (config?.sendTimeout ?? 0) + 10_000, name);
    }
  });

  test('asks every process how it is, the servers too', () => {
    for (const [name, { healthcheck, environment }] of ours) {
      assert.equal(healthcheck, undefined, `${name}: as the image says`);
      assert.equal(environment.METRICS_PORT, '9100', `${name}: where the image looks, if there is no API`);
    }
    for (const [name, { healthcheck }] of servers) assert.ok((healthcheck?.test?.length ?? 0) > 1, name);
  });

  test('starts again what has ended, and keeps data on volumes that it declares', () => {
    for (const [name, { restart }] of services) assert.equal(restart, 'unless-stopped', name);
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    assert.deepEqual(mounted.toSorted(), Object.keys(compose.volumes).toSorted());
    for (const [name, { volumes = [] }] of servers) assert.equal(volumes.length, 1, name);
  });

  test('names the version of every server, and one that the service works with', () => {
    for (const [, { image }] of ours) assert.equal(image, 'tidings:local');
    for (const [, { image }] of servers) versionOf(image);
    assert.ok(versionOf(server('postgres').image)[0] >= 13);
    assert.ok(isAtLeast(versionOf(server('redis').image), [6, 2]));
    assert.ok(isAtLeast(versionOf(server('rabbitmq').image), [3, 10]));
    // Its folder is named after its machine, which would otherwise be new with each container.
    assert.equal(server('rabbitmq').hostname, 'rabbitmq');
  });

  test('lets Redis keep what it holds, and refuse rather than forget when it is full', () => {
    assert.equal(after(server('redis'), '--appendonly'), 'yes');
    assert.equal(after(server('redis'), '--maxmemory-policy'), 'noeviction');
    assert.match(after(server('redis'), '--maxmemory') ?? '', /^\d+mb$/);
  });
});

describe('docs/scaling.md', () => {
  const blocks = [...readFileSync(join(ROOT, 'docs', 'scaling.md'), 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)];
  const lines = blocks.flatMap(([, block = '']) => block.trim().split('\n'));

  test('has commands that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const names = lines.flatMap((line) => /npm (?:run )?(?:-s )?(\w+)/.exec(line)?.[1] ?? []);
    assert.ok(names.length > 3);
    for (const name of names) assert.ok(name in scripts, `npm run ${name}`);
    for (const [file] of lines.join('\n').matchAll(/scripts\/[\w-]+\.ts/g))
      assert.ok(existsSync(join(ROOT, file)), file);
  });

  test('sets what the service understands', () => {
    const set = lines.flatMap((line) => [...line.matchAll(/(?:^|export )([A-Z_]+)=(\S+)/g)]);
    assert.ok(set.length > 3);
    const known = new Set(Object.values(SETTINGS).map(({ env }) => env));
    for (const [, name = '', value = ''] of set) {
      assert.ok(known.has(name), name);
      assert.deepEqual(readConfig({ [name]: value }).faults, []);
    }
  });
});

function after({ command = [] }: ComposeService, option: string): string | undefined {
  return command[command.indexOf(option) + 1];
}

function isAtLeast([major, minor]: readonly [number, number], least: readonly [number, number]): boolean {
  return major > least[0] || (major === least[0] && minor >= least[1]);
}
