import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { given, readSettings, type Setting, setting } from './settings.ts';

const PORT = setting('PORT', 'a port', { doc: 'Where it listens.', default: '8000' }, port);
const HOST: Setting<string> = setting('HOST', 'a host', { doc: 'Who it calls.', required: true }, (text) => text);
const TOKEN = setting('TOKEN', 'a token of digits', { doc: 'What it shows.', secret: true }, (text) =>
  /^[0-9]+$/.test(text) ? text : undefined,
);
const ALL = { port: PORT, host: HOST, token: TOKEN };

function port(text: string): number | undefined {
  return /^[0-9]{1,5}$/.test(text) ? Number(text) : undefined;
}

describe('a declared setting', () => {
  test('says what it is, for docs and masks', () => {
    const { parse: _, ...said } = TOKEN;
    assert.deepEqual(said, {
      env: 'TOKEN',
      doc: 'What it shows.',
      form: 'a token of digits',
      secret: true,
      required: false,
      defaultText: null,
    });
    assert.deepEqual([PORT.defaultText, PORT.required, HOST.required, HOST.secret], ['8000', false, true, false]);
  });
});

describe('what the environment gives', () => {
  const cases: readonly [string, string | undefined, string | null][] = [
    ['nothing', undefined, null],
    ['an empty text', '', null],
    ['blanks', ' \t ', null],
    ['a text with blanks around it', ' a b ', 'a b'],
  ];
  for (const [name, text, expected] of cases) {
    test(`${name} is ${JSON.stringify(expected)}`, () => assert.equal(given({ X: text }, 'X'), expected));
  }
});

describe('reading settings', () => {
  test('takes what is given, then the default, then null', () => {
    const { values, faults } = readSettings(ALL, { HOST: ' example.com ', PORT: '' });
    assert.deepEqual(faults, []);
    assert.deepEqual({ ...values }, { port: 8000, host: 'example.com', token: null });
  });

  test('gives values of the declared types', () => {
    const { values } = readSettings(ALL, { HOST: 'example.com', PORT: '1', TOKEN: '2' });
    const typed: { readonly port: number; readonly host: string; readonly token: string | null } | null = values;
    assert.deepEqual({ ...typed }, { port: 1, host: 'example.com', token: '2' });
  });

  test('cannot be changed afterwards', () => {
    assert.ok(Object.isFrozen(readSettings(ALL, { HOST: 'example.com' }).values));
  });

  test('names every fault at once and gives no values then', () => {
    const { values, faults } = readSettings(ALL, { PORT: 'many', TOKEN: 'secret-word' });
    assert.equal(values, null);
    assert.deepEqual(faults, [
      { env: 'PORT', problem: '"many" is not a port' },
      { env: 'HOST', problem: 'is not set; it must be a host' },
      { env: 'TOKEN', problem: 'its value is not a token of digits' },
    ]);
  });

  test('never shows a secret', () => {
    const { faults } = readSettings(ALL, { HOST: 'example.com', TOKEN: 'hunter-two' });
    assert.equal(faults.length, 1);
    assert.doesNotMatch(JSON.stringify(faults), /hunter/);
  });

  test('needs every default to be of its own form', () => {
    const broken = { x: setting('X', 'a port', { doc: '', default: 'many' }, port) };
    assert.deepEqual(readSettings(broken, {}).faults, [{ env: 'X', problem: '"many" is not a port' }]);
  });
});
