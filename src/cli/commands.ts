import type { Command, Option } from './command.ts';
import { FILTER_OPTIONS, SIZE_OPTIONS } from './list-options.ts';
import { OPERATOR_COMMANDS } from './operator-commands.ts';

/** The options of every command that talks to a running service. */
const SERVICE: Readonly<Record<string, Option>> = {
  url: { value: 'URL', about: 'where the service is; otherwise where the settings say' },
  key: { value: 'KEY', about: 'the API key; otherwise the first of API_KEYS' },
  json: { about: 'print the answer as JSON: one line for each thing' },
};
const JSON_ONLY: Readonly<Record<string, Option>> = { json: { about: 'print the result as JSON' } };
const ID = { words: 'ID', least: 1, most: 1 };
const IDS = { words: 'ID …', least: 1, most: Number.POSITIVE_INFINITY };
const CODE: Readonly<Record<string, Option>> = {
  code: { value: 'CODE', about: 'that failed for this reason, such as provider_down' },
};

const roles = (
  [
    ['start', 'serve the API and deliver, in one process', ['api', 'worker', 'scheduler']],
    ['api', 'serve the API only', ['api']],
    ['worker', 'deliver only', ['worker']],
    ['scheduler', 'only look after what others left behind', ['scheduler']],
  ] as const
).map(([name, about, parts]): Command => {
  const run: Command['run'] = async () => (await import('./serve.ts')).serve(parts);
  return { name, about, options: {}, examples: [`tidings ${name}`], run };
});

/**
 * Everything that can be said on the command line. What a command does is loaded when it is called, so that one that asks a
 * service for something does not wait for all that a service is made of.
 */
export const COMMANDS: readonly Command[] = [
  ...roles,
  {
    name: 'migrate',
    about: "bring the database's schema up to date and exit",
    options: JSON_ONLY,
    examples: ['tidings migrate'],
    run: async (given, io) => (await import('./serve.ts')).migrateOnly(given, io),
  },
  {
    name: 'copy',
    about: 'copy a whole database into an empty one, and compare the two',
    options: {
      from: { value: 'URL', about: 'sqlite:… or postgres://…', required: true },
      to: { value: 'URL', about: 'the same', required: true },
      ...JSON_ONLY,
    },
    notes: 'Stop every Tidings that works with either first. Killed, it goes on when it is run again.',
    examples: ['tidings copy --from sqlite:./data/tidings.db --to postgres://tidings:secret@db.example.com/tidings'],
    run: async (given, io) => (await import('./copy.ts')).copyCommand(given, io),
  },
  ...OPERATOR_COMMANDS,
  {
    name: 'config check',
    about: 'read all settings, name every fault, show what would run',
    options: JSON_ONLY,
    examples: ['tidings config check'],
    run: async (given, io) => (await import('./config-check.ts')).checkConfig(given, io),
  },
  {
    name: 'send',
    about: 'send a notification, and wait until it is done',
    options: {
      to: { value: 'WHO', about: 'an e-mail address, an E.164 phone number or a user id', required: true },
      message: { value: 'TEXT', about: 'plain text; - reads it from standard input', required: true },
      title: { value: 'TEXT', about: "the mail's subject, the inbox's heading" },
      channel: {
        value: 'NAME',
        about: 'in order, the first that works ends it; otherwise DEFAULT_CHANNELS',
        many: true,
      },
      strategy: { value: 'NAME', about: 'all: every channel is sent, not only the first that works' },
      at: { value: 'TIME', about: 'not before this time, such as 2026-12-01T08:00:00Z' },
      delay: { value: 'DURATION', about: 'not before this has passed, such as 10m' },
      ttl: { value: 'DURATION', about: 'never later than this' },
      tag: { value: 'TAG', about: 'to find it by', many: true },
      'idempotency-key': { value: 'KEY', about: 'the same with the same key is sent once' },
      wait: { about: '--no-wait: exit as soon as it is accepted' },
      timeout: { value: 'DURATION', about: 'wait no longer than this' },
      ...SERVICE,
    },
    notes: 'Exits with 0 if it arrived, with 1 if not. Ctrl-C ends the waiting, not the notification.',
    examples: [
      `tidings send --to user@example.com --title Hello --message 'Tidings works.'`,
      `tidings send --to +14155550123 --message 'Your code is 123456' --channel sms --ttl 10m`,
      'uptime | tidings send --to ops@example.com --message - --no-wait',
    ],
    run: async (given, io) => (await import('./send.ts')).send(given, io),
  },
  {
    name: 'get',
    about: 'show a notification and all its attempts',
    takes: ID,
    options: SERVICE,
    examples: ['tidings get 01a1fd71-ec35-7495-a16b-1bee7f875900'],
    run: async (given, io) => (await import('./look.ts')).get(given, io),
  },
  {
    name: 'list',
    about: 'list notifications, newest first',
    options: {
      status: { value: 'NAME', about: 'in this state, such as failed' },
      ...FILTER_OPTIONS,
      ...SIZE_OPTIONS,
      ...SERVICE,
    },
    examples: [
      'tidings list --status failed --created-after 2026-01-31T00:00:00Z',
      'tidings list --tag invoice --all --json | wc -l',
    ],
    run: async (given, io) => (await import('./look.ts')).list(given, io),
  },
  {
    name: 'tail',
    about: 'show what becomes of deliveries as it happens, of all or of one notification',
    takes: { words: '[ID]', least: 0, most: 1 },
    options: { after: { value: 'EVENT', about: 'go on after the event with this id, as --json shows it' }, ...SERVICE },
    notes: 'Goes on over every break of the connection, with nothing left out, until Ctrl-C.',
    examples: ['tidings tail', `tidings tail --json | jq -c 'select(.status == "failed")'`],
    run: async (given, io) => (await import('./tail.ts')).tail(given, io),
  },
  {
    name: 'cancel',
    about: 'stop what has not been sent',
    takes: IDS,
    options: SERVICE,
    examples: ['tidings cancel 01a1fd71-ec35-7495-a16b-1bee7f875900'],
    run: async (given, io) => (await import('./steps.ts')).cancel(given, io),
  },
  {
    name: 'reschedule',
    about: 'give what is still scheduled another time',
    takes: ID,
    options: { at: { value: 'TIME', about: 'such as 2026-12-01T08:00:00Z', required: true }, ...SERVICE },
    examples: ['tidings reschedule 01a1fd71-ec35-7495-a16b-1bee7f875900 --at 2026-12-01T08:00:00Z'],
    run: async (given, io) => (await import('./steps.ts')).reschedule(given, io),
  },
  {
    name: 'retry',
    about: 'start a failed, cancelled or expired notification afresh',
    takes: IDS,
    options: SERVICE,
    examples: ['tidings retry 01a1fd71-ec35-7495-a16b-1bee7f875900'],
    run: async (given, io) => (await import('./steps.ts')).retry(given, io),
  },
  {
    name: 'dead-letters',
    about: 'list what failed for good, newest first',
    options: { ...CODE, ...FILTER_OPTIONS, ...SIZE_OPTIONS, ...SERVICE },
    examples: ['tidings dead-letters', 'tidings dead-letters --code provider_down --all'],
    run: async (given, io) => (await import('./dead-letters.ts')).listDeadLetters(given, io),
  },
  {
    name: 'dead-letters retry',
    about: 'start all that match afresh',
    options: {
      ...CODE,
      ...FILTER_OPTIONS,
      all: { about: 'without a filter' },
      'dry-run': { about: 'only count them' },
      ...SERVICE,
    },
    notes: 'Ctrl-C ends it after the part that is under way, and says how far it came.',
    examples: ['tidings dead-letters retry --code provider_down --dry-run', 'tidings dead-letters retry --all'],
    run: async (given, io) => (await import('./dead-letters.ts')).retryDeadLetters(given, io),
  },
  {
    name: 'dead-letters discard',
    about: 'set some aside, by the ids of the list',
    takes: IDS,
    options: SERVICE,
    examples: ['tidings dead-letters discard 01a1fd71-ec35-7495-a16b-1bee7f875901'],
    run: async (given, io) => (await import('./steps.ts')).discard(given, io),
  },
  {
    name: 'stats',
    about: 'show figures of the last hours or days',
    options: { window: { value: 'DURATION', about: 'from 1m to 30d; 24h' }, ...SERVICE },
    examples: ['tidings stats', 'tidings stats --window 1h --json'],
    run: async (given, io) => (await import('./stats.ts')).stats(given, io),
  },
];
