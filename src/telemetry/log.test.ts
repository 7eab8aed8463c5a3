import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM = fileURLToPath(new URL('../../test/kit/log-every-event.ts', import.meta.url));
const CANARY = /canary/i;

describe('the log', () => {
  for (const format of ['json', 'pretty']) {
    test(`holds no message, address or secret of any event (${format})`, async () => {
      const { stdout, stderr } = await run('trace', format);
      assert.equal(stdout, '', 'standard output is not for logs');
      assert.equal(CANARY.test(stderr), false);
      for (const type of ['accepted', 'replayed', 'attempted', 'held_back', 'moved', 'stale_settle']) {
        assert.ok(stderr.includes(type), `there is no ${type}`);
      }
      for (const type of ['reclaimed', 'receipt', 'provider_paused', 'provider_recovered', 'fault']) {
        assert.ok(stderr.includes(type), `there is no ${type}`);
      }
    });
  }

  test('is one JSON object a line, with the request and the delivery it is about', async () => {
    const lines = await linesAt('trace');
    assert.equal(lines.length, 18);
    for (const line of lines) {
      assert.equal(typeof line.time, 'string');
      assert.equal(new Date(String(line.time)).toISOString(), line.time);
      const isAboutService = ['forgotten', 'provider_paused', 'provider_recovered', 'fault'].includes(
        String(line.event),
      );
      assert.equal(line.request_id, isAboutService ? undefined : 'req-1');
    }
    const attempted = lines.filter(({ event }) => event === 'attempted');
    assert.deepEqual(
      attempted.map(({ level, channel, provider, outcome, code }) => ({
        ...{ level, channel, provider, outcome, code },
      })),
      [
        { level: 30, channel: 'email', provider: 'smtp', outcome: 'accepted', code: null },
        {
          level: 40,
          channel: 'email',
          provider: 'smtp',
          outcome: 'rejected',
          code: 'invalid_recipient',
        },
      ],
    );
  });

  test('shows of a fault its type, message, code, stack and cause, and nothing that hangs on it', async () => {
    const faults = (await linesAt('error')).map(({ err }) => err);
    const [own, several, oddCode, ...notErrors] = faults;
    assert.ok(isRecord(own) && isRecord(own.cause) && isRecord(several) && isRecord(oddCode));
    assert.deepEqual(Object.keys(own).toSorted(), ['cause', 'code', 'message', 'stack', 'type']);
    assert.deepEqual([own.type, own.message, own.code], ['ProviderError', 'the fault', 'E_PROVIDER']);
    assert.match(String(own.stack), /^Error: the fault\n {4}at |^ProviderError: the fault\n {4}at /);
    assert.deepEqual([own.cause.message, own.cause.cause], ['the cause', { type: 'object' }]);
    assert.deepEqual([several.type, several.message], ['AggregateError', 'several']);
    assert.equal(oddCode.code, undefined);
    assert.deepEqual(notErrors, [{ type: 'string' }, { type: 'object' }]);
  });

  test('shows nothing of an object that was thrown in place of an error', async () => {
    const { stderr } = await run('error', 'json', 'object');
    assert.equal(CANARY.test(stderr), false);
  });

  test('survives an error that is its own cause', async () => {
    const { stderr } = await run('error', 'json', 'circle');
    assert.match(stderr, /its own cause/);
  });

  test('leaves out what is less important than its level', async () => {
    const events = new Set((await linesAt('warn')).map(({ event }) => event));
    const warned = ['attempted', 'moved', 'stale_settle', 'reclaimed', 'provider_paused', 'fault'];
    assert.deepEqual(events, new Set(warned));
    assert.deepEqual(await linesAt('silent'), []);
  });
});

function run(level: string, format: string, ...odd: readonly string[]) {
  return promisify(execFile)(process.execPath, [PROGRAM, level, format, ...odd]);
}

async function linesAt(level: string): Promise<Record<string, unknown>[]> {
  const { stderr } = await run(level, 'json');
  return stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const parsed: unknown = JSON.parse(line);
      assert.ok(isRecord(parsed));
      return parsed;
    });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
