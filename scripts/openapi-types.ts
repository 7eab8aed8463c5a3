import { CHANNELS } from '../src/domain/channel.ts';
import { DELIVERY_STATUSES } from '../src/domain/delivery.ts';
import { PRIORITIES } from '../src/domain/notification.ts';
import { FAULTS, PROBLEMS } from '../src/domain/problem.ts';
import { REASONS } from '../src/domain/reason.ts';
import {
  bodyOf,
  type JsonSchema,
  nameOfRef,
  type OpenApiDocument,
  type Operation,
  operationsUnder,
  successOf,
} from './openapi-document.ts';

/**
 * Writes TypeScript of the OpenAPI document: the types of everything below `/api/v1`, and where each operation is. The
 * usual generator needs a TypeScript that the project has left behind, and the schemas use a small part of JSON Schema.
 */
export function openApiTypes(document: OpenApiDocument): string {
  // Server-sent events are read another way.
  const operations = operationsUnder(document, '/api/v1/').filter(({ operation }) => !isStream(operation));
  const named = usedSchemas(
    document,
    operations.flatMap(({ operation }) => successOf(operation).schema ?? []),
  );
  const bodies = operations.flatMap(({ operation }) => {
    const body = bodyOf(operation);
    return body === null ? [] : [interfaceOf(`${upper(operation.operationId)}Body`, body, 'in')];
  });
  const queries = operations.flatMap(({ operation }) => {
    const query = queryOf(operation);
    return query === null ? [] : [interfaceOf(`${upper(operation.operationId)}Query`, query, 'in')];
  });
  const rows = operations.map(
    ({ method, path, operation }) => `  ${operation.operationId}: { method: '${method}', path: '${path}' },`,
  );
  return [
    '// Written by `npm run docs` from the OpenAPI document; what is changed here is lost.',
    ...Object.entries(WORDS).map(
      ([name, words]) => `export type ${name} =\n${words.map((word) => `  | '${word}'`).join('\n')};`,
    ),
    ...named.map(([name, schema]) => interfaceOf(name, schema, 'out')),
    ...bodies,
    ...queries,
    `/** What each operation is given and answers. */\nexport interface Operations {\n${operations
      .map(({ operation }) => signatureOf(operation))
      .join('\n')}\n}`,
    `/** Where each operation is. */\nexport const ROUTES = {\n${rows.join('\n')}\n} as const satisfies Record<keyof Operations, object>;`,
    '',
  ].join('\n\n');
}

/** Lists of words that stand in many places have a name. */
export const WORDS: Readonly<Record<string, readonly string[]>> = {
  Channel: CHANNELS,
  DeliveryStatus: DELIVERY_STATUSES,
  Priority: PRIORITIES,
  ReasonCode: Object.keys(REASONS),
  ProblemCode: Object.keys(PROBLEMS),
  FaultCode: Object.keys(FAULTS),
};

/** What is given may be fixed and may hold undefined; what is answered belongs to whoever asked. */
type Direction = 'in' | 'out';

function signatureOf(operation: Operation): string {
  const { operationId } = operation;
  const { schema } = successOf(operation);
  const parts = [
    bodyOf(operation) === null ? '' : `body: ${upper(operationId)}Body; `,
    queryOf(operation) === null ? '' : `query: ${upper(operationId)}Query; `,
    `answer: ${schema === null ? 'undefined' : typeOf(schema, 'out', '')}`,
  ];
  return `  ${commentOf(operation.summary, '  ')}${operationId}: { ${parts.join('')} };`;
}

function queryOf({ parameters = [] }: Operation): JsonSchema | null {
  const query = parameters.filter((parameter) => parameter.in === 'query');
  if (query.length === 0) return null;
  const properties = query.map(({ name, schema, description }) => [
    name,
    { ...schema, ...(description === undefined ? {} : { description }) },
  ]);
  return { type: 'object', properties: Object.fromEntries(properties) as Record<string, JsonSchema> };
}

function isStream({ responses }: Operation): boolean {
  return Object.values(responses).some(({ content }) => content !== undefined && 'text/event-stream' in content);
}

/** Those that the given ones point to, and what these point to. */
function usedSchemas(
  document: OpenApiDocument,
  from: readonly JsonSchema[],
): readonly (readonly [string, JsonSchema])[] {
  const used = new Set(['Problem']);
  const look = (schema: JsonSchema): void => {
    if (schema.$ref !== undefined) used.add(nameOfRef(schema.$ref));
    for (const inner of [...(schema.anyOf ?? []), ...Object.values(schema.properties ?? {})]) look(inner);
    if (schema.items !== undefined) look(schema.items);
    if (typeof schema.additionalProperties === 'object') look(schema.additionalProperties);
  };
  for (const schema of from) look(schema);
  // A set that grows while it is gone through is gone through to its end.
  for (const name of used) look(document.components.schemas[name] ?? {});
  return Object.entries(document.components.schemas).filter(([name]) => used.has(name));
}

function interfaceOf(name: string, schema: JsonSchema, direction: Direction): string {
  if (schema.properties === undefined) return `export type ${name} = ${typeOf(schema, direction, '')};`;
  return `${commentOf(schema.description, '')}export interface ${name} ${objectOf(schema, direction, '')}`;
}

function typeOf(schema: JsonSchema, direction: Direction, indent: string): string {
  if (schema.$ref !== undefined) return nameOfRef(schema.$ref);
  if (schema.anyOf !== undefined) return schema.anyOf.map((one) => typeOf(one, direction, indent)).join(' | ');
  if (schema.enum !== undefined) return wordsOf(schema.enum);
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array': {
      const item = typeOf(schema.items ?? {}, direction, indent);
      const list = item.includes(' | ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`;
      return direction === 'in' ? `readonly ${list}` : list;
    }
    case 'object':
      if (schema.properties !== undefined) return objectOf(schema, direction, indent);
      return `Record<string, ${typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties, direction, indent) : 'unknown'}>`;
    case undefined:
      return 'unknown';
    default:
      throw new Error(`the document uses the type ${schema.type}, of which no TypeScript can be made`);
  }
}

/** The name of a list of words, if it has one. */
export function nameOfWords(words: readonly string[]): string | null {
  return Object.entries(WORDS).find(([, list]) => list.join() === words.join())?.[0] ?? null;
}

function wordsOf(words: readonly string[]): string {
  return nameOfWords(words) ?? words.map((word) => `'${word}'`).join(' | ');
}

function objectOf({ properties = {}, required = [] }: JsonSchema, direction: Direction, indent: string): string {
  const inner = `${indent}  `;
  const lines = Object.entries(properties).map(([name, schema]) => {
    const type = typeOf(schema, direction, inner);
    const field = required.includes(name) ? `${name}: ${type}` : `${name}?: ${type} | undefined`;
    return `${inner}${commentOf(schema.description, inner)}${field};`;
  });
  return `{\n${lines.join('\n')}\n${indent}}`;
}

function commentOf(description: string | undefined, indent: string): string {
  return description === undefined || description === '' ? '' : `/** ${description} */\n${indent}`;
}

function upper(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
