import Schema from 'typebox/schema';
import { FAULTS, PROBLEMS } from '../../src/domain/problem.ts';
import { bytesOf } from './request.ts';
import type { Wire, WireAnswer } from './wire.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface Operation {
  readonly method: string;
  /** With `{…}` for its parameters. */
  readonly path: string;
  readonly form: RegExp;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema: Json;
    readonly required?: boolean;
  }[];
  /** The schema of its body; null where it takes none. */
  readonly body: Json | null;
  readonly responses: Readonly<Record<string, Json>>;
}

/** The service's own OpenAPI document, as something to hold it to. */
export interface Contract {
  readonly operations: readonly Operation[];
  /** The schema that a `$ref` points to. */
  resolve(schema: Json): Json;
  /** Whether a body is one that the operation documents; bytes that are no JSON are none. */
  takes(operation: Operation, body: Buffer | string | undefined): boolean;
  operationOf(method: string, target: string): Operation | null;
  /** What is wrong with an answer, by the document and by what every answer of the service must be; empty: nothing. */
  faultsOf(operation: Operation | null, answer: WireAnswer): string[];
}

/** The contract as a service tells it. */
export async function contractFrom(wire: Wire): Promise<Contract> {
  const { body } = await wire.exchange(bytesOf({ method: 'GET', target: '/openapi.json' }, 'contract'));
  return contractOf(JSON.parse(body) as Json);
}

function contractOf(document: Json): Contract {
  const schemas = at(document, 'components', 'schemas');
  const operations = Object.entries(at(document, 'paths')).flatMap(([path, methods]) =>
    Object.entries(methods as Json).map(([method, operation]) => operationFrom(path, method, operation as Json)),
  );
  const checks = new Map<Json, { Check(value: unknown): boolean; Errors(value: unknown): [boolean, unknown[]] }>();
  const checkOf = (schema: Json) => {
    const known = checks.get(schema) ?? Schema.Compile({ ...schema, components: { schemas } });
    checks.set(schema, known);
    return known;
  };
  return {
    operations,
    resolve(schema) {
      const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;
      return name === undefined ? schema : (schemas[name] as Json);
    },
    takes(operation, body) {
      if (operation.body === null || body === undefined) return true;
      try {
        return checkOf(operation.body).Check(JSON.parse(body.toString().replace(/^\ufeff/, '')));
      } catch {
        return false;
      }
    },
    operationOf(method, target) {
      const path = target.split('?', 1)[0] ?? '';
      // A path that is written out goes before one with parameters.
      const found = operations.filter((one) => one.method === method && one.form.test(path));
      return found.toSorted((one, other) => one.path.split('{').length - other.path.split('{').length)[0] ?? null;
    },
    faultsOf(operation, answer) {
      const faults = answer.status >= 400 ? problemFaults(answer) : [];
      // Readiness says no with a 503; from everywhere else it is a fault of ours.
      if (!(answer.status < 500) && !answer.body.includes('"code":"not_ready"'))
        faults.push(`it answered ${answer.status}`);
      if (!answer.headers.get('x-request-id')) faults.push('there is no X-Request-Id');
      if (operation !== null) faults.push(...documentFaults(operation, answer, checkOf));
      return faults;
    },
  };
}

function at(value: Json, ...keys: readonly string[]): Json {
  return keys.reduce((inner, key) => (inner[key] ?? {}) as Json, value);
}

function operationFrom(path: string, method: string, operation: Json): Operation {
  const steps = path
    .split('/')
    .map((step) => (step.startsWith('{') ? '[^/]+' : step.replace(/[.*+?^$()|[\]\\]/g, '\\$&')));
  const body = at(operation, 'requestBody', 'content', 'application/json').schema;
  return {
    method: method.toUpperCase(),
    path,
    form: new RegExp(`^${steps.join('/')}$`),
    parameters: (operation.parameters ?? []) as Operation['parameters'],
    body: body === undefined ? null : (body as Json),
    responses: operation.responses as Operation['responses'],
  };
}

const LEAKS = /FST_|node_modules|\/src\/|\.ts:\d|SQLITE_|duplicate key value|at [\w.]+ \(/;

/** What is wrong with a refusal as such, whoever gave it. */
function problemFaults({ status, headers, body }: WireAnswer): string[] {
  const faults: string[] = [];
  const must = (is: boolean, words: string) => {
    if (!is) faults.push(words);
  };
  must(headers.get('content-type') === 'application/problem+json', `its type is ${headers.get('content-type')}`);
  must(!LEAKS.test(body), 'it tells of the inside');
  const problem = jsonOf(body);
  if (problem === null) return [...faults, 'its body is no JSON object'];
  const { type, title, detail, code, request_id: requestId, errors } = problem;
  const known = Object.entries(PROBLEMS).find(([one]) => one === code)?.[1];
  must(known !== undefined, `its code ${String(code)} is in no catalogue`);
  must(problem.status === status && known?.status === status, `its status is ${String(problem.status)}`);
  must(title === known?.title, "its title is not its code's");
  must(type === `/docs/errors#${String(code)}`, `its type is ${String(type)}`);
  must(typeof detail === 'string' && detail !== '', 'it has no detail');
  must(
    typeof requestId === 'string' && requestId === headers.get('x-request-id'),
    "its request id is not the header's",
  );
  if (code === 'invalid_request' || code === 'unroutable')
    must(Array.isArray(errors) && errors.length > 0, 'it names no fault');
  for (const fault of Array.isArray(errors) ? (errors as Json[]) : []) {
    const isFault =
      typeof fault.pointer === 'string' && typeof fault.detail === 'string' && String(fault.code) in FAULTS;
    must(
      isFault && (fault.pointer === '' || String(fault.pointer).startsWith('/')),
      `a fault is ${JSON.stringify(fault)}`,
    );
  }
  return faults;
}

/** Said of the connection, before anybody looks for an operation: documented once, in the document's own description. */
const OF_THE_CONNECTION = new Set([408, 417, 431]);

function documentFaults(
  { method, path, responses }: Operation,
  { status, headers, body }: WireAnswer,
  checkOf: (schema: Json) => { Check(value: unknown): boolean; Errors(value: unknown): [boolean, unknown[]] },
): string[] {
  if (OF_THE_CONNECTION.has(status)) return [];
  const response = responses[status];
  if (response === undefined) return [`${method} ${path} does not document ${status}`];
  const type = headers.get('content-type')?.split(';', 1)[0];
  if (response.content === undefined)
    return body === '' ? [] : [`${method} ${path} documents ${status} without a body`];
  const schema = type === undefined ? undefined : at(response.content as Json, type).schema;
  if (schema === undefined) return [`${method} ${path} does not document ${status} as ${type}`];
  if (method === 'HEAD') return [];
  const value = type?.endsWith('json') === true ? parsed(body) : body;
  const check = checkOf(schema as Json);
  if (check.Check(value)) return [];
  const [, errors] = check.Errors(value);
  return [`${method} ${path} answers ${status} not as documented: ${JSON.stringify(errors.slice(0, 3))}`];
}

function jsonOf(text: string): Json | null {
  const value = parsed(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
const TIME = /\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
/** Members that tell of the moment or of the engine, and of nothing that was asked. */
const OF_THE_MOMENT = new Set(['oldest_age_ms', 'series', 'parts']);

/**
 * An answer in a form in which those of two stores must be equal: without the date, and with ids that a service made,
 * times and what tells of the moment left out. `seeds` begins the ids that are the same everywhere.
 */
export function comparable(answer: WireAnswer, seeds: string): string {
  const { date: _date, 'content-length': _length, ...headers } = Object.fromEntries(answer.headers);
  const plain = (text: string) =>
    text.replace(ID, (id) => (id.startsWith(seeds) ? id : '<id>')).replace(TIME, '<time>');
  const body = jsonOf(answer.body);
  // Figures are plain text.
  const text = answer.headers.get('content-type')?.startsWith('text/plain') === true ? '<figures>' : answer.body;
  const shown =
    body === null
      ? text
      : JSON.stringify(body, (key, value: unknown) => {
          // Which store answers is told by the status alone, and in its settings.
          if (key === 'settings' || (key === 'store' && typeof value === 'string')) return '<store>';
          if (OF_THE_MOMENT.has(key)) return value === null ? null : '<moment>';
          // A moment is in it, and who it is for.
          if (key === 'token' && typeof value === 'string') return '<token>';
          return key === 'next_cursor' && value !== null ? '<cursor>' : value;
        });
  return plain(`${answer.status}\n${JSON.stringify(headers)}\n${shown}`);
}
