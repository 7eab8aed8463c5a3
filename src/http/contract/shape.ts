import type { TSchema } from 'typebox';
import { FAULTS, type Fault, type FaultCode } from '../../domain/problem.ts';
import { MAX_FAULTS } from '../problem-reply.ts';
import { pointerStep } from '../strict-json.ts';

/**
 * Checks values against the schemas of the contract. It understands the part of JSON Schema that they use, refuses
 * to be made of any other, and agrees with JSON Schema about it (a property test compares it with TypeBox's own
 * checker). It changes nothing: no type is converted, no field dropped, no default filled in.
 *
 * Why not the usual Ajv: every fault is to be named at once, and with that Ajv collects without limit (500,000 wrong
 * items in a 1 MiB body) and cannot tell which branch of a union was meant.
 */
export type Shape = (value: unknown, pointer?: string) => Fault[];

export function shapeOf(schema: TSchema): Shape {
  const check = compile(schema);
  return (value, pointer = '') => {
    const faults: Fault[] = [];
    check(value, pointer, faults);
    return faults;
  };
}

/**
 * The validator of routes whose bodies are checked by what reads them, so that faults of form and meaning come together.
 * Not the value itself: the framework would put it in the place of what it has, and copy all headers at each later look.
 */
export const checkedWhenRead = () => () => true;

export function fault(pointer: string, code: FaultCode, detail: string = FAULTS[code]): Fault {
  return { pointer, code, detail };
}

type Check = (value: unknown, pointer: string, faults: Fault[]) => void;
type Kind = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null';

/** The keywords of JSON Schema in use; the rest are words for readers. */
interface Keywords {
  readonly type?: Kind;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Keywords[];
  readonly properties?: Readonly<Record<string, Keywords>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false | Keywords;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: Keywords;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  /** Names the fault of a value that is not in `enum`. */
  readonly 'x-fault'?: FaultCode;
}

const UNDERSTOOD = new Set([
  ...['type', 'enum', 'anyOf', 'properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties'],
  ...['items', 'minItems', 'maxItems', 'minLength', 'maxLength', 'pattern', 'minimum', 'maximum', 'x-fault'],
  ...['title', 'description', 'examples', 'default', 'deprecated', '$id'],
]);

function compile(schema: TSchema | Keywords): Check {
  const strange = Object.keys(schema).find((keyword) => !UNDERSTOOD.has(keyword));
  if (strange !== undefined) throw new Error(`the contract uses ${strange}, which shapeOf does not understand`);
  const keywords: Keywords = schema;
  if (keywords.anyOf !== undefined) return oneOf(keywords.anyOf);
  if (keywords.enum !== undefined) return oneOfValues(keywords.enum, keywords['x-fault'] ?? 'invalid_value');
  switch (keywords.type) {
    case undefined:
      return () => undefined;
    case 'object':
      return object(keywords);
    case 'array':
      return array(keywords);
    case 'string':
      return string(keywords);
    case 'number':
    case 'integer':
      return number(keywords, keywords.type);
    case 'boolean':
    case 'null':
      return ofKind(keywords.type);
    default:
      throw new Error(`the contract uses the type ${String(keywords.type)}, which shapeOf does not understand`);
  }
}

function kindOf(value: unknown): Kind | 'undefined' {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'object' ? 'object' : 'undefined';
}

function isKind(value: unknown, kind: Kind): boolean {
  const actual = kindOf(value);
  return actual === kind || (kind === 'number' && actual === 'integer');
}

function add(faults: Fault[], pointer: string, code: FaultCode, detail?: string): void {
  if (faults.length < MAX_FAULTS) faults.push(fault(pointer, code, detail));
}

const A_KIND: Readonly<Record<Kind, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

function wrongType(faults: Fault[], pointer: string, kinds: readonly Kind[]): void {
  add(faults, pointer, 'invalid_type', `It must be ${kinds.map((kind) => A_KIND[kind]).join(' or ')}.`);
}

function ofKind(kind: Kind): Check {
  return (value, pointer, faults) => {
    if (!isKind(value, kind)) wrongType(faults, pointer, [kind]);
  };
}

/** The branches of a union differ in their type, so the value's own type says which one was meant. */
function oneOf(branches: readonly Keywords[]): Check {
  const kinds = branches.map((branch) => branch.type ?? (branch.enum === undefined ? undefined : 'string'));
  const named = kinds.filter((kind) => kind !== undefined);
  if (new Set(named).size !== branches.length) throw new Error('the branches of a union must differ in their type');
  const checks = branches.map((branch, index) => ({ kind: named[index] ?? 'null', check: compile(branch) }));
  return (value, pointer, faults) => {
    const branch = checks.find(({ kind }) => isKind(value, kind));
    if (branch === undefined) wrongType(faults, pointer, named);
    else branch.check(value, pointer, faults);
  };
}

/** Of texts only. */
function oneOfValues(values: readonly unknown[], code: FaultCode): Check {
  const known = new Set(values);
  return (value, pointer, faults) => {
    if (typeof value !== 'string') wrongType(faults, pointer, ['string']);
    else if (!known.has(value)) add(faults, pointer, code, `${FAULTS[code]} Allowed: ${values.join(', ')}.`);
  };
}

function string({ minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern }: Keywords): Check {
  const form = pattern === undefined ? null : new RegExp(pattern, 'u');
  return (value, pointer, faults) => {
    if (typeof value !== 'string') return wrongType(faults, pointer, ['string']);
    if (value.length < minLength * 2 && countCharacters(value) < minLength) {
      return add(
        faults,
        pointer,
        'too_short',
        `The text must have at least ${counted(minLength, 'character', 'characters')}.`,
      );
    }
    if (value.length > maxLength && countCharacters(value) > maxLength) {
      return add(
        faults,
        pointer,
        'too_long',
        `The text may have at most ${counted(maxLength, 'character', 'characters')}.`,
      );
    }
    if (form !== null && !form.test(value)) add(faults, pointer, 'invalid_format');
  };
}

/** Code points, as JSON Schema counts. */
function countCharacters(text: string): number {
  let count = 0;
  for (const _character of text) count += 1;
  return count;
}

function number(
  { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY }: Keywords,
  kind: Kind,
): Check {
  return (value, pointer, faults) => {
    if (typeof value !== 'number' || !isKind(value, kind)) return wrongType(faults, pointer, [kind]);
    if (value < minimum || value > maximum) {
      add(faults, pointer, 'out_of_range', `The number must be from ${minimum} to ${maximum}.`);
    }
  };
}

function array({ items, minItems = 0, maxItems = Number.POSITIVE_INFINITY }: Keywords): Check {
  const check = items === undefined ? null : compile(items);
  return (value, pointer, faults) => {
    if (!Array.isArray(value)) return wrongType(faults, pointer, ['array']);
    if (value.length < minItems)
      add(faults, pointer, 'too_few_items', `The list must have at least ${counted(minItems, 'entry', 'entries')}.`);
    if (value.length > maxItems) {
      return add(faults, pointer, 'too_many_items', `The list may have at most ${maxItems} entries.`);
    }
    if (check === null) return;
    for (let index = 0; index < value.length && faults.length < MAX_FAULTS; index++) {
      check(value[index], pointer + pointerStep(index), faults);
    }
  };
}

function object(keywords: Keywords): Check {
  const { required = [], additionalProperties, minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = keywords;
  const properties = new Map(
    Object.entries(keywords.properties ?? {}).map(([key, one]) => [
      key,
      { check: compile(one), step: pointerStep(key) },
    ]),
  );
  const closed = additionalProperties === false;
  const rest = closed || additionalProperties === undefined ? null : compile(additionalProperties);
  return (value, pointer, faults) => {
    if (!isObject(value)) return wrongType(faults, pointer, ['object']);
    for (const key of required) {
      if (!Object.hasOwn(value, key)) add(faults, pointer + pointerStep(key), 'missing_field');
    }
    let count = 0;
    for (const key of Object.keys(value)) {
      count += 1;
      if (faults.length >= MAX_FAULTS) return;
      const property = properties.get(key);
      if (property !== undefined) property.check(value[key], pointer + property.step, faults);
      else if (rest !== null) rest(value[key], pointer + pointerStep(key), faults);
      else if (closed) add(faults, pointer + pointerStep(key), 'unknown_field');
    }
    if (count < minProperties)
      add(faults, pointer, 'too_few_items', `There must be at least ${counted(minProperties, 'entry', 'entries')}.`);
    if (count > maxProperties) add(faults, pointer, 'too_many_items', `There may be at most ${maxProperties} entries.`);
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
