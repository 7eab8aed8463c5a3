import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, test } from 'node:test';

/**
 * Imports point one way. The first layer whose pattern fits a file is the file's; it may import its own files that
 * `may` names, and packages that `packages` names (all of them where it is left out). `*` is one name, `**` is any
 * depth, `@` stands for the file's own folder, and a leading `!` takes back what an earlier pattern gave.
 */
interface Layer {
  readonly files: string;
  readonly may: readonly string[];
  readonly packages?: readonly string[];
}

const STORE_PORTS = ['store', 'inbox', 'moves', 'sandbox', 'retention'].map((name) => `src/store/${name}.ts`);
const PORTS = [...STORE_PORTS, 'src/queue/queue.ts'];
const ALL_PORTS = [...PORTS, 'src/limiter/limiter.ts', 'src/channels/provider.ts'];

const LAYERS: readonly Layer[] = [
  { files: 'src/domain/**', may: ['src/domain/**'], packages: ['node:url'] },
  ...ALL_PORTS.map((files) => ({ files, may: ['src/domain/**'], packages: [] })),
  { files: 'src/store/schema.ts', may: [], packages: [] },
  { files: 'src/store/backup.ts', may: [], packages: [] },
  { files: 'src/store/audit.ts', may: ['src/domain/**'], packages: [] },
  // Its rows are those of the other ports.
  { files: 'src/store/inbox-order.ts', may: ['src/domain/**', 'src/store/inbox.ts'], packages: [] },
  { files: 'src/store/transfer.ts', may: ['src/domain/**', 'src/store/*.ts'], packages: [] },
  { files: 'src/config/**', may: ['src/domain/**', 'src/config/**'] },
  { files: 'src/store/*/**', may: ['src/domain/**', 'src/store/*.ts', '@/**'] },
  // What the queues on brokers share.
  { files: 'src/queue/*.ts', may: ['src/domain/**', 'src/queue/*.ts'] },
  { files: 'src/queue/*/**', may: ['src/domain/**', 'src/queue/*.ts', '@/**'] },
  { files: 'src/limiter/*/**', may: ['src/domain/**', 'src/limiter/*.ts', '@/**'] },
  { files: 'src/channels/registry.ts', may: ['src/domain/**', 'src/channels/**'] },
  { files: 'src/channels/*.ts', may: ['src/domain/**', 'src/channels/*.ts'] },
  // Providers reach the network by the client they are lent, so they import neither it nor one another.
  {
    files: 'src/channels/*/**',
    may: ['src/domain/**', 'src/channels/*.ts', '!src/channels/registry.ts', '!src/channels/http-client.ts', '@/**'],
  },
  { files: 'src/telemetry/**', may: ['src/domain/**', 'src/telemetry/**'] },
  { files: 'src/pipeline/**', may: ['src/domain/**', ...ALL_PORTS, 'src/pipeline/**'] },
  { files: 'src/http/**', may: ['src/domain/**', ...ALL_PORTS, 'src/pipeline/**', 'src/http/**'] },
  { files: 'src/main.ts', may: ['**'] },
  ...['src/parts.ts', 'src/start-api.ts', 'src/start-work.ts'].map((files) => ({
    files,
    may: ['**', '!src/cli.ts', '!src/cli/**', '!src/main.ts'],
  })),
  { files: 'src/engines.ts', may: ['**', '!src/cli.ts', '!src/cli/**', '!src/main.ts', '!src/http/**'] },
  { files: 'src/tell.ts', may: ['**', '!src/cli.ts', '!src/cli/**', '!src/main.ts', '!src/store/**'] },
  { files: 'src/cli.ts', may: ['**'] },
  { files: 'src/cli/**', may: ['**'] },
  // The dashboard is a client: of the service it knows the contract alone, and of that the types.
  { files: 'web/src/**', may: ['web/src/**', 'src/http/contract/**', 'inbox/src/*.ts'] },
  // It is published by itself: it knows nothing of what is around it.
  { files: 'inbox/src/**', may: ['inbox/src/**', 'sdk/src/event-reader.ts'], packages: ['react'] },
  // Published by itself, it stands by itself.
  { files: 'sdk/src/**', may: ['sdk/src/**'], packages: [] },
];

const CLI = ['src/cli.ts', 'src/cli/**'];
const WEB = ['src/start-api.ts', 'src/http/**', 'src/channels/*.ts', ...CLI];

/** Packages that only few files may import, wherever their layer stands. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  undici: ['src/channels/http-client.ts', ...CLI],
  'node:http': WEB,
  'node:https': WEB,
  'node:http2': WEB,
  'node:process': ['src/config/**'],
};

const VAGUE_FOLDERS = new Set(['utils', 'helpers', 'common', 'services', 'interfaces', 'types']);

/** What no file may hold, read without comments. What stands in quotes counts only `inStrings`; `except` names files that may. */
const FORBIDDEN: readonly {
  readonly what: string;
  readonly code: RegExp;
  readonly except?: readonly string[];
  readonly inStrings?: true;
}[] = [
  {
    what: 'process.env outside src/config/',
    code: /\bprocess\s*(?:\?\.|\.)\s*env\b|\}\s*=\s*process\s*[;,)\n]/,
    except: ['src/config/**'],
  },
  { what: 'process[…], which hides what is read', code: /\bprocess\s*(?:\?\.)?\[/ },
  { what: 'NODE_ENV', code: /\bNODE_ENV\b/, inStrings: true },
  {
    what: 'fetch, which nothing guards',
    code: /(?<![.\w$#]|function\s+)fetch\s*\(/,
    except: ['web/src/api/client.ts', 'inbox/src/**', 'sdk/src/transport.ts'],
  },
  { what: 'an enum', code: /\benum\s+[\w$]+\s*\{/ },
  { what: 'a namespace', code: /\b(?:namespace|module)\s+[\w$.]+\s*\{/ },
  { what: 'a default export', code: /\bexport\s+default\b|\bas\s+default\b/ },
  { what: 'export *, which makes a barrel', code: /\bexport\s+(?:type\s+)?\*/ },
  { what: 'an import whose name is computed', code: /\b(?:import|require)\s*\((?!\s*'\d+')/ },
];

interface Source {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

const TOKENS = new RegExp(
  [
    String.raw`(?<comment>\/\/.*|\/\*[^]*?\*\/)`,
    String.raw`(?<string>'(?:[^'\\\n]|\\[^])*'|"(?:[^"\\\n]|\\[^])*")`,
    // Templates stay as they are: what stands between ${ and } is code.
    String.raw`(?<template>${'`'}(?:[^${'`'}\\]|\\[^])*${'`'})`,
    // A slash begins a pattern where no value can stand before it.
    String.raw`(?<=(?:^|[=(,:[!&|?{};+<>]|\breturn)\s*)(?<pattern>\/(?:[^\\/\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/)`,
  ].join('|'),
  'g',
);

/** The code without comments, patterns and strings; of a string only its number in `strings` is left. */
function scan(text: string): { readonly code: string; readonly strings: readonly string[] } {
  const strings: string[] = [];
  const code = text.replace(TOKENS, (token: string) => {
    if (token.startsWith('`')) return token;
    if (token.startsWith('/')) return ' ';
    return `'${strings.push(token.slice(1, -1)) - 1}'`;
  });
  return { code, strings };
}

/** Everything a file imports, types, re-exports and `import()` included. */
function importsOf(text: string): readonly string[] {
  const { code, strings } = scan(text);
  return importsIn(code, strings);
}

function importsIn(code: string, strings: readonly string[]): readonly string[] {
  const found = code.matchAll(/(?<!\.)\b(?:from|import|require)\s*\(?\s*'(\d+)'/g);
  return [...found].map(([, number]) => strings[Number(number)] ?? '');
}

/** The packages that a file imports for more than their types. */
function packagesLoaded(text: string): readonly string[] {
  const { code, strings } = scan(text);
  const loading = code.replace(/\b(?:import|export)\s+type\b[^;]*;/g, '');
  return importsIn(loading, strings)
    .filter((specifier) => !specifier.startsWith('.'))
    .map(nameOf);
}

function nameOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function fits(pattern: string, path: string): boolean {
  const source = pattern.replace(/\*\*|\*|[^*\w/]/g, (part) =>
    part === '**' ? '.*' : part === '*' ? '[^/]*' : `\\${part}`,
  );
  return new RegExp(`^${source}$`).test(path);
}

function allowed(layer: Layer, file: string, target: string): boolean {
  // The folder below store/, queue/ or channels/, however deep the file lies in it.
  const own = file.split('/').slice(0, 3).join('/');
  let is = false;
  for (const pattern of layer.may) {
    if (pattern.startsWith('!')) is &&= !fits(pattern.slice(1), target);
    else is ||= fits(pattern.replace('@', own), target);
  }
  return is;
}

function importFault(path: string, specifier: string, layer: Layer): string | null {
  const says = `${path} imports ${specifier}`;
  if (/^(?:[#/]|[a-z]+:\/\/)/.test(specifier)) return `${says}: only relative paths and packages are imported`;
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier);
    return allowed(layer, path, target) ? null : `${says}: ${layer.files} may import ${layer.may.join(', ')}`;
  }
  const name = nameOf(specifier);
  const reserved = RESERVED[name];
  if (reserved && !reserved.some((pattern) => fits(pattern, path))) return `${says}: it is for ${reserved.join(', ')}`;
  if (layer.packages === undefined || layer.packages.includes(specifier)) return null;
  return `${says}: ${layer.files} may import ${layer.packages.join(', ') || 'no package'}`;
}

function fileFaults({ path, text }: Source): readonly string[] {
  const faults: string[] = [];
  const names = path.split('/');
  const vague = names.slice(0, -1).find((name) => VAGUE_FOLDERS.has(name));
  if (vague !== undefined) faults.push(`${path} lies in a folder named ${vague}: name it after what it holds`);
  if (names.at(-1) === 'index.ts') faults.push(`${path} is a barrel: import the files themselves`);
  const { code, strings } = scan(text);
  for (const { what, code: pattern, except = [], inStrings = false } of FORBIDDEN) {
    if (except.some((excepted) => fits(excepted, path))) continue;
    const read = inStrings ? [code, ...strings].join('\n') : code;
    if (pattern.test(read)) faults.push(`${path} holds ${what}`);
  }
  return faults;
}

/** Every cycle is told once, by the import that closes it. */
function cycles(sources: readonly Source[]): readonly string[] {
  const targets = new Map(
    sources.map(({ path, text }) => [
      path,
      importsOf(text)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => posix.join(posix.dirname(path), specifier)),
    ]),
  );
  const faults: string[] = [];
  const done = new Set<string>();
  function visit(path: string, trail: readonly string[]): void {
    const at = trail.indexOf(path);
    if (at >= 0) faults.push(`${trail.at(-1)} imports ${path}, a cycle: ${[...trail.slice(at), path].join(' → ')}`);
    if (at >= 0 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  }
  for (const path of targets.keys()) visit(path, []);
  return faults;
}

/** Tests may import whatever they test with; all other rules hold for them too. */
function check(sources: readonly Source[]): readonly string[] {
  const code = sources.filter(({ path }) => !/[.-]test\.ts$/.test(path));
  const imports = code.flatMap(({ path, text }) => {
    const layer = LAYERS.find(({ files }) => fits(files, path));
    if (layer === undefined) return [`${path} belongs to no layer: give it one in test/architecture.test.ts`];
    return importsOf(text).flatMap((specifier) => importFault(path, specifier, layer) ?? []);
  });
  return [...imports, ...cycles(code), ...sources.flatMap(fileFaults)];
}

function sourcesUnder(folder: string): readonly Source[] {
  const root = new URL('../', import.meta.url);
  if (!existsSync(new URL(folder, root))) return [];
  return readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .filter((path) => /\.[cm]?[jt]sx?$/.test(path))
    .map((path) => ({ path, text: readFileSync(new URL(path, root), 'utf8') }));
}

test('imports point one way, and nothing forbidden stands in src/', () => {
  const sources = sourcesUnder('src');
  assert.ok(sources.length > 20, 'the tree was not found');
  assert.deepEqual(check(sources), []);
});

test('what src/ takes from packages at run time is installed with it, and nothing of node:http is', () => {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const faults = sourcesUnder('src')
    .filter(({ path }) => !/[.-]test\.ts$/.test(path))
    .flatMap(({ path, text }) => packagesLoaded(text).map((name) => ({ path, name })))
    // As a module it would have Node load everything that it can be asked for, the client behind fetch included.
    .filter(({ name }) => (name.startsWith('node:') ? name === 'node:http' : !Object.hasOwn(dependencies, name)));
  assert.deepEqual(faults, []);
  assert.deepEqual(packagesLoaded("import type { A } from 'a';\nimport { b } from 'b/c';\nawait import('@d/e/f');"), [
    ...['b', '@d/e'],
  ]);
});

test('the dashboard imports its own files and packages, and of the contract types only', () => {
  const sources = sourcesUnder('web/src');
  assert.ok(sources.length > 20, 'the dashboard was not found');
  assert.deepEqual(check(sources), []);
  for (const { path, text } of sources) {
    assert.doesNotMatch(text, /^import (?!type )[^;]*\/src\/http\//m, `${path} imports more than types`);
  }
});

test('the client is made of its own files, without a package', () => {
  const sources = sourcesUnder('sdk/src');
  assert.ok(sources.length > 5, 'the client was not found');
  assert.deepEqual(check(sources), []);
});

test('the inbox imports its own files, and nothing but React', () => {
  const sources = sourcesUnder('inbox/src');
  assert.ok(sources.length > 10, 'the inbox was not found');
  assert.deepEqual(check(sources), []);
});

describe('the checker', () => {
  /** One file, and the only fault it must have: the start of it. */
  const refused: readonly [string, string, string][] = [
    [
      'src/domain/a.ts',
      "import fs from 'node:fs';",
      'src/domain/a.ts imports node:fs: src/domain/** may import node:url',
    ],
    ['src/domain/a.ts', "import type { A } from '../store/store.ts';", 'src/domain/a.ts imports ../store/store.ts'],
    ['src/domain/a.ts', "import {\n  type A,\n} from '../pipeline/accept.ts';", 'src/domain/a.ts imports ../pipeline/'],
    ['src/domain/a.ts', 'let a: import("../config/config.ts").A;', 'src/domain/a.ts imports ../config/config.ts'],
    ['src/domain/a.ts', "export { a } from '../http/a.ts';", 'src/domain/a.ts imports ../http/a.ts'],
    ['src/domain/a.ts', "import '../main.ts';", 'src/domain/a.ts imports ../main.ts'],
    ['src/domain/a.ts', "const a = await import('../main.ts');", 'src/domain/a.ts imports ../main.ts'],
    ['src/domain/a.ts', "import a from '#a';", 'src/domain/a.ts imports #a: only relative'],
    ['src/domain/a.ts', "import a from '../../test/kit/a.ts';", 'src/domain/a.ts imports ../../test/kit/a.ts'],
    [
      'src/store/store.ts',
      "import 'node:events';",
      'src/store/store.ts imports node:events: src/store/store.ts may import no',
    ],
    ['src/store/store.ts', "import './inbox.ts';", 'src/store/store.ts imports ./inbox.ts'],
    ['src/store/sqlite/a.ts', "import '../memory/b.ts';", 'src/store/sqlite/a.ts imports ../memory/b.ts'],
    ['src/store/sqlite/a.ts', "import '../../queue/queue.ts';", 'src/store/sqlite/a.ts imports ../../queue/queue.ts'],
    ['src/queue/redis/a.ts', "import '../../store/store.ts';", 'src/queue/redis/a.ts imports ../../store/store.ts'],
    ['src/channels/sms/a.ts', "import '../email/smtp.ts';", 'src/channels/sms/a.ts imports ../email/smtp.ts'],
    ['src/channels/sms/a.ts', "import '../registry.ts';", 'src/channels/sms/a.ts imports ../registry.ts'],
    ['src/channels/sms/a.ts', "import '../http-client.ts';", 'src/channels/sms/a.ts imports ../http-client.ts'],
    ['src/channels/sms/a.ts', "import { fetch } from 'undici';", 'src/channels/sms/a.ts imports undici: it is for'],
    ['src/channels/a.ts', "import './sms/a.ts';", 'src/channels/a.ts imports ./sms/a.ts'],
    ['src/telemetry/a.ts', "import '../pipeline/a.ts';", 'src/telemetry/a.ts imports ../pipeline/a.ts'],
    ['src/config/a.ts', "import '../channels/provider.ts';", 'src/config/a.ts imports ../channels/provider.ts'],
    ['src/pipeline/a.ts', "import '../store/sqlite/a.ts';", 'src/pipeline/a.ts imports ../store/sqlite/a.ts'],
    ['src/pipeline/a.ts', "import '../http/a.ts';", 'src/pipeline/a.ts imports ../http/a.ts'],
    ['src/http/a.ts', "import '../config/config.ts';", 'src/http/a.ts imports ../config/config.ts'],
    ['src/services.ts', '', 'src/services.ts belongs to no layer'],
    ['src/http/utils/a.ts', '', 'src/http/utils/a.ts lies in a folder named utils'],
    ['src/http/index.ts', '', 'src/http/index.ts is a barrel'],
    ['src/http/a.ts', "export * from './b.ts';", 'src/http/a.ts holds export *'],
    ['src/http/a.ts', 'const a = process.env.A;', 'src/http/a.ts holds process.env'],
    ['src/http/a.ts', ['const a = `$', '{process.env.A}`;'].join(''), 'src/http/a.ts holds process.env'],
    ['src/http/a.ts', "const a = process['env'];", 'src/http/a.ts holds process[…]'],
    ['src/http/a.test.ts', 'const a = process.env.A;', 'src/http/a.test.ts holds process.env'],
    ['src/http/a.ts', 'const { env } = process;', 'src/http/a.ts holds process.env'],
    ['src/http/a.ts', "const b = /'/, c = process.env;", 'src/http/a.ts holds process.env'],
    ['src/http/a.ts', "import { env } from 'node:process';", 'src/http/a.ts imports node:process: it is for'],
    ['src/channels/sms/a.ts', "import https from 'node:https';", 'src/channels/sms/a.ts imports node:https: it is for'],
    ['src/channels/sms/a.ts', 'const a = await fetch(url);', 'src/channels/sms/a.ts holds fetch'],
    ['src/config/a.ts', 'const a = process.env.NODE_ENV;', 'src/config/a.ts holds NODE_ENV'],
    ['src/config/a.ts', "const a = env['NODE_ENV'];", 'src/config/a.ts holds NODE_ENV'],
    ['src/http/a.ts', 'export enum A { B }', 'src/http/a.ts holds an enum'],
    ['src/http/a.ts', 'declare namespace A { }', 'src/http/a.ts holds a namespace'],
    ['src/http/a.ts', 'export default 1;', 'src/http/a.ts holds a default export'],
    ['src/http/a.ts', 'const a = 1; export { a as default };', 'src/http/a.ts holds a default export'],
    ['src/main.ts', 'await import(`./a.ts`);', 'src/main.ts holds an import whose name is computed'],
  ];
  for (const [path, text, fault] of refused) {
    test(`refuses ${path}: ${text.replaceAll('\n', ' ')}`, () => {
      const faults = check([{ path, text }]);
      assert.equal(faults.length, 1, faults.join('\n'));
      assert.ok(faults[0]?.startsWith(fault), faults[0]);
    });
  }

  const taken: readonly [string, string][] = [
    ['src/domain/a.ts', "import { domainToASCII } from 'node:url';\nimport './b.ts';"],
    ['src/domain/a.test.ts', "import fc from 'fast-check';\nimport '../../test/kit/a.ts';"],
    [
      'src/store/sqlite/a.ts',
      "import 'node:sqlite';\nimport '../inbox.ts';\nimport '../../domain/a.ts';\nimport './b/c.ts';",
    ],
    ['src/store/sqlite/b/c.ts', "import '../a.ts';\nimport '../../store.ts';"],
    ['src/channels/sms/a.ts', "import '../provider.ts';\nimport '../http-outcome.ts';\nimport './b.ts';"],
    ['src/channels/registry.ts', "import './sms/twilio.ts';"],
    ['src/channels/http-client.ts', "import { Agent } from 'undici';\nimport './provider.ts';"],
    ['src/cli/send.ts', "import { request } from 'undici';\nimport '../store/sqlite/a.ts';"],
    ['src/config/a.ts', "export const a = process.env.A;\nimport '../domain/settings.ts';"],
    ['src/http/a.ts', "import '../pipeline/accept.ts';\nimport '../store/store.ts';\nimport Fastify from 'fastify';"],
    ['src/http/a.ts', "// process.env and import '../main.ts'\n/* export default */ const a = 'export default 1';"],
    ['src/http/a.ts', "const a = { enum: ['a'], namespace: 1 }; const b = a / 2 / 3; it(\"isn't from 'x'\");"],
    ['src/http/a.ts', "const a = /['\"`]/; const b = [/[/'*]/, /\\/\\//]; // an apostrophe's comment"],
    ['src/http/a.ts', "const sql = `SELECT a FROM 'b'`; const dir = import.meta.dirname;"],
  ];
  for (const [path, text] of taken) {
    test(`takes ${path}: ${text.replaceAll('\n', ' ')}`, () => assert.deepEqual(check([{ path, text }]), []));
  }

  test('names a cycle, type imports included, once', () => {
    const faults = check([
      { path: 'src/domain/a.ts', text: "import type { B } from './b.ts';" },
      { path: 'src/domain/b.ts', text: "import { c } from './c.ts';" },
      { path: 'src/domain/c.ts', text: "export type { A } from './a.ts';" },
      { path: 'src/domain/d.ts', text: "import './a.ts';" },
    ]);
    assert.deepEqual(faults, [
      'src/domain/c.ts imports src/domain/a.ts, a cycle: src/domain/a.ts → src/domain/b.ts → src/domain/c.ts → src/domain/a.ts',
    ]);
  });

  test('finds nothing wrong with a tree that has not grown yet', () => assert.deepEqual(check([]), []));
});
