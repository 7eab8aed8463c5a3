import * as fc from 'fast-check';
import type { Bed, Memory, StoreName } from './bed.ts';
import { type Contract, comparable } from './contract.ts';
import { generatedRequests } from './generated.ts';
import { type BadRequest, bytesOf } from './request.ts';
import { SEED_PREFIX } from './seeds.ts';
import { spoils, spoilt } from './spoilt.ts';
import type { WireAnswer } from './wire.ts';

export interface StormOptions {
  readonly requests: number;
  readonly seed: number;
  /** Where a failure before this run was, to see it again. */
  readonly path?: string;
  /** After this time, in ms, no more requests are begun; without it all are sent. */
  readonly timeLimitMs?: number;
  /** Of every store, what memory it used after each of about so many parts of the run. */
  readonly windows: number;
}

export interface StormReport {
  readonly requests: number;
  /** Answers by status, of one store. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** Requests that took over a second once and then no more. */
  readonly slowOnce: number;
  readonly memory: Readonly<Partial<Record<StoreName, readonly Memory[]>>>;
  /** Null: nothing was found. Otherwise how to see it again, and the smallest request that shows it. */
  readonly failure: string | null;
  readonly complaints: string;
}

/** Longer than this, in ms, no answer may take. */
const TOO_LONG = 1000;

/** Sends requests that follow the OpenAPI document and are then spoilt, each to every store, and judges the answers. */
export async function runStorm(
  beds: readonly Bed[],
  contract: Contract,
  { requests, seed, path, windows, timeLimitMs }: StormOptions,
): Promise<StormReport> {
  const statuses: Record<string, number> = {};
  const memory: Partial<Record<StoreName, Memory[]>> = {};
  const about = { slowestMs: 0, slowOnce: 0 };
  let sent = 0;
  const remember = async () => {
    for (const bed of beds) memory[bed.store] = [...(memory[bed.store] ?? []), await bed.memory()];
  };
  const deadline = performance.now() + (timeLimitMs ?? Number.POSITIVE_INFINITY);
  const property = fc.asyncProperty(generatedRequests(contract), spoils, async (good, list) => {
    // Not fast-check's own limit, which would leave a request half answered.
    if (performance.now() > deadline) return;
    sent += 1;
    if (sent <= requests && sent % Math.ceil(requests / windows) === 0) await remember();
    const answers = await judged(spoilt(good, list), `storm-${sent}`, beds, contract, about);
    const status = String(answers[0]?.status);
    statuses[status] = (statuses[status] ?? 0) + 1;
  });
  const result = await fc.check(property, {
    numRuns: requests,
    seed,
    ...(path === undefined ? {} : { path }),
    endOnFailure: false,
  });
  if (!result.failed) await remember();
  return {
    requests: sent,
    statuses,
    ...about,
    memory,
    failure: result.failed ? failureText(result, beds) : null,
    complaints: beds.map((bed) => bed.complaints()).join(''),
  };
}

/** Sends one request to every store, and throws what is wrong with the answers. */
async function judged(
  request: BadRequest,
  id: string,
  beds: readonly Bed[],
  contract: Contract,
  about: { slowestMs: number; slowOnce: number },
): Promise<readonly WireAnswer[]> {
  const bytes = bytesOf(request, id);
  const head = request.method === 'HEAD';
  const answers = await Promise.all(beds.map((bed) => answerOf(bed, bytes, head, request)));
  const operation = contract.operationOf(request.method, request.target);
  for (const [index, answer] of answers.entries()) {
    // An answer to HEAD has nothing to look at but its status, which the same GET is judged by too.
    const [one] = head && answer.status !== 500 ? [] : contract.faultsOf(operation, answer);
    if (one !== undefined) throw new Error(`${beds[index]?.store}: ${one}\n${answer.body.slice(0, 1000)}`);
    about.slowestMs = Math.max(about.slowestMs, answer.ms);
  }
  // Of a batch the bad items are named in the answer, so it is taken all the same.
  const isTaken = answers.some(({ status }) => status < 300) && operation?.path.endsWith('/batch') === false;
  if (isTaken && !contract.takes(operation, request.body)) throw new Error('it was taken, but is not as documented');
  const [one, other] = answers.map((answer) => comparable(answer, SEED_PREFIX));
  // How the service is can change between two looks at it.
  const isHealth = operation?.path.startsWith('/health') ?? false;
  if (other !== undefined && one !== other && !isHealth) throw new Error(`the stores do not agree:\n${one}\n${other}`);
  for (const [index, answer] of answers.entries()) {
    const bed = beds[index];
    if (bed === undefined || answer.ms <= TOO_LONG) continue;
    // On a busy machine anything can be late; what is slow by itself is so again.
    const again = [await bed.wire.exchange(bytes, { head }), await bed.wire.exchange(bytes, { head })];
    if (again.every(({ ms }) => ms > TOO_LONG))
      throw new Error(`${bed.store}: it took ${answer.ms} ms, and so it did again`);
    about.slowOnce += 1;
  }
  return answers;
}

/** What was newest after the request before. */
const marks = new WeakMap<Bed, string>();

async function answerOf(bed: Bed, bytes: Buffer, head: boolean, request: BadRequest): Promise<WireAnswer> {
  const before = marks.get(bed) ?? (await bed.inventory.mark());
  const answer = await bed.wire.exchange(bytes, { head });
  const after = await bed.inventory.mark();
  marks.set(bed, after);
  const mayWrite = answer.status < 300 && request.method !== 'GET' && !head;
  if (after !== before && !mayWrite)
    throw new Error(`${bed.store}: a request that was answered ${answer.status} wrote:\n${before}\n${after}`);
  return answer;
}

function failureText(result: fc.RunDetails<Parameters<typeof spoilt>>, beds: readonly Bed[]): string {
  const smallest = result.counterexample;
  const bytes = smallest === null ? '' : bytesOf(spoilt(...smallest), 'storm-again').toString('latin1');
  const error = result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
  return [
    `seed ${result.seed}, request ${result.numRuns}, made smaller ${result.numShrinks} times: ${error}`,
    `see it again: node test/bad-input/storm.ts --seed ${result.seed} --path ${result.counterexamplePath}`,
    `the stores: ${beds.map(({ store }) => store).join(', ')}. The request:`,
    bytes.length > 4000 ? `${bytes.slice(0, 4000)}… (${bytes.length})` : bytes,
  ].join('\n');
}

/**
 * How much more is in use at the end than after the first third, in bytes: the medians of the windows there, so that
 * one that was caught at a bad moment does not count.
 */
export function growth(windows: readonly Memory[], of: 'rss' | 'heapUsed' | 'external'): number {
  if (windows.length < 3) return 0;
  const third = Math.floor(windows.length / 3);
  const median = (part: readonly Memory[]) =>
    part.map((one) => one[of]).toSorted((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0;
  return median(windows.slice(-third)) - median(windows.slice(third, 2 * third));
}
