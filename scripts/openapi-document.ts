import { memoryStore } from '../src/store/memory/memory-store.ts';
import { NOW, testServer } from '../test/kit/test-server.ts';

/** The OpenAPI document as `/openapi.json` serves it where API keys are set: what of it is read here. */
export interface OpenApiDocument {
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

export interface Parameter {
  readonly in: 'query' | 'path' | 'header';
  readonly name: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

/** The keywords of JSON Schema in use; `src/http/contract/shape.ts` has the same ones. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
}

/** Asks the server for it, put together over nothing but memory. */
export async function openApiDocument(): Promise<OpenApiDocument> {
  const store = memoryStore({ clock: { now: () => NOW, after: () => () => undefined } });
  const { app } = testServer(store, { apiKeys: ['key'] });
  const answer = await app.inject('/openapi.json');
  await app.close();
  return answer.json<OpenApiDocument>();
}

/** The operations of one part of the API, with the route of each, in the order of the document. */
export function operationsUnder(document: OpenApiDocument, prefix: string) {
  return Object.entries(document.paths)
    .filter(([path]) => path.startsWith(prefix))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
}

/** The JSON of the answer that is a success; null where it has no body. */
export function successOf({ responses }: Operation): { readonly status: string; readonly schema: JsonSchema | null } {
  const [status = '', answer] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? [];
  return { status, schema: answer?.content?.['application/json']?.schema ?? null };
}

export function bodyOf({ requestBody }: Operation): JsonSchema | null {
  return requestBody?.content['application/json']?.schema ?? null;
}

export function nameOfRef(ref: string): string {
  return ref.slice(ref.lastIndexOf('/') + 1);
}
