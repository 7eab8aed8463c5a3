import { BODY_PROBLEMS } from '../src/http/contract/documented.ts';
import {
  bodyOf,
  type JsonSchema,
  nameOfRef,
  type OpenApiDocument,
  type Operation,
  operationsUnder,
  successOf,
} from './openapi-document.ts';
import { nameOfWords, WORDS } from './openapi-types.ts';

/** Writes docs/api.md: the OpenAPI document for people who read. */
export function apiReference(document: OpenApiDocument): string {
  const operations = operationsUnder(document, '/');
  const tags = document.tags.map(({ name }) => name);
  const seen = new Map<string, string>();
  const sections = tags.map((tag) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(tag));
    return [`## ${tag}`, ...own.map((one) => operationText(one, seen))].join('\n\n');
  });
  const contents = tags.map((tag) => {
    const links = operations
      .filter(({ operation }) => operation.tags.includes(tag))
      .map(
        ({ method, path, operation }) => `  - [\`${method} ${path}\`](#${operation.operationId}): ${operation.summary}`,
      );
    return [`- [${tag}](#${anchorOf(tag)})`, ...links].join('\n');
  });
  const objects = Object.entries(document.components.schemas).map(([name, schema]) => objectText(name, schema));
  return [
    '# API reference',
    '<!-- Written by `npm run docs` from the OpenAPI document. -->',
    INTRODUCTION,
    `${contents.join('\n')}\n- [Objects](#objects)\n- [Words](#words)`,
    ...sections,
    '## Objects',
    ...objects,
    '## Words',
    ...Object.entries(WORDS)
      .filter(([name]) => CODES[name] === undefined)
      .map(([name, words]) => `### ${name}\n\n${listed(words)}`),
    '',
  ].join('\n\n');
}

const INTRODUCTION = `A running service has the same as an OpenAPI 3.1 document at \`/openapi.json\`, and as pages with working "try it" calls at \`/docs\`.

- **JSON**, UTF-8, \`snake_case\`. Times are RFC 3339 in UTC; ids are opaque texts. A field that is not known is refused: it is a typo.
- **Keys**: \`Authorization: Bearer <key>\` or \`X-API-Key: <key>\`, where the service has \`API_KEYS\`. A user's token opens that user's inbox.
- **Errors** are \`application/problem+json\` with a stable \`code\`, a \`request_id\`, and \`errors\` that names every fault at once by a JSON
  pointer: [errors.md](errors.md). Below stand those that not everything can answer; 401, 422 \`invalid_request\`, 429 and 503 go without
  saying.
- **Idempotency**: the same \`Idempotency-Key\` with the same body is answered with the stored answer; nothing is sent twice.
- **Lists** are newest first: \`{"data": […], "next_cursor": "…"}\`. The next page has \`?cursor=\` and the same filters; the last has a cursor
  of null.
- **Limits**: 429 and 503 come with \`Retry-After\`. From TypeScript, [@tidings/client](../sdk/README.md) does all of this.

In the tables * marks what a request must have, and what an answer always has.`;

/** What every operation can answer, or every one that takes parameters or a body. */
const COMMON: ReadonlySet<string> = new Set([
  ...BODY_PROBLEMS,
  ...['unauthorized', 'uri_too_long', 'too_many_requests', 'internal', 'unavailable', 'overloaded'],
]);

interface Placed {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

function operationText({ method, path, operation }: Placed, seen: Map<string, string>): string {
  const { operationId, summary, description, parameters = [] } = operation;
  const given = parameters.filter((parameter) => parameter.in !== 'path');
  const body = bodyOf(operation);
  const bodyRows = body === null ? [] : fieldRows(body, '', { seen, place: operationId });
  const parts = [
    `<a id="${operationId}"></a>\n### ${summary}`,
    `\`${method} ${path}\``,
    ...(description === undefined ? [] : [description]),
    ...(given.length === 0
      ? []
      : [
          table(
            ['parameter', 'type', 'meaning'],
            given.map((one) => parameterRow(one)),
          ),
        ]),
    ...(bodyRows.length === 0 ? [] : [table(['field', 'type', 'meaning'], bodyRows)]),
    ...exampleOf(method, path, body),
    answerText(operation),
  ];
  return parts.join('\n\n');
}

function parameterRow({
  in: where,
  name,
  required,
  schema,
  description = '',
}: NonNullable<Operation['parameters']>[number]) {
  const header = where === 'header' ? ' (header)' : '';
  return [
    `\`${name}\`${header}${required === true && where !== 'header' ? ' *' : ''}`,
    typeText(schema),
    meaning({ ...schema, description }),
  ];
}

/** Where inline objects were first: they are long, and the same ones come again. */
interface Known {
  readonly seen: Map<string, string>;
  readonly place: string;
}

function fieldRows({ properties = {}, required = [] }: JsonSchema, above: string, known: Known): string[][] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = above === '' ? name : `${above}.${name}`;
    const inner = innerOf(schema);
    const own = [`\`${path}\`${required.includes(name) ? ' *' : ''}`, typeText(schema), meaning(schema)];
    if (inner === null) return [own];
    const content = JSON.stringify(inner.schema.properties);
    const before = known.seen.get(content);
    if (before !== undefined)
      return [[...own.slice(0, 2), [own[2], `Its fields are those of ${before}.`].join(' ').trim()]];
    known.seen.set(content, `\`${path}\` of [${known.place}](#${known.place})`);
    return [own, ...fieldRows(inner.schema, `${path}${inner.mark}`, known)];
  });
}

/** The object that a field is, or holds, or may be. */
function innerOf(schema: JsonSchema): { readonly schema: JsonSchema; readonly mark: string } | null {
  if (schema.properties !== undefined) return { schema, mark: '' };
  if (schema.items !== undefined) {
    const inner = innerOf(schema.items);
    return inner === null ? null : { schema: inner.schema, mark: `[]${inner.mark}` };
  }
  return schema.anyOf?.map((one) => innerOf(one)).find((inner) => inner !== null) ?? null;
}

function answerText(operation: Operation): string {
  const { status, schema } = successOf(operation);
  const { [status]: success, ...others } = operation.responses;
  const object = schema === null ? '' : ` ${typeText(schema)}`;
  const codes = Object.entries(others).flatMap(([, { description }]) => {
    const named = [...description.matchAll(/`(\w+)`:/g)].map(([, code = '']) => code);
    return named.filter((code) => !COMMON.has(code)).map((code) => `[\`${code}\`](errors.md#${code})`);
  });
  const problems = codes.length === 0 ? '' : `\n\nOr: ${codes.join(', ')}.`;
  return `Answers ${status}:${object === '' ? '' : `${object}.`} ${success?.description ?? ''}${problems}`;
}

function exampleOf(method: string, path: string, body: JsonSchema | null): readonly string[] {
  const [example] = body?.examples ?? [];
  if (example === undefined) return [];
  const json = JSON.stringify(example);
  return [
    `\`\`\`sh\ncurl -X ${method} 'http://127.0.0.1:8000${path}' -H 'Content-Type: application/json' \\\n  -d '${json.replaceAll("'", "'\\''")}'\n\`\`\``,
  ];
}

function objectText(name: string, schema: JsonSchema): string {
  const rows = fieldRows(schema, '', { seen: new Map(), place: anchorOf(name) });
  const about = schema.description === undefined ? [] : [schema.description];
  return [`### ${name}`, ...about, table(['field', 'type', 'meaning'], rows)].join('\n\n');
}

function typeText(schema: JsonSchema): string {
  if (schema.$ref !== undefined) return `[${nameOfRef(schema.$ref)}](#${anchorOf(nameOfRef(schema.$ref))})`;
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeText).join(' or ');
  if (schema.enum !== undefined) return wordsText(schema.enum);
  if (schema.type === 'array') return `list of ${typeText(schema.items ?? {})}`;
  if (typeof schema.additionalProperties === 'object') return `object of ${typeText(schema.additionalProperties)}`;
  return schema.type === undefined ? 'anything' : schema.type;
}

const CODES: Readonly<Record<string, string>> = {
  ReasonCode: 'errors.md#reasons',
  ProblemCode: 'errors.md#problems',
  FaultCode: 'errors.md#faults',
};

function wordsText(words: readonly string[]): string {
  const name = nameOfWords(words);
  return name === null ? listed(words) : `[${name}](${CODES[name] ?? `#${anchorOf(name)}`})`;
}

function listed(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(' ');
}

function meaning(schema: JsonSchema): string {
  const { description = '', default: usual } = schema;
  const limits = limitsOf(schema);
  const parts = [
    description === '' || /[.?!]$/.test(description) ? description : `${description}.`,
    ...(limits === '' ? [] : [`${limits}.`]),
    ...(usual === undefined ? [] : [`Default: \`${JSON.stringify(usual).replaceAll('"', '')}\`.`]),
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function limitsOf({ minimum, maximum, maxLength, minItems, maxItems, maxProperties }: JsonSchema): string {
  const number = (value: number) => value.toLocaleString('en');
  if (minimum !== undefined && maximum !== undefined) return rangeText(minimum, maximum);
  if (maxLength !== undefined) return `At most ${number(maxLength)} characters`;
  if (maxItems !== undefined)
    return `${minItems === undefined || minItems === 0 ? 'At most' : `${minItems} to`} ${number(maxItems)} entries`;
  return maxProperties === undefined ? '' : `At most ${number(maxProperties)} entries`;
}

/** That a whole number must be one that JavaScript can hold need not be said. */
function rangeText(minimum: number, maximum: number): string {
  const number = (value: number) => value.toLocaleString('en');
  return maximum === Number.MAX_SAFE_INTEGER ? '' : `${number(minimum)} to ${number(maximum)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return 'It has no fields.';
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function anchorOf(name: string): string {
  return name.toLowerCase().replaceAll(' ', '-');
}
