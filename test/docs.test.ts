import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { FILES, readDoc, withTables, writtenFiles } from '../scripts/docs-tables.ts';
import { readChannels } from '../src/channels/registry.ts';
import { everySetting } from '../src/cli/settings.ts';
import { readConfig } from '../src/config/config.ts';

for (const file of FILES) {
  test(`${file} shows what the code has, no more and no less (npm run docs writes it)`, () => {
    const text = readDoc(file);
    assert.match(text, /<!-- table: /, 'the file holds at least one table');
    assert.equal(text, withTables(text));
  });
}

for (const [file, text] of Object.entries(await writtenFiles())) {
  test(`${file} is what the code makes of itself (npm run docs writes it)`, () => assert.equal(readDoc(file), text));
}

test('.env.example has every setting and nothing else', () => {
  const text = readDoc('.env.example');
  const names = [...text.matchAll(/^#([A-Z0-9_]+)=/gm)].map(([, name]) => name);
  assert.deepEqual(new Set(names), new Set(everySetting().map(({ env }) => env)));
  assert.equal(new Set(names).size, names.length);
});

test('.env.example is a .env that changes nothing, and so is each line of it without its mark', () => {
  const text = readDoc('.env.example');
  assert.deepEqual(parseEnv(text), {});
  const all = parseEnv(text.replaceAll(/^#(?=[A-Z0-9_]+=)/gm, ''));
  assert.equal(Object.keys(all).length, everySetting().length);
  assert.deepEqual(readConfig(all), readConfig({}));
  const { plan, faults } = readChannels(all);
  assert.deepEqual(faults, []);
  const ids = (of: typeof plan) => [...of].map(([channel, providers]) => [channel, providers.map(({ id }) => id)]);
  assert.deepEqual(ids(plan), ids(readChannels({}).plan));
});

test('every way to start it gives Node the same flags', () => {
  const [line = ''] = readDoc('bin/tidings.js').split('\n', 1);
  const flags = line.split(' ').filter((word) => word.startsWith('--'));
  assert.equal(flags.length, 4);
  const { scripts } = JSON.parse(readDoc('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
  const starts = Object.values(scripts).filter((script) => script.includes('bin/tidings.js'));
  assert.equal(starts.length, 5);
  for (const script of starts) assert.match(script, new RegExp(`node ${flags.join(' ')} bin/tidings\\.js`));
  const entry = JSON.stringify(['node', ...flags, 'bin/tidings.js']).replaceAll('","', '", "');
  assert.ok(readDoc('Dockerfile').includes(`ENTRYPOINT ${entry}`), entry);
  for (const file of ['deploy/render.yaml', 'deploy/systemd/tidings@.service']) {
    assert.match(readDoc(file), new RegExp(`/node ${flags.join(' ')} /\\S+/bin/tidings\\.js`));
  }
});
