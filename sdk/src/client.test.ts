import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { VirtualTime } from '../../test/kit/virtual-time.ts';
import { Tidings, TidingsError, type TidingsOptions } from './client.ts';

type Reply = Response | 'cut off' | 'never';

interface Asked {
  readonly at: number;
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
}

/** The client with time of its own and a service that answers what it is told to, then 200 `{}`. */
function setUp(replies: readonly Reply[], options: Partial<TidingsOptions> = {}) {
  const time = new VirtualTime();
  const asked: Asked[] = [];
  const left = [...replies];
  const answer = (signal: AbortSignal): Promise<Response> => {
    const reply = left.shift() ?? json(200, {});
    if (reply === 'cut off') return Promise.reject(new TypeError('fetch failed'));
    if (reply !== 'never') return Promise.resolve(reply);
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  };
  let keys = 0;
  const start = time.now();
  const tidings = new Tidings(
    { baseUrl: 'https://tidings.example.com/', apiKey: 'key-1', ...options },
    {
      fetch: (url, { method = '', headers, body, signal }) => {
        const text = typeof body === 'string' ? body : 'null';
        asked.push({
          ...{ at: time.now() - start, method, url },
          headers: new Headers(headers),
          body: JSON.parse(text),
        });
        assert.ok(signal);
        return answer(signal);
      },
      now: () => time.now(),
      after: (ms, callback) => time.after(ms, callback),
      random: () => 0.5,
      newKey: () => `made-${++keys}`,
    },
  );
  /** Lets time pass until it has ended, after which nothing may be left to come. */
  const end = async <T>(promise: Promise<T>): Promise<T> => {
    try {
      return await time.until(promise, 10_000_000);
    } finally {
      assert.equal(time.pending, 0, 'a timer was left behind');
    }
  };
  return { time, asked, tidings, end, times: () => asked.map(({ at }) => at) };
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

function problem(status: number, code: string, headers: Readonly<Record<string, string>> = {}, more = {}): Response {
  return json(status, { type: 'x', title: 'No', status, detail: 'It did not work.', code, ...more }, headers);
}

function failed(promise: Promise<unknown>, code: string): Promise<TidingsError> {
  return promise.then(
    () => assert.fail('it did not fail'),
    (error: unknown) => {
      assert.ok(error instanceof TidingsError, String(error));
      assert.equal(error.code, code, error.stack);
      return error;
    },
  );
}

const HELLO = { recipient: 'user@example.com', message: 'Hello' };
const ACCEPTED = { id: 'n-1', status: 'pending', created_at: '2026-01-31T09:30:00.000Z' };

describe('a call', () => {
  test('says who asks and for what, at the place it was given', async () => {
    const { tidings, asked, end } = setUp([json(202, ACCEPTED)], { baseUrl: 'https://example.com/tidings/' });
    assert.deepEqual(await end(tidings.send(HELLO)), ACCEPTED);
    const [one] = asked;
    assert.equal(one?.url, 'https://example.com/tidings/api/v1/notifications');
    assert.equal(one?.method, 'POST');
    assert.deepEqual(one?.body, HELLO);
    assert.equal(one?.headers.get('authorization'), 'Bearer key-1');
    assert.equal(one?.headers.get('idempotency-key'), 'made-1');
  });

  test('puts ids into paths so that they cannot lead elsewhere, and leaves out what is not asked for', async () => {
    const { tidings, asked, end } = setUp([]);
    await end(tidings.get('../dead-letters?a=b'));
    await end(tidings.inbox('a/b').mark('i 1', 'read'));
    await end(tidings.stats({ window: undefined }));
    assert.deepEqual(
      asked.map(({ url }) => url.slice('https://tidings.example.com/api/v1'.length)),
      ['/notifications/..%2Fdead-letters%3Fa%3Db', '/users/a%2Fb/inbox/i%201/read', '/stats'],
    );
    assert.equal(asked[0]?.headers.has('idempotency-key'), false);
    for (const id of ['', '.', '..']) await failed(tidings.deadLetters.discard(id), 'not_found');
    assert.equal(asked.length, 3);
  });

  test('that cannot be made is a mistake of the caller, at once and without the key in its words', async () => {
    for (const baseUrl of ['', 'tidings.example.com', 'ftp://example.com', '/api']) {
      assert.throws(() => new Tidings({ baseUrl }), TypeError);
    }
    const { tidings, asked } = setUp([], { apiKey: 'canary-→' });
    await assert.rejects(tidings.get('x'), (error) => error instanceof TypeError && !error.message.includes('canary'));
    assert.equal(asked.length, 0);
  });
});

describe('a send', () => {
  test('keeps its key over lost answers, a gateway, 503, 429 and one that is still in flight', async () => {
    const { tidings, asked, end, times } = setUp([
      'cut off',
      new Response('<h1>Bad gateway</h1>', { status: 502 }),
      problem(503, 'unavailable', { 'retry-after': '2' }),
      problem(429, 'too_many_requests', { 'retry-after': '3' }),
      problem(409, 'in_flight', { 'retry-after': '1' }),
      json(202, ACCEPTED),
    ]);
    assert.deepEqual(await end(tidings.send(HELLO)), ACCEPTED);
    assert.deepEqual(new Set(asked.map(({ headers }) => headers.get('idempotency-key'))), new Set(['made-1']));
    // Without word of when to come back: 100–200 ms, then 200–400 ms. With it: that, and up to a tenth more.
    assert.deepEqual(times(), [0, 150, 450, 2550, 5700, 6750]);
  });

  test('uses the key it is given; two sends have two', async () => {
    const { tidings, asked, end } = setUp([]);
    await end(tidings.send(HELLO, { idempotencyKey: 'order-7' }));
    await end(tidings.send(HELLO));
    await end(tidings.send(HELLO));
    assert.deepEqual(
      asked.map(({ headers }) => headers.get('idempotency-key')),
      ['order-7', 'made-1', 'made-2'],
    );
  });

  test('of a batch has one key, or, where items have their own, one for each item', async () => {
    const { tidings, asked, end } = setUp([]);
    await end(tidings.sendBatch([HELLO, HELLO]));
    await end(tidings.sendBatch([HELLO, { ...HELLO, idempotency_key: 'own' }]));
    assert.equal(asked[0]?.headers.get('idempotency-key'), 'made-1');
    assert.deepEqual(asked[0]?.body, { notifications: [HELLO, HELLO] });
    assert.equal(asked[1]?.headers.has('idempotency-key'), false);
    assert.deepEqual(asked[1]?.body, {
      notifications: [
        { ...HELLO, idempotency_key: 'made-2:0' },
        { ...HELLO, idempotency_key: 'own' },
      ],
    });
  });

  test('that gets no answer is tried again, and given up when its time is over', async () => {
    const { tidings, end, times } = setUp(Array<Reply>(9).fill('never'), { timeout: 40_000, tryTimeout: 15_000 });
    const error = await failed(end(tidings.send(HELLO)), 'timeout');
    assert.match(error.message, /did not answer within/);
    // The last try has what is left of the 40 s, and no further one would fit.
    assert.deepEqual(times(), [0, 15_150, 30_450]);
  });

  test('gives up at once where it would have to stay away for longer than there is time', async () => {
    const { tidings, end, times } = setUp([problem(429, 'too_many_requests', { 'retry-after': '3600' })]);
    const error = await failed(end(tidings.send(HELLO)), 'too_many_requests');
    assert.equal(error.retryAfter, 3_600_000);
    assert.deepEqual(times(), [0]);
  });

  test('takes the date of Retry-After by the clock of the service', async () => {
    const { tidings, end, times } = setUp([
      problem(503, 'overloaded', {
        date: 'Sat, 31 Jan 1970 09:30:00 GMT',
        'retry-after': 'Sat, 31 Jan 1970 09:30:04 GMT',
      }),
    ]);
    await end(tidings.send(HELLO));
    assert.deepEqual(times(), [0, 4200]);
  });

  test('is not tried again where the caller does not want it', async () => {
    const { tidings, end, times } = setUp(['cut off'], { retryIf: ({ code }) => code !== 'unreachable' });
    await failed(end(tidings.send(HELLO)), 'unreachable');
    assert.deepEqual(times(), [0]);
  });
});

describe('what does not get better', () => {
  for (const [status, code] of [
    [400, 'invalid_json'],
    [401, 'unauthorized'],
    [404, 'not_found'],
    [409, 'too_late'],
    [422, 'unroutable'],
    [500, 'internal'],
  ] as const) {
    test(`is not tried again: ${status} ${code}`, async () => {
      const { tidings, end, times } = setUp([problem(status, code)]);
      assert.equal((await failed(end(tidings.cancel('n-1')), code)).status, status);
      assert.deepEqual(times(), [0]);
    });
  }

  test('tells every fault, in its words too', async () => {
    const errors = [{ pointer: '/recipient', code: 'invalid_email', detail: 'This is not an e-mail address.' }];
    const { tidings, end } = setUp([problem(422, 'invalid_request', {}, { errors, request_id: 'r-1' })]);
    const error = await failed(end(tidings.send(HELLO)), 'invalid_request');
    assert.deepEqual(error.errors, errors);
    assert.equal(error.requestId, 'r-1');
    assert.equal(error.message, 'No\n  /recipient: This is not an e-mail address.');
  });

  test('is an answer that is not from Tidings, and a redirect, which would make a GET of a POST', async () => {
    const page = new Response('<h1>Hello</h1>', { status: 200 });
    const redirect = new Response(null, { status: 301, headers: { location: 'https://example.com/' } });
    const { tidings, end, times } = setUp([page, redirect, new Response('null'), json(403, { error: 'no' })]);
    for (let round = 0; round < 4; round++) await failed(end(tidings.send(HELLO)), 'unexpected_answer');
    assert.equal(times().length, 4);
  });
});

describe('a step that does more when it is asked for twice', () => {
  test('is not asked for again where it may have been heard', async () => {
    for (const reply of ['cut off', problem(503, 'unavailable')] as const) {
      const { tidings, end, times } = setUp([reply]);
      await assert.rejects(end(tidings.retry('n-1')), TidingsError);
      assert.deepEqual(times(), [0]);
    }
    const { tidings, end, times } = setUp(['cut off', 'cut off', 'cut off', json(200, {})]);
    await failed(end(tidings.deadLetters.retry({})), 'unreachable');
    await failed(end(tidings.deadLetters.discard('d-1')), 'unreachable');
    await end(tidings.deadLetters.retry({}, { dryRun: true }));
    assert.equal(times().length, 4, 'to count is harmless');
  });

  test('is asked for again where it was certainly not', async () => {
    const { tidings, end, times } = setUp([
      problem(429, 'too_many_requests', { 'retry-after': '1' }),
      problem(503, 'overloaded', { 'retry-after': '1' }),
    ]);
    await end(tidings.retry('n-1'));
    assert.equal(times().length, 3);
  });
});

describe('an abort', () => {
  const reason = new Error('enough');

  for (const [where, replies] of [
    ['while it is asked', ['never']],
    ['while it waits to ask again', [problem(503, 'overloaded', { 'retry-after': '9' })]],
  ] as const) {
    test(`ends a call ${where} with its own reason, and leaves nothing behind`, async () => {
      const { time, tidings, end, times } = setUp(replies);
      const controller = new AbortController();
      const call = tidings.send(HELLO, { signal: controller.signal });
      time.after(1000, () => controller.abort(reason));
      await assert.rejects(end(call), reason);
      assert.deepEqual(times(), [0]);
    });
  }

  test('that does not come leaves nothing at a signal that lives on', async () => {
    const { signal } = new AbortController();
    const { tidings, end } = setUp(['cut off', problem(429, 'too_many_requests', { 'retry-after': '1' })]);
    await end(tidings.send(HELLO, { signal }));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('before the call ends it before anything is asked', async () => {
    const { tidings, end, times } = setUp([]);
    await assert.rejects(end(tidings.get('n-1', { signal: AbortSignal.abort(reason) })), reason);
    assert.deepEqual(times(), []);
  });

  test('ends the waiting for the end, and the going through of a list', async () => {
    const { time, tidings, end } = setUp(Array.from({ length: 50 }, () => json(200, { status: 'retrying' })));
    const controller = new AbortController();
    time.after(5000, () => controller.abort(reason));
    await assert.rejects(end(tidings.waitUntilDone('n-1', { signal: controller.signal })), reason);
    await assert.rejects(tidings.list({}, { signal: controller.signal }).take(1), reason);
  });
});

describe('waiting for the end', () => {
  const looks = (...statuses: readonly string[]) =>
    statuses.map((status) => json(200, { id: 'n-1', status, request_id: 'r-1' }));

  test('looks soon, then ever more rarely, and tells what it sees', async () => {
    const seen: string[] = [];
    const statuses = [...Array<string>(15).fill('retrying'), 'failed'];
    const { tidings, end, times } = setUp(looks(...statuses));
    const done = await end(tidings.waitUntilDone('n-1', { onLook: ({ status }) => seen.push(status) }));
    assert.equal(done.status, 'failed', 'that it failed is an answer, not an error');
    assert.deepEqual(seen, statuses);
    const waits = times().map((at, index) => at - (times()[index - 1] ?? 0));
    assert.deepEqual(waits.slice(0, 4), [0, 100, 150, 225]);
    assert.equal(Math.max(...waits), 5000);
  });

  test('gives up in time', async () => {
    const { tidings, end, times } = setUp(looks(...Array<string>(50).fill('scheduled')));
    const error = await failed(end(tidings.waitUntilDone('n-1', { timeout: 1000 })), 'timeout');
    assert.match(error.message, /n-1 is still scheduled after 1000 ms/);
    assert.ok((times().at(-1) ?? 0) < 1000);
  });

  test('outlives a service that is started anew', async () => {
    const { tidings, end } = setUp([...looks('pending'), 'cut off', 'cut off', ...looks('sent')]);
    assert.equal((await end(tidings.waitUntilDone('n-1'))).status, 'sent');
  });
});

describe('a list', () => {
  const pages = () => [
    json(200, { data: [1, 2], next_cursor: 'a+b' }),
    // Where much was looked at and nothing fitted.
    json(200, { data: [], next_cursor: 'c' }),
    json(200, { data: [3], next_cursor: null }),
  ];

  test('fetches its pages while it is gone through, the empty ones too', async () => {
    const { tidings, asked, end } = setUp(pages());
    const all = await end(tidings.list({ status: 'failed', limit: 2 }).take(100));
    assert.deepEqual(all, [1, 2, 3]);
    assert.deepEqual(
      asked.map(({ url }) => new URL(url).search),
      ['?status=failed&limit=2', '?status=failed&limit=2&cursor=a%2Bb', '?status=failed&limit=2&cursor=c'],
    );
  });

  test('fetches no more than is taken', async () => {
    const { tidings, asked, end } = setUp(pages());
    assert.equal((await end(tidings.deadLetters.list().take(2))).length, 2);
    assert.equal(asked.length, 1);
  });

  test('can be had page by page', async () => {
    const { tidings } = setUp(pages());
    const sizes: number[] = [];
    for await (const { data } of tidings.inbox('u').list().pages()) sizes.push(data.length);
    assert.deepEqual(sizes, [2, 0, 1]);
  });
});

describe('events', () => {
  const event = (id: string, status: string) =>
    `event: delivery\nid: ${id}\ndata: ${JSON.stringify({ notification_id: 'n', delivery_id: 'd', status, channel: null, provider: null, code: null, at: 't' })}\n\n`;
  const stream = (...pieces: readonly string[]) => {
    const body = new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  };

  test('come over every break, each once, from where the last one was', async () => {
    let pulls = 0;
    const broken = new Response(
      new ReadableStream({
        pull(controller) {
          if (pulls++ > 0) return controller.error(new Error('reset'));
          controller.enqueue(
            new TextEncoder().encode(`:\n\n${event('1', 'pending')}${event('2', 'sent').slice(0, 20)}`),
          );
        },
      }),
      { headers: { 'content-type': 'text/event-stream; charset=utf-8' } },
    );
    const busy = json(503, { code: 'overloaded', title: 'x', detail: 'x' }, { 'retry-after': '5' });
    const { tidings, asked, end } = setUp([
      broken,
      'cut off',
      busy,
      stream(event('2', 'sent'), 'event: reset\nid: 3\ndata: {}\n\n'),
    ]);
    const told: unknown[] = [];
    const connections: unknown[] = [];
    const onConnection = (error: TidingsError | null) => connections.push(error?.code ?? null);
    await end(
      (async () => {
        for await (const { id, type } of tidings.events({ onConnection })) {
          told.push([id, type]);
          if (type === 'reset') break;
        }
      })(),
    );
    assert.deepEqual(told, [
      ['1', 'delivery'],
      ['2', 'delivery'],
      ['3', 'reset'],
    ]);
    assert.deepEqual(
      asked.map(({ headers }) => headers.get('last-event-id')),
      [null, '1', '1', '1'],
    );
    assert.equal(asked[0]?.headers.get('authorization'), 'Bearer key-1');
    assert.ok((asked[3]?.at ?? 0) - (asked[2]?.at ?? 0) >= 5_000, 'it waits as long as it is asked to');
    assert.deepEqual(connections, [null, 'unreachable', 'unreachable', 'overloaded', null]);
  });

  test('are given up where the service says no, and where nobody wants them any more', async () => {
    const refusal = json(400, { code: 'invalid_cursor', title: 'x', detail: 'x' });
    const { tidings, asked, end } = setUp([refusal, stream(event('1', 'sent')), 'never']);
    await assert.rejects(end(tidings.events({ after: 'x', notificationId: 'a/b' }).next()), { code: 'invalid_cursor' });
    assert.equal(asked[0]?.url, 'https://tidings.example.com/api/v1/events?notification_id=a%2Fb');
    const controller = new AbortController();
    const all = tidings.events({ signal: controller.signal });
    assert.equal((await all.next()).value.type, 'delivery');
    const waiting = all.next();
    controller.abort(new Error('enough'));
    await assert.rejects(end(waiting), /enough/);
  });

  test('are asked for anew when nothing is heard for too long', async () => {
    const silent = new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } });
    const { tidings, asked, time } = setUp(['never', silent, stream(event('1', 'sent'))]);
    const all = tidings.events();
    const first = all.next();
    await time.run(40_000);
    await time.run(60_000);
    assert.equal((await first).value.type, 'delivery');
    await all.return?.(undefined as never);
    assert.equal(asked.length, 3);
  });
});
