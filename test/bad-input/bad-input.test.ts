import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Bed, openBeds, STORES } from './bed.ts';
import { type Contract, comparable, contractFrom, type Json } from './contract.ts';
import { CORPUS } from './corpus.ts';
import { type BadRequest, bytesOf } from './request.ts';
import { OK, type Row, SEND, times } from './row.ts';
import { growth, runStorm } from './run-storm.ts';
import { SEED_PREFIX } from './seeds.ts';
import { Wire, type WireAnswer } from './wire.ts';

const MIB = 1_048_576;
const SLOW = CORPUS.filter(({ slow }) => slow);

let beds: readonly Bed[] = [];
let contract: Contract;
/** The answers to rows that take long, under way since the beginning. */
let early: readonly Promise<readonly WireAnswer[]>[] = [];

before(async () => {
  beds = await openBeds(STORES);
  const [sqlite, postgres] = await Promise.all(beds.map(({ wire }) => contractFrom(wire)));
  assert.ok(sqlite !== undefined);
  assert.deepEqual(sqlite.operations, postgres?.operations);
  contract = sqlite;
  early = SLOW.map((row) => Promise.all(beds.map((bed) => alone(bed, row))));
  // Their tests say what went wrong, if they are run at all.
  for (const one of early) one.catch(() => undefined);
});
after(async () => {
  await Promise.all(beds.map((bed) => bed.close()));
});

/** Over a connection of its own. */
async function alone(bed: Bed, row: Row): Promise<WireAnswer> {
  const wire = new Wire(bed.port);
  try {
    const { request } = row;
    return await wire.exchange(Buffer.isBuffer(request) ? request : bytesOf(request, `row-${CORPUS.indexOf(row)}`));
  } finally {
    wire.close();
  }
}

interface Outcome {
  readonly answer: WireAnswer;
  readonly before: string;
  readonly after: string;
}

/** What was there after the row before. */
const stocks = new WeakMap<Bed, string>();

async function outcomeOf(bed: Bed, row: Row): Promise<Outcome> {
  const before = stocks.get(bed) ?? (await bed.inventory.snapshot());
  const answer = await alone(bed, row);
  const after = await bed.inventory.snapshot();
  stocks.set(bed, after);
  return { answer, before, after };
}

describe('a bad request', () => {
  for (const row of CORPUS.filter(({ slow }) => !slow)) {
    test(`${row.expect}: ${row.name}`, async () => {
      const outcomes = await Promise.all(beds.map((bed) => outcomeOf(bed, row)));
      for (const [index, { answer, before, after }] of outcomes.entries()) {
        assertAsExpected(row, answer);
        const made = row.makes ?? 0;
        if (made === 0) assert.equal(after, before, 'something was written');
        else assert.equal(notificationsIn(after) - notificationsIn(before), made);
        const bed = beds[index];
        // On a busy machine anything can be late once.
        if (answer.ms > 1000 && bed !== undefined)
          assert.ok((await alone(bed, row)).ms < 1000, `it took ${answer.ms} ms`);
      }
      assertAlike(outcomes.map(({ answer }) => answer));
    });
  }
});

test('a storm of spoilt requests finds no fault, and the same answers on every store', async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const report = await runStorm(beds, contract, { requests: 2500, seed, windows: 10, timeLimitMs: 10_000 });
  const answers = Object.entries(report.statuses).map(([status, count]) => `${status}: ${count}`);
  t.diagnostic(
    `${report.requests} requests, seed ${seed}, slowest ${report.slowestMs.toFixed(0)} ms; ${answers.join(', ')}`,
  );
  assert.equal(report.failure, null);
  // A storm that is never let in, or always, would test little.
  for (const status of ['200', '202', '400', '404', '422']) assert.ok((report.statuses[status] ?? 0) > 5, status);
  for (const windows of Object.values(report.memory)) {
    assert.ok(growth(windows, 'heapUsed') < 8 * MIB, `the heap grows: ${JSON.stringify(windows)}`);
  }
});

describe('requests that race', () => {
  const all = (bed: Bed, requests: readonly BadRequest[]) =>
    Promise.all(requests.map((request) => alone(bed, { name: 'a race', request, expect: '' })));
  const made = async (bed: Bed) => notificationsIn(await bed.inventory.snapshot());

  test('with one key and other bodies make one notification, and all others are told', async () => {
    for (const bed of beds) {
      const before = await made(bed);
      const answers = await all(
        bed,
        times(60, (n) => ({
          method: 'POST',
          target: SEND,
          headers: [['Idempotency-Key', 'race']],
          body: JSON.stringify({ ...OK, message: `Body ${n % 3}` }),
        })),
      );
      const taken = answers.filter(({ status }) => status === 202);
      assert.equal(new Set(taken.map(({ body }) => body)).size, 1, bed.store);
      assert.equal(taken.length, 20);
      assert.equal(taken.filter(({ headers }) => headers.get('idempotency-replayed') === undefined).length, 1);
      for (const answer of answers) {
        if (answer.status !== 202) assert.match(answer.body, /"code":"idempotency_mismatch"/);
        assert.deepEqual(contract.faultsOf(contract.operationOf('POST', SEND), answer), []);
      }
      assert.equal((await made(bed)) - before, 1);
    }
  });

  test('to cancel and to retry the same notification get an answer each, and leave it in one state', async () => {
    for (const bed of beds) {
      const [sent] = await all(bed, [{ method: 'POST', target: SEND, body: JSON.stringify({ ...OK, delay: '1h' }) }]);
      const { id } = JSON.parse(sent?.body ?? '') as { id: string };
      const steps = times(80, (n) => ({ method: 'POST', target: `${SEND}/${id}/${n % 2 === 0 ? 'cancel' : 'retry'}` }));
      const answers = await all(bed, steps);
      for (const [index, answer] of answers.entries()) {
        const operation = contract.operationOf('POST', steps[index]?.target ?? '');
        assert.deepEqual(contract.faultsOf(operation, answer), [], `${bed.store}: ${answer.body}`);
      }
      const [shown] = await all(bed, [{ method: 'GET', target: `${SEND}/${id}` }]);
      const { status } = JSON.parse(shown?.body ?? '') as { status: string };
      assert.ok(['cancelled', 'scheduled', 'pending'].includes(status), status);
    }
  });
});

describe('a request that does not end', () => {
  for (const [index, row] of SLOW.entries()) {
    test(`${row.expect}: ${row.name}`, async () => {
      const answers = (await early[index]) ?? [];
      for (const answer of answers) assertAsExpected(row, answer);
      assertAlike(answers);
    });
  }
});

describe('the service after all of them', () => {
  test('takes a good request', async () => {
    const body = '{"recipient":"user@example.com","message":"Hello"}';
    const good = bytesOf({ method: 'POST', target: '/api/v1/notifications', body }, 'good');
    for (const { wire } of beds) assert.equal((await wire.exchange(good)).status, 202);
  });

  test('has nothing on its prototypes, and no error in its log', async () => {
    for (const bed of beds) {
      assert.deepEqual((await bed.memory()).polluted, []);
      assert.equal(bed.complaints(), '');
    }
  });
});

describe('the corpus', () => {
  test('has a row for every operation of the OpenAPI document', () => {
    const asked = new Set(
      CORPUS.flatMap(({ request }) =>
        Buffer.isBuffer(request) ? [] : [contract.operationOf(request.method, request.target)],
      ),
    );
    const missing = contract.operations.filter((operation) => !asked.has(operation));
    assert.deepEqual(
      missing.map(({ method, path }) => `${method} ${path}`),
      [],
    );
  });

  test('names its rows, of which there are enough, each by a name of its own', () => {
    const names = CORPUS.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
    assert.ok(CORPUS.length >= 250);
  });
});

function assertAsExpected(row: Row, answer: WireAnswer): void {
  const body = (answer.body.startsWith('{') ? JSON.parse(answer.body) : {}) as Json;
  const [status, code] = row.expect.split(' ');
  const told = answer.status >= 400 ? body.code : undefined;
  assert.deepEqual([answer.status, told], [Number(status), code], answer.body.slice(0, 1000));
  const { request } = row;
  const operation = Buffer.isBuffer(request) ? null : contract.operationOf(request.method, request.target);
  assert.deepEqual(contract.faultsOf(operation, answer), [], answer.body.slice(0, 1000));
  if (row.faults !== undefined) assert.deepEqual(faultsIn(body), row.faults);
  for (const [name, value] of Object.entries(row.headers ?? {})) assert.equal(answer.headers.get(name), value, name);
}

function assertAlike(answers: readonly WireAnswer[]): void {
  const [sqlite, postgres] = answers.map((answer) => comparable(answer, SEED_PREFIX));
  assert.equal(sqlite, postgres, 'the stores do not agree');
}

/** Pointers and codes, of a batch those of all its items. */
function faultsIn(body: Json): string[] {
  const own = (problem: Json) =>
    ((problem.errors ?? []) as Json[]).map(({ pointer, code }) => `${String(pointer)} ${String(code)}`);
  const items = ((body.results ?? []) as Json[]).flatMap(({ error }) =>
    error === undefined ? [] : own(error as Json),
  );
  return [...own(body), ...items];
}

function notificationsIn(snapshot: string): number {
  return Number(/what=notifications n=(\d+)/.exec(snapshot)?.[1]);
}
