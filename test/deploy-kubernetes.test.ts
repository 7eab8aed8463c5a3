import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Container, Probe } from 'kubernetes-types/core/v1.js';
import { parse } from 'yaml';
import { allSettings } from '../src/channels/registry.ts';
import { readConfig, SETTINGS } from '../src/config/config.ts';
import { createOperationsServer } from '../src/http/operations-server.ts';
import { memoryStore } from '../src/store/memory/memory-store.ts';
import { readDockerfile } from './deploy/dockerfile.ts';
import { exposedMetrics } from './deploy/exposed-metrics.ts';
import { filesBeside, type Overlay, readOverlay, strictSource } from './deploy/kustomize.ts';
import { readPromql } from './deploy/promql.ts';
import { ManualClock } from './kit/manual-clock.ts';
import { testServer } from './kit/test-server.ts';
import { temporaryFolder } from './kit/tidings-process.ts';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'deploy', 'kubernetes');
/** What the Secret holds, as docs/deploy.md has it made. */
const SECRETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'all-in-one': { API_KEYS: 'key-1' },
  scaled: { API_KEYS: 'key-1', DATABASE_URL: 'postgres://tidings:secret@postgres.example.com/tidings' },
};
const OVERLAYS = Object.keys(SECRETS).map((name) => [name, readOverlay(join(FOLDER, name))] as const);
const IMAGE = readDockerfile(ROOT).at(-1)?.instructions ?? [];

/** What the image sets, by the names of its ENV instructions. */
function imageSettings(): Record<string, string> {
  const pairs = IMAGE.filter(({ name }) => name === 'ENV').flatMap(({ text }) => text.split(' '));
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** The one container of each deployment, with the role that it runs. */
function containers(overlay: Overlay) {
  return overlay.of('Deployment').map((deployment) => {
    const pod = deployment.spec?.template.spec;
    const [container, ...others] = pod?.containers ?? [];
    assert.ok(pod !== undefined && container !== undefined && others.length === 0);
    return { name: deployment.metadata?.name ?? '', deployment, pod, container, role: container.args?.join(' ') ?? '' };
  });
}

/** What a process is given; `own` is what its container says itself. */
function settingsOf(name: string, overlay: Overlay, own: Container['env'] = []): Record<string, string> {
  const [map] = overlay.of('ConfigMap');
  const said = Object.fromEntries(own.map(({ name: key, value = '' }) => [key, value]));
  return { ...imageSettings(), ...map?.data, ...SECRETS[name], ...said };
}

function portOf({ ports = [] }: Container, probe: Probe | undefined): number | undefined {
  return ports.find(({ name }) => name === probe?.httpGet?.port)?.containerPort;
}

/** The statuses of a role's own server at these paths. */
async function answersOf(t: TestContext, role: string, paths: readonly string[]): Promise<readonly number[]> {
  const api = testServer(memoryStore({ clock: new ManualClock() })).app;
  const bare = createOperationsServer({
    random: () => 0.5,
    newRequestId: () => 'made-1',
    apiKeys: ['key-1'],
    health: () => Promise.resolve({}),
    metrics: () => Promise.resolve(''),
    log: () => undefined,
    version: '0.0.0',
  });
  t.after(() => Promise.all([api.close(), bare.close()]));
  const app = role === 'worker' ? bare : api;
  return Promise.all(paths.map(async (url) => (await app.inject({ url })).statusCode));
}

for (const [name, overlay] of OVERLAYS) {
  describe(`the overlay ${name}`, () => {
    test('is made of every file in its folders', () => {
      const folder = join(FOLDER, name);
      assert.deepEqual(filesBeside(folder, overlay).toSorted(), overlay.files.toSorted());
    });

    test('has the settings of a service that starts, and no others; secrets come from a Secret alone', () => {
      const every = [...Object.values(SETTINGS), ...allSettings().flatMap((all) => all.settings)];
      const known = new Map(every.map((setting) => [setting.env, setting]));
      const all = containers(overlay);
      const names = all.flatMap(({ container: { env = [] } }) => env.map((one) => one.name));
      for (const key of [...names, ...Object.keys(overlay.of('ConfigMap')[0]?.data ?? {})]) {
        assert.equal(known.get(key)?.secret, false, key);
      }
      for (const { container } of all) {
        assert.deepEqual(readConfig(settingsOf(name, overlay, container.env)).faults, []);
        assert.deepEqual(container.envFrom, [
          { configMapRef: { name: 'tidings' } },
          { secretRef: { name: 'tidings' } },
        ]);
      }
    });

    test('asks each process at a path and a port that it serves', async (t) => {
      const { config } = readConfig(settingsOf(name, overlay));
      for (const { container, role } of containers(overlay)) {
        const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
        const port = role === 'worker' ? config?.metricsPort : config?.port;
        for (const probe of probes) assert.equal(portOf(container, probe), port, role);
        const paths = probes.map((probe) => probe?.httpGet?.path ?? '');
        assert.deepEqual(await answersOf(t, role, paths), [200, 200, 200], `${role}: ${paths.join(' ')}`);
        assert.ok(IMAGE.some((one) => one.name === 'EXPOSE' && one.text.split(' ').includes(String(port))));
        // To be killed for what others do, or for a start that takes long, would help nobody.
        assert.equal(container.livenessProbe?.httpGet?.path, '/health/live');
        const { periodSeconds = 10, failureThreshold = 3 } = container.startupProbe ?? {};
        assert.ok(periodSeconds * failureThreshold >= 300);
      }
    });

    test('lets its processes write their data only, as the user of the image, with no rights', () => {
      const [, user, group] = /^(\d+):(\d+)$/.exec(IMAGE.find((one) => one.name === 'USER')?.text ?? '') ?? [];
      for (const { pod, container, role } of containers(overlay)) {
        const { fsGroup, fsGroupChangePolicy: _, ...context } = pod.securityContext ?? {};
        assert.deepEqual(context, {
          runAsNonRoot: true,
          runAsUser: Number(user),
          runAsGroup: Number(group),
          seccompProfile: { type: 'RuntimeDefault' },
        });
        assert.equal(fsGroup, role === 'start' ? Number(group) : undefined, 'a volume gets this owner');
        assert.deepEqual(container.securityContext, {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        assert.equal(pod.automountServiceAccountToken, false);
        assert.equal(pod.enableServiceLinks, false);
        const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
        assert.deepEqual(mounts, role === 'start' ? ['/data', '/tmp'] : ['/tmp']);
      }
    });

    test('gives its processes the time that a stop takes, and the memory that was measured and a quarter more', () => {
      const row = /^\| memory under load \|[^|]*\|(?<figures>[^|]*) MiB/m;
      const found = row.exec(readFileSync(join(ROOT, 'docs', 'performance.md'), 'utf8'))?.groups?.figures ?? '';
      const most = Math.max(...(found.match(/\d+/g)?.map(Number) ?? [Number.NaN]));
      for (const { pod, container, role } of containers(overlay)) {
        const { config } = readConfig(settingsOf(name, overlay, container.env));
        // Of cli/serve.ts: ten seconds beside what is set.
        const stop = ((config?.drainMs ?? 0) + (config?.sendTimeout ?? 0)) / 1_000 + 10;
        assert.equal((config?.drainMs ?? 0) > 0, role === 'api', 'where others can be gone to');
        assert.ok((pod.terminationGracePeriodSeconds ?? 0) >= stop + 5, role);
        const limit = /^(\d+)Mi$/.exec(String(container.resources?.limits?.memory))?.[1];
        assert.ok(Number(limit) >= most * 1.25, `${role}: ${limit} MiB for ${most}`);
        assert.equal(container.resources?.limits?.cpu, undefined);
      }
    });

    test('leads the Service to the processes with the API, and opens their ports and no others', () => {
      const [service] = overlay.of('Service');
      const all = containers(overlay);
      const chosen = all.filter(({ deployment }) => isChosen(service?.spec?.selector, deployment));
      assert.deepEqual(
        chosen.map(({ role }) => role),
        [name === 'scaled' ? 'api' : 'start'],
      );
      assert.deepEqual(
        service?.spec?.ports?.map(({ targetPort }) => targetPort),
        [chosen[0]?.container.ports?.[0]?.name],
      );
      const [policy] = overlay.of('NetworkPolicy');
      for (const { deployment } of all) assert.ok(isChosen(policy?.spec?.podSelector.matchLabels, deployment));
      const open = (policy?.spec?.ingress ?? []).flatMap(({ ports = [] }) => ports.map(({ port }) => port));
      assert.deepEqual(open, [8000, 9100]);
    });
  });
}

describe('the overlay all-in-one', () => {
  const overlay = readOverlay(join(FOLDER, 'all-in-one'));

  test('never has two processes on its file, which is on a volume', () => {
    const [{ deployment, pod } = assert.fail()] = containers(overlay);
    assert.equal(deployment.spec?.replicas, 1);
    assert.deepEqual(deployment.spec?.strategy, { type: 'Recreate' });
    const [claim] = overlay.of('PersistentVolumeClaim');
    const mounted = (pod.volumes ?? []).map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName);
    assert.ok(mounted.includes(claim?.metadata?.name));
    assert.deepEqual(claim?.spec?.accessModes, ['ReadWriteOnce']);
  });
});

describe('the overlay scaled', () => {
  const overlay = readOverlay(join(FOLDER, 'scaled'));
  const scalers = overlay.of('HorizontalPodAutoscaler');

  test('leaves the number of processes to autoscalers, with room in the connections of one PostgreSQL', () => {
    const { config } = readConfig(settingsOf('scaled', overlay));
    let processes = 0;
    for (const { name, deployment } of containers(overlay)) {
      const scaler = scalers.find(({ spec }) => spec?.scaleTargetRef.name === name);
      assert.ok(scaler?.spec !== undefined, name);
      assert.equal(deployment.spec?.replicas, undefined, 'each update would set it back');
      assert.ok((scaler.spec.minReplicas ?? 1) >= 2);
      const surge = String(deployment.spec?.strategy?.rollingUpdate?.maxSurge);
      const { maxReplicas } = scaler.spec;
      processes +=
        maxReplicas +
        (surge.endsWith('%') ? Math.ceil((maxReplicas * Number.parseInt(surge, 10)) / 100) : Number(surge));
    }
    assert.ok(processes * ((config?.databasePool ?? 0) + 1) <= 97, `${processes} processes`);
  });

  test('scales workers by a figure that they expose, as the adapter names it', async () => {
    const exposed = await exposedMetrics();
    const file = readFileSync(join(ROOT, 'deploy', 'prometheus', 'adapter.yml'), 'utf8');
    const { rules } = parse(file) as {
      rules: readonly { seriesQuery: string; name: { as: string }; metricsQuery: string }[];
    };
    const wanted = scalers.flatMap(({ spec }) => spec?.metrics?.flatMap(({ external }) => external?.metric.name ?? []));
    assert.deepEqual(
      wanted,
      rules.map(({ name }) => name.as),
    );
    for (const { seriesQuery, metricsQuery } of rules) {
      const { metrics, faults } = readPromql(seriesQuery);
      assert.deepEqual(faults, []);
      for (const metric of metrics) assert.ok(exposed.has(metric), metric);
      const query = metricsQuery
        .replace('<<.Series>>', metrics[0] ?? '')
        .replace('<<.LabelMatchers>>', 'namespace="tidings"');
      assert.deepEqual(readPromql(query), { metrics, faults: [] });
    }
  });

  test('keeps all but one process of a kind while nodes are emptied', () => {
    const budgets = overlay.of('PodDisruptionBudget');
    for (const { name, deployment } of containers(overlay)) {
      const budget = budgets.find(({ metadata }) => metadata?.name === name);
      assert.ok(isChosen(budget?.spec?.selector?.matchLabels, deployment), name);
      assert.equal(budget?.spec?.maxUnavailable, 1);
      assert.deepEqual(deployment.spec?.selector.matchLabels, budget?.spec?.selector?.matchLabels);
    }
    assert.equal(budgets.length, 2);
  });
});

test('every object is of the form that Kubernetes documents, to the last key', async (t) => {
  const folder = await temporaryFolder(t);
  const source = join(folder, 'objects.ts');
  const types = join(ROOT, 'node_modules', 'kubernetes-types');
  const compile = async (objects: Overlay['objects']) => {
    await writeFile(source, strictSource(objects, types));
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'esnext', '--moduleResolution', 'bundler'];
    const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
    return new Promise<string>((resolve) => {
      execFile(tsc, [...options, '--types', '', source], { cwd: folder }, (_error, stdout) => resolve(stdout));
    });
  };
  const objects = OVERLAYS.flatMap(([, overlay]) => overlay.objects);
  assert.equal(await compile(objects), '');
  const [deployment] = objects.filter(({ kind }) => kind === 'Deployment');
  assert.match(await compile([{ ...deployment, spek: {} } as unknown as (typeof objects)[number]]), /spek/);
});

test('Prometheus finds the processes by the labels and the ports that they have', () => {
  const { rule_files: rules, scrape_configs: [scrape] = [] } = parse(
    readFileSync(join(ROOT, 'deploy', 'prometheus', 'kubernetes.yml'), 'utf8'),
  ) as {
    rule_files: readonly string[];
    scrape_configs?: readonly { relabel_configs: readonly { source_labels: readonly string[]; regex?: string }[] }[];
  };
  assert.deepEqual(rules, ['alerts.yml']);
  const kept = (label: string) =>
    scrape?.relabel_configs.find(({ source_labels: [from] }) => from === label)?.regex ?? '';
  for (const [, overlay] of OVERLAYS) {
    for (const { deployment, container } of containers(overlay)) {
      const labels = deployment.spec?.template.metadata?.labels ?? {};
      assert.equal(kept('__meta_kubernetes_pod_label_app_kubernetes_io_name'), labels['app.kubernetes.io/name']);
      for (const { name } of container.ports ?? []) {
        assert.match(name ?? '', new RegExp(`^(?:${kept('__meta_kubernetes_pod_container_port_name')})$`));
      }
    }
  }
});

/** Whether a selector chooses the pods of a deployment. */
function isChosen(
  selector: Readonly<Record<string, string>> | undefined,
  deployment: { readonly spec?: { readonly template: { readonly metadata?: { readonly labels?: object } } } },
): boolean {
  const labels = Object.entries(deployment.spec?.template.metadata?.labels ?? {});
  const wanted = Object.entries(selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => labels.some(([k, v]) => k === key && v === value));
}
