import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { atEnd } from '../kit/at-end.ts';
import { httpReceiver } from '../kit/http-receiver.ts';
import { type Exit, temporaryFolder } from '../kit/tidings-process.ts';
import { seen, until } from '../kit/until.ts';
import { WEBHOOK_SECRET } from '../kit/vendors.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

/** The commands of the README's shell blocks in which `word` occurs, as they stand there. */
async function commandsWith(word: string): Promise<readonly string[]> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block ?? '');
  // A command goes on behind a backslash.
  const commands = blocks.flatMap((block) => block.trim().split(/(?<!\\)\n/));
  return commands.filter((command) => command.includes(word));
}

async function commandWith(word: string): Promise<string> {
  const [command] = await commandsWith(word);
  assert.ok(command !== undefined, `the README has no command with ${word}`);
  return command;
}

interface Started {
  readonly url: string;
  /** Runs a command of the README as a shell would, against this service. */
  sh(command: string): Promise<string>;
  /** As the terminal does: to every process of the group. */
  ctrlC(): Promise<Exit>;
  /** What it has written. */
  output(): string;
  /** Whether any process of the group is left. */
  anyLeft(): boolean;
}

/** Runs the README's command in a terminal of its own, as far as processes are concerned. */
async function started(
  t: TestContext,
  command: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const folder = await temporaryFolder(t);
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, DATABASE_URL: `sqlite:${join(folder, 'tidings.db')}`, API_PORT: '0', ...settings };
  const child = spawn('sh', ['-c', `exec ${command}`], {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const group = -(child.pid ?? 0);
  assert.ok(group < -1);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const anyLeft = () => {
    try {
      return process.kill(group, 0);
    } catch {
      return false;
    }
  };
  atEnd(t, () => anyLeft() && process.kill(group, 'SIGKILL'));
  const url = await seen(
    () => /^ {2}API +(\S+)\/api\/v1$/m.exec(output)?.[1],
    () => `"${command}" is not up:\n${output}`,
    60_000,
  );
  return {
    url,
    async sh(command) {
      const here = command.replaceAll('http://127.0.0.1:8000', url);
      const { stdout } = await run('sh', ['-c', here], { cwd: ROOT, env: { ...env, API_PORT: new URL(url).port } });
      return stdout;
    },
    ctrlC() {
      process.kill(group, 'SIGINT');
      return until(exited, () => `it does not stop:\n${output}`);
    },
    output: () => output,
    anyLeft,
  };
}

describe('a newcomer who does what the README says', () => {
  test('sees the message in the sandbox, sends another from the command line, and stops it with Ctrl-C', async (t) => {
    const service = await started(t, await commandWith('npm start'));

    const answer = JSON.parse(await service.sh(await commandWith('curl -X POST'))) as { id: string; status: string };
    assert.equal(answer.status, 'pending');

    const look = await commandWith('/sandbox/messages');
    const caught = await seen(
      async () => {
        const { data } = JSON.parse(await service.sh(look)) as { data: { notification_id: string; to: string }[] };
        return data.find((message) => message.notification_id === answer.id);
      },
      () => 'the sandbox has not caught it',
    );
    assert.equal(caught.to, 'user@example.com');

    const told = await service.sh(await commandWith('tidings -- send'));
    assert.match(told, /^[0-9a-f-]{36} sent by email\n {2}1\. email sandbox accepted$/m);

    assert.deepEqual(await service.ctrlC(), { code: 0, signal: null });
    assert.equal(service.anyLeft(), false, 'a process was left behind');
  });

  test('stops it with Ctrl-C while a message is being sent: that is finished first', async (t) => {
    const receiver = await httpReceiver();
    atEnd(t, () => receiver.close());
    let answer = () => {};
    receiver.answer('/hook', (response) => {
      answer = () => response.end();
    });
    const settings = { WEBHOOK_SECRET, WEBHOOK_ALLOW_PRIVATE: 'true' };
    const service = await started(t, await commandWith('npm start'), settings);
    await fetch(`${service.url}/api/v1/notifications`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ recipient: { webhook_url: `${receiver.url}/hook` }, message: 'It is on its way.' }),
    });
    await until(receiver.received(1), () => 'nothing arrived');
    const exit = service.ctrlC();
    await seen(
      async () => (await fetch(`${service.url}/health/live`).catch(() => null)) === null || undefined,
      () => 'it still takes requests',
    );
    answer();
    assert.deepEqual(await exit, { code: 0, signal: null });
    assert.match(service.output(), /nothing is in hand\.\n$/);
    assert.equal(service.anyLeft(), false, 'a process was left behind');
  });

  test('checks the configuration', async (t) => {
    const service = await started(t, 'npm start');
    assert.match(await service.sh('npm run -s tidings -- config check'), /^The configuration is right\./);
    await service.ctrlC();
  });

  test('runs the API and a worker as processes of their own', async (t) => {
    const api = await started(t, await commandWith('npm run api'));
    const shown = JSON.parse(await (await fetch(`${api.url}/health`)).text()) as { status: string };
    assert.equal(shown.status, 'ok');
    assert.deepEqual(await api.ctrlC(), { code: 0, signal: null });
  });
});
