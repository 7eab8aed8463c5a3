import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { allSettings } from '../src/channels/registry.ts';
import { WRONG_CONFIG } from '../src/cli/settings.ts';
import { readConfig, SETTINGS } from '../src/config/config.ts';
import { readDockerfile, words } from './deploy/dockerfile.ts';
import { readUnit } from './deploy/unit-file.ts';

const ROOT = join(import.meta.dirname, '..');
const ROLES = ['start', 'api', 'worker', 'scheduler'];
const KNOWN = new Set(
  [...Object.values(SETTINGS), ...allSettings().flatMap((all) => all.settings)].map(({ env }) => env),
);
const MANIFEST = JSON.parse(text('package.json')) as { version: string; scripts: Readonly<Record<string, string>> };
const DOCKERFILE = readDockerfile(ROOT);
/** As the image runs it: Node, its options, the program. */
const ENTRYPOINT = words(DOCKERFILE.at(-1)?.instructions.find(({ name }) => name === 'ENTRYPOINT')?.text ?? '');
const OPTIONS = ENTRYPOINT.slice(1, -1);
/** What a stop takes, in seconds: the longest send, and ten more (cli/serve.ts). */
const STOP = Number(SETTINGS.sendTimeoutSeconds.defaultText) + 10;

function text(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

describe('the unit of systemd', () => {
  const unit = readUnit(join(ROOT, 'deploy/systemd/tidings@.service'));
  const one = (key: string) => {
    const [value, ...more] = unit.get(key) ?? [];
    assert.deepEqual(more, [], key);
    return value ?? '';
  };

  test('runs a role, named by its instance, with the Node that the project brings', () => {
    const root = '/opt/tidings/';
    const program = `${root}${ENTRYPOINT.at(-1)}`;
    assert.deepEqual(one('ExecStart').split(' '), [`${root}node_modules/.bin/node`, ...OPTIONS, program, '$ROLE']);
    assert.ok(existsSync(program.replace(root, `${ROOT}/`)), program);
    const pairs = one('Environment').split(' ');
    const { ROLE, ...settings }: Readonly<Record<string, string>> = Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const),
    );
    assert.equal(ROLE, '%i');
    const { config, faults } = readConfig(settings);
    assert.deepEqual(faults, []);
    const path = config?.database.kind === 'sqlite' ? config.database.path : '';
    assert.ok(path.startsWith(`/var/lib/${one('StateDirectory')}/`), 'the one folder that it may write to');
    for (const name of Object.keys(settings)) assert.ok(KNOWN.has(name), name);
  });

  test('starts it again, but not with wrong settings, and gives it the time to stop', () => {
    assert.equal(one('Restart'), 'always');
    assert.equal(one('StartLimitIntervalSec'), '0');
    assert.equal(one('RestartPreventExitStatus'), String(WRONG_CONFIG));
    assert.ok(Number(one('TimeoutStopSec')) >= STOP + 5);
  });

  test('gives it no rights', () => {
    const yes = ['DynamicUser', 'NoNewPrivileges', 'PrivateTmp', 'PrivateDevices', 'PrivateUsers', 'ProtectHome'];
    for (const key of [...yes, 'ProtectKernelTunables', 'RestrictNamespaces', 'RestrictSUIDSGID', 'LockPersonality']) {
      assert.equal(one(key), 'yes', key);
    }
    assert.equal(one('ProtectSystem'), 'strict');
    assert.equal(one('CapabilityBoundingSet'), '');
    assert.deepEqual(unit.get('SystemCallFilter'), ['@system-service', '~@privileged @resources']);
    assert.ok(!unit.has('MemoryDenyWriteExecute'), 'V8 writes what it runs');
    // As many files as connections that are let in, and a third more.
    assert.ok(Number(one('LimitNOFILE')) >= (20_000 * 4) / 3);
  });

  test('has a backup beside it, which reaches its data and nobody else', () => {
    const backup = readUnit(join(ROOT, 'deploy/systemd/tidings-backup.service'));
    const [command = ''] = backup.get('ExecStart') ?? [];
    assert.match(command, /^\/opt\/tidings\/node_modules\/\.bin\/node \/opt\/tidings\/bin\/tidings\.js backup /);
    const folders = backup.get('StateDirectory')?.[0]?.split(' ') ?? [];
    assert.deepEqual(folders, ['tidings', 'tidings-backups']);
    assert.ok(command.includes(`/var/lib/${folders[1]} `));
    for (const key of ['DynamicUser', 'User', 'CapabilityBoundingSet', 'ProtectSystem', 'SystemCallFilter']) {
      assert.deepEqual(backup.get(key), unit.get(key), key);
    }
    assert.deepEqual(backup.get('Environment'), ['DATABASE_URL=sqlite:/var/lib/tidings/tidings.db']);
    assert.deepEqual(backup.get('PrivateNetwork'), ['yes']);
    const timer = readUnit(join(ROOT, 'deploy/systemd/tidings-backup.timer'));
    assert.deepEqual(timer.get('OnCalendar'), ['hourly']);
  });

  test('comes with a file of settings, those that are secret to be filled in', () => {
    const names = text('deploy/systemd/tidings.env').matchAll(/^#?([A-Z_]+)=/gm);
    for (const [, name = ''] of names) assert.ok(KNOWN.has(name), name);
    assert.deepEqual(readConfig(parseEnv(text('deploy/systemd/tidings.env'))).faults, []);
  });
});

describe('render.yaml', () => {
  interface Variable {
    readonly key?: string;
    readonly value?: string;
    readonly generateValue?: boolean;
    readonly fromGroup?: string;
    readonly fromDatabase?: { readonly name: string; readonly property: string };
  }
  interface Blueprint {
    readonly databases: readonly { readonly name: string }[];
    readonly envVarGroups: readonly { readonly name: string; readonly envVars: readonly Variable[] }[];
    readonly services: readonly {
      readonly type: string;
      readonly name: string;
      readonly dockerfilePath: string;
      readonly dockerCommand: string;
      readonly healthCheckPath?: string;
      readonly maxShutdownDelaySeconds: number;
      readonly envVars: readonly Variable[];
    }[];
  }
  const blueprint = parse(text('deploy/render.yaml')) as Blueprint;

  /** As the process sees it: what Render fills in has a value of its kind. */
  function settingsOf(variables: readonly Variable[]): Record<string, string> {
    const pairs = variables.flatMap(({ key, value, generateValue, fromGroup, fromDatabase }) => {
      if (fromGroup !== undefined) {
        const group = blueprint.envVarGroups.find(({ name }) => name === fromGroup);
        return Object.entries(settingsOf(group?.envVars ?? assert.fail(fromGroup)));
      }
      if (fromDatabase !== undefined) {
        assert.ok(blueprint.databases.some(({ name }) => name === fromDatabase.name));
        return [[key ?? '', 'postgresql://tidings:secret@dpg-1-a/tidings'] as const];
      }
      return [[key ?? '', generateValue === true ? 'c2VjcmV0IG9mIFJlbmRlcg==' : (value ?? '')] as const];
    });
    return Object.fromEntries(pairs);
  }

  test('runs an API and a worker of the image, each with settings that it starts with', () => {
    const [last] = DOCKERFILE.slice(-1);
    const folder = last?.instructions.find(({ name }) => name === 'WORKDIR')?.text;
    const program = ['/usr/local/bin/node', ...OPTIONS, `${folder}/${ENTRYPOINT.at(-1)}`].join(' ');
    assert.deepEqual(
      blueprint.services.map(({ type, dockerCommand }) => [type, dockerCommand]),
      [
        ['web', `${program} api`],
        ['worker', `${program} worker`],
      ],
    );
    for (const { envVars, dockerfilePath, maxShutdownDelaySeconds, healthCheckPath } of blueprint.services) {
      const settings = settingsOf(envVars);
      for (const name of Object.keys(settings)) assert.ok(KNOWN.has(name), name);
      // The image listens for the network, and Render says at which port.
      const { config, faults } = readConfig({ API_HOST: '0.0.0.0', ...settings, PORT: '10000' });
      assert.deepEqual(faults, []);
      assert.equal(config?.port, 10_000);
      assert.equal(config.database.kind, 'postgres');
      assert.ok(existsSync(join(ROOT, dockerfilePath)));
      assert.ok(maxShutdownDelaySeconds >= STOP + 5);
      assert.ok(healthCheckPath === undefined || healthCheckPath === '/health/live');
    }
  });
});

describe('the files for CI', () => {
  const github = parse(text('.github/workflows/ci.yml')) as {
    readonly jobs: Readonly<
      Record<
        string,
        { readonly container?: string; readonly steps: readonly { readonly uses?: string; readonly run?: string }[] }
      >
    >;
  };
  const gitlab = parse(text('.gitlab-ci.yml')) as Readonly<Record<string, unknown>> & {
    readonly stages: readonly string[];
  };
  const gitlabJobs = gitlab.stages.map((stage) => {
    // Each stage has one job, of its name.
    const job = gitlab[stage] as { readonly stage: string; readonly image: string; readonly script: readonly string[] };
    assert.equal(job.stage, stage);
    return job;
  });
  const steps = Object.values(github.jobs).flatMap((job) => job.steps);
  const commands = [...steps.flatMap(({ run }) => run ?? []), ...gitlabJobs.flatMap(({ script }) => script)].join('\n');

  test('go from lint and test to the image to its use', () => {
    assert.deepEqual(gitlab.stages, ['lint_and_test', 'docker_build', 'deploy']);
    assert.deepEqual(Object.keys(github.jobs), ['test', 'manifests', 'image']);
  });

  test('run what there is, on the Node of the image', () => {
    const scripts = [...commands.matchAll(/\bnpm (?:run )?(?:-s )?([a-z][\w:]*)/g)].map(([, name = '']) => name);
    assert.ok(scripts.includes('test') && scripts.includes('ci'));
    for (const name of scripts) assert.ok(name === 'ci' || name in MANIFEST.scripts, name);
    const node = (DOCKERFILE[0]?.image ?? '').replace('-slim', '');
    assert.equal(github.jobs.test?.container, node);
    assert.equal(gitlabJobs[0]?.image, node);
    for (const [path] of commands.matchAll(/\bdeploy\/[\w/-]+/g)) assert.ok(existsSync(join(ROOT, path)), path);
  });

  test('use the work of others only as it was when it was looked at', () => {
    const used = text('.github/workflows/ci.yml').matchAll(/^\s*(?:- )?uses: (.*)$/gm);
    const lines = [...used].map(([, what = '']) => what);
    assert.ok(lines.length > 0);
    for (const line of lines) assert.match(line, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });
});

describe('the Helm chart', () => {
  const values = parse(text('deploy/helm/tidings/values.yaml')) as {
    readonly settings: Readonly<Record<string, string>>;
    readonly resources: object;
    readonly api: object;
    readonly worker: object;
  };
  const folder = join(ROOT, 'deploy/helm/tidings/templates');
  const templates = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));

  test('is of this version, and sets settings alone', () => {
    const chart = parse(text('deploy/helm/tidings/Chart.yaml')) as { version: string; appVersion: string };
    assert.deepEqual([chart.version, chart.appVersion], [MANIFEST.version, MANIFEST.version]);
    for (const overlay of ['all-in-one', 'scaled']) {
      assert.match(
        text(`deploy/kubernetes/${overlay}/kustomization.yaml`),
        new RegExp(`newTag: "${MANIFEST.version}"`),
      );
    }
    const set = [...templates.join('\n').matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name = '']) => name);
    assert.ok(set.length >= 3);
    for (const name of [...set, ...Object.keys(values.settings)]) assert.ok(KNOWN.has(name), name);
  });

  test('reads only values that there are', () => {
    for (const [, path = ''] of templates.join('\n').matchAll(/\.Values\.([\w.]+)/g)) {
      let value: unknown = values;
      for (const key of path.split('.')) {
        assert.ok(value !== null && typeof value === 'object' && key in value, path);
        value = Reflect.get(value, key);
      }
    }
  });

  test('runs processes as the overlays of kustomize do', () => {
    const plain = ['all-in-one/deployment.yaml', 'scaled/api.yaml', 'scaled/worker.yaml'].map((name) =>
      text(`deploy/kubernetes/${name}`),
    );
    const shared =
      /^\s*(?:run|fsGroup|allowPrivilege|readOnlyRoot|automount|enableService|terminationGrace|failureThreshold|periodSeconds|timeoutSeconds)\w*: \S+$/gm;
    const lines = (file: string) => new Set([...file.matchAll(shared)].map(([line]) => line.trim()));
    const chart = lines(templates.join('\n'));
    assert.ok(chart.size >= 12);
    assert.deepEqual(new Set(plain.flatMap((file) => [...lines(file)])), chart);
    for (const role of ROLES.slice(0, 3)) assert.match(templates.join('\n'), new RegExp(`"${role}"`));
  });
});
