import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');

/** What an adapter's test must call. A queue on a broker has a second suite. */
const SUITES = {
  store: ['storeContract(', 'inboxContract(', 'sandboxContract('],
  queue: ['queueContract('],
} as const;
/** Who may know an engine besides its own folder: who chooses, and who wires the bell that every process has. */
const KNOWS_ENGINES = ['src/engines.ts', 'src/main.ts'];

describe('an engine is one folder and a line for each suite', () => {
  for (const port of ['store', 'queue'] as const) {
    const folders = readdirSync(join(ROOT, 'src', port), { withFileTypes: true }).filter((one) => one.isDirectory());
    test(`there are engines below src/${port}`, () => assert.ok(folders.length >= 3));
    for (const { name } of folders) {
      const folder = `src/${port}/${name}/`;
      test(`${folder} passes every suite of its port`, () => {
        const tests = globSync(`${folder}*{.,engine-}test.ts`, { cwd: ROOT }).map(read).join('\n');
        assert.deepEqual(
          SUITES[port].filter((suite) => !tests.includes(`\n${suite}`)),
          [],
        );
      });

      test(`nothing else in src/ knows ${folder}${name === 'memory' ? '' : ' but what chooses engines'}`, () => {
        const all = globSync('src/**/*.ts', { cwd: ROOT }).filter((path) => !path.endsWith('test.ts'));
        const knowing = all.filter((path) => !path.startsWith(folder) && read(path).includes(`/${port}/${name}/`));
        const allowed = name === 'memory' ? [] : KNOWS_ENGINES;
        assert.deepEqual(
          knowing.filter((path) => !allowed.includes(path)),
          [],
        );
      });
    }
  }
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
