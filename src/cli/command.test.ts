import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Command, parseCommand } from './command.ts';
import { COMMANDS } from './commands.ts';
import { helpOf, helpOfAll } from './help.ts';

const command: Command = {
  name: 'fly',
  about: 'fly somewhere',
  takes: { words: 'PLACE …', least: 1, most: 2 },
  options: {
    to: { value: 'WHO', about: '', required: true },
    tag: { value: 'TAG', about: '', many: true },
    'user-id': { value: 'ID', about: '' },
    wait: { about: '' },
    json: { about: '' },
  },
  examples: [],
  run: () => 0,
};

function parse(...args: readonly string[]) {
  const parsed = parseCommand(command, args);
  assert.ok(parsed.ok, parsed.ok ? '' : String(parsed.problem));
  return parsed.given;
}

describe('a command line', () => {
  test('is read as it is meant', () => {
    const given = parse('--tag', 'a', 'here', '--to=-1', '--tag=b', '--no-wait', '--json', '--', '--there');
    assert.equal(given.text('to'), '-1');
    assert.deepEqual(given.texts('tag'), ['a', 'b']);
    assert.equal(given.text('user-id'), undefined);
    assert.equal(given.flag('wait'), false);
    assert.equal(given.flag('json'), true);
    assert.deepEqual(given.words, ['here', '--there']);
    assert.equal(parse('x', '--to', '').flag('wait'), undefined);
    assert.throws(() => given.text('bogus'), /has no option bogus/);
  });

  for (const [args, problem] of [
    [['x'], 'fly needs --to WHO'],
    [['--to', 'a'], 'fly needs PLACE …'],
    [['--to', 'a', 'x', 'y', 'z'], 'fly cannot make anything of "z"'],
    [['x', '--to'], '--to needs WHO'],
    [['x', '--to', '--wait'], '--to needs WHO; for one that begins with - write --to=--wait'],
    [['x', '--to', 'a', '--to', 'b'], '--to can be given once only'],
    [['x', '--to', 'a', '--json=1'], '--json takes no value'],
    [['x', '--ot', 'a'], 'there is no option --ot; did you mean --to?'],
    [['x', '--user', 'a'], 'there is no option --user; did you mean --user-id?'],
    [['x', '--no-to', 'a'], 'there is no option --no-to'],
    [['x', '-q'], 'there is no option -q'],
    [['x', '--toString'], 'there is no option --toString'],
    [['x', '--__proto__', 'y'], 'there is no option --__proto__'],
  ] as const) {
    test(`that is wrong is told why: ${args.join(' ')}`, () => {
      assert.deepEqual(parseCommand(command, args), { ok: false, problem });
    });
  }

  test('that asks for help gets it, whatever else is wrong', () => {
    for (const args of [['--help'], ['-h', 'a', 'b', 'c'], ['x', '--help', '--bogus']]) {
      assert.deepEqual(parseCommand(command, args), { ok: false, problem: null });
    }
  });
});

describe('the help', () => {
  test('names every command and every option, and its examples can be typed', () => {
    const all = helpOfAll(COMMANDS);
    for (const one of COMMANDS) {
      assert.ok(all.includes(`  tidings ${one.name}`), one.name);
      const help = helpOf(one);
      for (const option of Object.keys(one.options)) assert.ok(help.includes(`  --${option}`), option);
      assert.ok(one.examples.length > 0, one.name);
      for (const example of one.examples) {
        const typed = /tidings ([^|]*)/.exec(example)?.[1] ?? '';
        assert.ok(typed.startsWith(one.name), example);
        const words = [...typed.slice(one.name.length).matchAll(/'([^']*)'|(\S+)/g)].map(([, a, b]) => a ?? b ?? '');
        const parsed = parseCommand(one, words);
        assert.ok(parsed.ok, `${example}: ${parsed.ok ? '' : parsed.problem}`);
      }
    }
  });

  test('fits a terminal', () => {
    const texts = [helpOfAll(COMMANDS), ...COMMANDS.map(helpOf)];
    for (const line of texts.join('\n').split('\n')) assert.ok(line.length <= 120, line);
  });
});
