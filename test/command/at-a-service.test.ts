import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runCli } from '../../src/cli.ts';
import { type Service, service } from '../faces/bed.ts';
import { httpReceiver } from '../kit/http-receiver.ts';
import { type RecordedIo, recordedIo } from '../kit/recorded-io.ts';
import { seen } from '../kit/until.ts';

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** The commands that talk to a service, in this process, on the real service. */
describe('on the command line, a service', () => {
  let running: Service;
  before(async () => {
    running = await service({ API_KEYS: 'key-1', MAX_RETRY_ATTEMPTS: '2', RETRY_BACKOFF_BASE: '3600' });
  });
  after(() => running.stop());

  async function tidings(args: readonly string[], io: RecordedIo = recordedIo()) {
    const code = await runCli([...args, '--url', running.url, '--key', 'key-1'], io);
    return { code, ...io.written };
  }

  test('sends what standard input says, and shows the way on one line of a terminal', async () => {
    const io = recordedIo({ columns: 100, input: 'From a pipe\n' });
    const { code, out, err } = await tidings(['send', '--to', 'user@example.com', '--message', '-'], io);
    assert.equal(code, 0, err);
    assert.match(out, /^[0-9a-f-]{36} sent by email\n {2}1\. email sandbox accepted\n$/);
    assert.ok(err === '' || /\r +\r$/.test(err), `the line is gone at the end: ${JSON.stringify(err)}`);
    const { out: shown } = await tidings(['get', UUID.exec(out)?.[0] ?? '', '--json']);
    assert.equal((JSON.parse(shown) as { message: string }).message, 'From a pipe');
  });

  test('tells on the line what is tried next and when, and goes on without whoever presses Ctrl-C', async () => {
    const io = recordedIo({ columns: 120 });
    const sending = tidings(['send', '--to', 'down@sandbox.test', '--message', 'Hi'], io);
    await seen(
      () => io.written.err.includes('retrying') || undefined,
      () => io.written.err,
    );
    io.interrupt();
    const { code, out, err } = await sending;
    assert.deepEqual([code, out], [130, '']);
    assert.match(err, /retrying · email sandbox deferred: provider_error · next attempt in (1 h|\d\d min)/);
    assert.match(err, /\r +\rIt goes on without you: tidings get [0-9a-f-]{36}\n$/);
  });

  test('waits no longer than it is told to', async () => {
    const args = ['send', '--to', 'down@sandbox.test', '--message', 'Hi', '--timeout', '300ms'];
    const { code, err } = await tidings(args);
    assert.equal(code, 1);
    assert.match(err, /tidings: it is not done within 300ms\. It goes on without you: tidings get/);
    const { code: misused } = await tidings([...args.slice(0, -1), 'soon']);
    assert.equal(misused, 2);
  });

  test('accepts and lets go, reschedules, cancels and retries', async () => {
    const sent = await tidings(['send', '--to', '42', '--message', 'Later', '--delay', '1h', '--no-wait', '--json']);
    const { id } = JSON.parse(sent.out) as { id: string };
    const moved = await tidings(['reschedule', id, '--at', '2027-01-31T09:30:00Z']);
    assert.match(moved.out, /scheduled\n {2}next attempt at 2027-01-31T09:30:00\.000Z\n$/);
    assert.deepEqual(await tidings(['cancel', id]), { code: 0, out: `${id} is cancelled\n`, err: '' });
    assert.match((await tidings(['retry', id])).out, /is on its way again\n$/);
    const both = await tidings(['cancel', '00000000-0000-7000-8000-000000000000', id]);
    assert.equal(both.code, 1);
    assert.match(both.err, /^tidings: 00000000-[^\n]*\n$/);
    assert.equal(both.out, `${id} is cancelled\n`, 'the others have their turn');
  });

  test('shows what becomes of deliveries as it happens, until Ctrl-C', async () => {
    const io = recordedIo();
    const following = tidings(['tail'], io);
    const json = recordedIo();
    const watching = tidings(['tail', '--json'], json);
    // It is heard from when it is connected; how soon that is, nobody tells.
    const ids: string[] = [];
    await seen(
      async () => {
        const sent = await tidings(['send', '--to', '42', '--message', 'x', '--channel', 'in_app', '--json']);
        ids.push((JSON.parse(sent.out) as { id: string }).id);
        return (io.written.out.includes('sent') && json.written.out.includes('"sent"')) || undefined;
      },
      () => io.written.out + io.written.err,
    );
    io.interrupt();
    json.interrupt();
    const { code, out, err } = await following;
    assert.deepEqual([code, err], [130, '']);
    const [first = ''] = out.split('\n');
    assert.match(first, /^\S+Z pending {4}[0-9a-f-]{36}$/);
    assert.match(out, /Z sent {7}[0-9a-f-]{36} in_app inbox\n/);
    assert.equal((await watching).code, 130);
    const [line = ''] = json.written.out.split('\n');
    const event = JSON.parse(line) as Readonly<Record<string, string>>;
    assert.ok(ids.includes(event.notification_id ?? ''), line);
    const past = recordedIo();
    const again = tidings(['tail', event.notification_id ?? '', '--after', event.id ?? ''], past);
    await seen(
      () => past.written.out.includes('sent') || undefined,
      () => past.written.out + past.written.err,
    );
    past.interrupt();
    await again;
    assert.ok(past.written.out.split('\n').every((text) => text === '' || text.includes(event.notification_id ?? '')));
    const wrong = await tidings(['tail', '--after', 'x']);
    assert.deepEqual([wrong.code, wrong.out], [1, '']);
    const nobody = recordedIo();
    assert.equal(await runCli(['tail', '--url', 'http://127.0.0.1:9'], nobody), 1);
    assert.match(nobody.written.err, /there is no Tidings at/);
  });

  test('lists what fits, as a table or as lines of JSON', async () => {
    for (const index of [1, 2, 3]) {
      const to = `list-${index}@example.com`;
      await tidings(['send', '--to', to, '--message', `Line ${index}\nand more`, '--tag', 'list', '--no-wait']);
    }
    const table = await tidings(['list', '--tag', 'list', '--limit', '2']);
    assert.match(table.out, /^\S+ +\w+ +\S+ +list-3@example\.com +\S+Z +Line 3 and more\n\S+.*Line 2 and more\n$/);
    assert.match(table.err, /newest 2; --limit or --all/);
    const lines = (await tidings(['list', '--tag', 'list', '--all', '--json'])).out.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { message: string }).message.slice(0, 6)),
      ['Line 3', 'Line 2', 'Line 1'],
    );
    assert.deepEqual(await tidings(['list', '--tag', 'nothing']), { code: 0, out: '', err: 'There are none.\n' });
    const wrong = await tidings(['list', '--status', 'lost', '--created-after', 'once']);
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /^tidings: the request is wrong:\n {2}query\/status: .*\n {2}query\/created_after: .*\n$/);
  });

  test('counts dead letters, starts them afresh with a bar, and sets them aside', async () => {
    for (const _ of [1, 2, 3]) await tidings(['send', '--to', 'bounce@sandbox.test', '--message', 'No']);
    const filter = ['--code', 'recipient_unreachable'];
    const count = await tidings(['dead-letters', 'retry', ...filter, '--dry-run']);
    assert.equal(count.out, '3 dead letters match\n');
    const io = recordedIo({ columns: 100 });
    const again = await tidings(['dead-letters', 'retry', ...filter], io);
    assert.equal(again.out, '3 dead letters of 3 on their way again\n');
    assert.match(again.err, /\rretrying █{20} 100 % {2}3 of 3/);
    const letter = await seen(
      async () => (await tidings(['dead-letters', ...filter])).out.split(' ')[0] || undefined,
      () => 'there are no dead letters',
    );
    assert.match((await tidings(['dead-letters', 'discard', letter])).out, /is set aside\n$/);
    const bare = await tidings(['dead-letters', 'retry']);
    assert.deepEqual([bare.code, bare.out], [2, '']);
  });

  test('retries a great many part by part, and tells how far it came when Ctrl-C ends it', async () => {
    await using receiver = await httpReceiver();
    const parts = [
      { matched: 10_000, retried: 0, next_cursor: 'a' },
      { matched: 2_000, retried: 0, next_cursor: null },
      { matched: 500, retried: 500, next_cursor: 'b' },
      { matched: 500, retried: 490, next_cursor: 'c' },
    ];
    const io = recordedIo({ columns: 100 });
    receiver.answer('/api/v1/dead-letters/retry', ...parts.slice(0, 3).map((body) => ({ body })), (response) => {
      io.interrupt();
      response.setHeader('content-type', 'application/json').end(JSON.stringify(parts[3]));
    });
    const code = await runCli(['dead-letters', 'retry', '--all', '--url', receiver.url], io);
    assert.equal(code, 130);
    assert.equal(io.written.out, '990 dead letters of 12,000 on their way again\n');
    assert.match(io.written.err, /500 of 12,000/);
    assert.deepEqual(
      receiver.requests.map(({ body }) => {
        const { dry_run, cursor } = JSON.parse(body) as { dry_run: boolean; cursor?: string };
        return [dry_run, cursor];
      }),
      [
        [true, undefined],
        [true, 'a'],
        [false, undefined],
        [false, 'b'],
      ],
    );
  });

  test('tells its figures', async () => {
    await tidings(['send', '--to', 'user@example.com', '--message', 'Hi']);
    const { out } = await tidings(['stats', '--window', '1h']);
    assert.match(out, /^\d+ accepted in the last 1h; \d+ waiting/);
    assert.match(out, /^sent, by provider\n {2}sandbox +\d+$/m);
    assert.ok((JSON.parse((await tidings(['stats', '--json'])).out) as { total: number }).total > 0);
  });

  test('that refuses is told in a sentence, or with --json as JSON', async () => {
    const without = recordedIo();
    assert.equal(await runCli(['stats', '--url', running.url], without), 1);
    assert.match(without.written.err, /^tidings: http:\S+ wants an API key; give it with --key, or set API_KEYS/);
    const wrong = recordedIo();
    assert.equal(await runCli(['stats', '--url', running.url, '--key', 'wrong', '--json'], wrong), 1);
    const { error } = JSON.parse(wrong.written.err) as { error: { code: string; status: number } };
    assert.deepEqual([error.code, error.status], ['unauthorized', 401]);
    assert.match((await tidings(['get', 'nothing'])).err, /has nothing of this name\n$/);
    assert.match((await tidings(['get', '..'])).err, /has nothing of this name\n$/);
    assert.equal(await runCli(['stats', '--url', 'tidings.example.com'], recordedIo()), 1);
  });

  test('that is something else is told so', async () => {
    await using other = await httpReceiver();
    other.otherwise({ body: '<h1>Hello</h1>' });
    const io = recordedIo();
    assert.equal(await runCli(['stats', '--url', other.url], io), 1);
    assert.match(io.written.err, /^tidings: the answer of http:\S+ \(200\) is not Tidings'\n$/);
  });

  test('is not needed to learn how it is asked', async () => {
    for (const [args, words] of [
      [['help', 'send'], /--idempotency-key KEY/],
      [['dead-letters', 'retry', '--help'], /^tidings dead-letters retry: /],
      [['--version'], /^\d+\.\d+\.\d+\n$/],
    ] as const) {
      const io = recordedIo();
      assert.equal(await runCli(args, io), 0);
      assert.match(io.written.out, words);
    }
    for (const [args, words] of [
      [['sned'], /there is no command "sned"; did you mean "send"\?/],
      [['config'], /config needs a word more: config check/],
      [['dead-letter', 'retry'], /did you mean "dead-letters/],
      [['help', 'fly'], /there is no command "fly"/],
      [['send', '--to', 'a', '--mesage', 'b'], /did you mean --message\? "tidings help send"/],
    ] as const) {
      const io = recordedIo();
      assert.equal(await runCli(args, io), 2);
      assert.match(io.written.err, words);
    }
  });
});
