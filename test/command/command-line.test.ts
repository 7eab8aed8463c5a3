import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { atEnd } from '../kit/at-end.ts';
import { closedPort } from '../kit/mail-server.ts';
import { type Shown, startService } from '../kit/service.ts';
import { runTidings, spawnTidings } from '../kit/tidings-process.ts';
import { seen } from '../kit/until.ts';

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

describe('the command line', { concurrency: 3 }, () => {
  test('sends and waits for the end: 0 if it arrived, 1 if not', async (t) => {
    const service = await startService(t, { env: { API_KEYS: 'key-1', MAX_RETRY_ATTEMPTS: '1' } });
    const env = { API_KEYS: 'key-1' };
    const client = (...args: string[]) => runTidings(t, [...args, '--url', service.url], { env });

    const good = await client('send', '--to', 'user@example.com', '--title', 'Hello', '--message', 'Hi', '--wait');
    assert.equal(good.code, 0, good.stderr);
    assert.match(good.stdout, /^[0-9a-f-]{36} sent by email\n {2}1\. email sandbox accepted\n$/);

    const bad = await client('send', '--to', 'bounce@sandbox.test', '--message', 'Hi', '--wait');
    assert.equal(bad.code, 1);
    assert.match(bad.stdout, / failed\n {2}1\. email sandbox rejected: recipient_unreachable \(.*\)\n$/);

    const id = UUID.exec(bad.stdout)?.[0] ?? '';
    const status = await client('status', id);
    assert.equal(status.code, 0);
    assert.equal(status.stdout, bad.stdout);
    const json = JSON.parse((await client('status', id, '--json')).stdout) as Shown;
    assert.equal(json.status, 'failed');

    const retry = await client('retry', id);
    assert.equal(retry.code, 0);
    assert.match(retry.stdout, /is on its way again\n$/);
    assert.equal((await client('status', id, '--key', 'wrong')).code, 1);
  });

  test('names the channels, and shows the faults of the API in words', async (t) => {
    const service = await startService(t);
    const client = (...args: string[]) => runTidings(t, [...args, '--url', `${service.url}/`]);
    const sent = await client(
      'send',
      '--to',
      '42',
      '--message',
      'Hi',
      '--channel',
      'in_app',
      '--channel',
      'email',
      '--wait',
    );
    assert.match(sent.stdout, / sent by in_app\n/);
    const wrong = await client('send', '--to', 'nobody@', '--message', 'Hi', '--channel', 'pigeon');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /^tidings: .*\n( {2}.*\n)+$/);
    assert.match(wrong.stderr, /recipient: This is not an e-mail/);
    assert.match(wrong.stderr, /channels\/0: /);
    const unknown = await client('retry', '019bc1a2-0000-7000-8000-000000000001');
    assert.equal(unknown.code, 1);
  });

  test('says that nobody is there', async (t) => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    const { code, stdout, stderr } = await runTidings(t, ['status', 'x', '--url', url]);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.match(stderr, /^tidings: there is no Tidings at http:.*\n$/);
  });

  test('checks the configuration and shows what would run, without secrets', async (t) => {
    const env = {
      SMTP_HOST: 'smtp.example.com',
      SENDGRID_API_KEY: 'SG.canary',
      SENDGRID_FROM: 'news@example.com',
      EMAIL_PROVIDERS: 'sendgrid,smtp',
      API_KEYS: 'canary',
    };
    const { code, stdout, stderr } = await runTidings(t, ['config', 'check'], { env });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ {2}email +sendgrid, then smtp$/m);
    assert.match(stdout, /^ {2}sms +sandboxed/m);
    assert.match(stdout, /^ {2}SENDGRID_API_KEY=\*+$/m);
    assert.doesNotMatch(stdout, /canary/);
    assert.equal((await runTidings(t, ['config', 'check'], { env: { ...env, API_PORT: 'x' } })).code, 78);
  });

  test('migrates once, and says when there was nothing to do', async (t) => {
    const service = await startService(t);
    await service.stop();
    const env = service.place;
    const { code, stdout } = await runTidings(t, ['migrate'], { env });
    assert.deepEqual(
      { code, stdout },
      { code: 0, stdout: `${env.DATABASE_URL.replace('sqlite:', '')} was up to date\n` },
    );
  });

  test('is ended by Ctrl-C while it waits, and the notification goes on', async (t) => {
    const service = await startService(t);
    const args = ['send', '--to', 'user@example.com', '--message', 'Later', '--delay', '1h', '--url', service.url];
    const child = spawnTidings(args, { cwd: service.folder });
    atEnd(t, () => child.running && child.kill('SIGKILL'));
    await seen(
      () => child.stderr.includes('scheduled …') || undefined,
      () => `it does not wait: ${child.stderr}`,
    );
    child.kill('SIGINT');
    assert.deepEqual(await child.exited, { code: 130, signal: null });
    assert.match(child.stderr, /^scheduled …\nIt goes on without you: tidings get [0-9a-f-]{36}\n$/);
    assert.equal((await service.notification(UUID.exec(child.stderr)?.[0] ?? '')).status, 'scheduled');
  });

  test('explains itself, and exits with 2 when it is misused', async (t) => {
    assert.match((await runTidings(t, ['help'])).stdout, /tidings send --to WHO/);
    for (const args of [[], ['fly'], ['start', 'now'], ['send', '--to', 'x'], ['status'], ['status', 'a', '--loud']]) {
      const { code, stderr, stdout } = await runTidings(t, args);
      assert.equal(code, 2, args.join(' '));
      assert.notEqual(stderr, '');
      assert.equal(stdout, '');
    }
  });
});
