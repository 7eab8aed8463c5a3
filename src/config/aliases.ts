import { type Env, given } from '../domain/settings.ts';

/** Another name for a setting, as services elsewhere have it. */
export interface Alias {
  readonly name: string;
  readonly setting: string;
  /** What its value is in the setting's own words; null: it says nothing. Without it the value stays as it is. */
  readonly inOurWords?: (value: string) => string | null;
  /** For the documentation, where the words differ. */
  readonly note?: string;
}

/** A flag, which chooses one of the values of `SMTP_TLS` where it is set. */
function flag(name: string, chosen: 'starttls' | 'implicit'): Alias {
  const isSet = (value: string) => (/^(?:true|1|yes|on|t|y)$/i.test(value) ? chosen : null);
  return { name, setting: 'SMTP_TLS', inOurWords: isSet, note: `true: \`${chosen}\`` };
}

function aliases(setting: string, ...names: readonly string[]): readonly Alias[] {
  return names.map((name) => ({ name, setting }));
}

const LEVELS: Readonly<Record<string, string>> = {
  warning: 'warn',
  critical: 'error',
  fatal: 'error',
  notset: 'trace',
};

/** The first of a setting's aliases that is set counts, and none where the setting itself is. */
export const ALIASES: readonly Alias[] = [
  ...aliases('DATABASE_URL', 'SQLALCHEMY_DATABASE_URL', 'SQLALCHEMY_DATABASE_URI'),
  {
    name: 'LOG_LEVEL',
    setting: 'LOG_LEVEL',
    inOurWords: (value) => LEVELS[value.toLowerCase()] ?? value,
    note: '`WARNING`: `warn`; `CRITICAL`, `FATAL`: `error`; `NOTSET`: `trace`',
  },
  ...aliases('SMTP_HOST', 'EMAIL_HOST', 'MAIL_SERVER', 'MAIL_HOST', 'SMTP_SERVER'),
  ...aliases('SMTP_PORT', 'EMAIL_PORT', 'MAIL_PORT'),
  ...aliases('SMTP_USER', 'SMTP_USERNAME', 'EMAIL_USERNAME', 'EMAIL_USER', 'EMAIL_HOST_USER', 'MAIL_USERNAME'),
  ...aliases('SMTP_PASSWORD', 'SMTP_PASS', 'EMAIL_PASSWORD', 'EMAIL_HOST_PASSWORD', 'MAIL_PASSWORD'),
  ...aliases('SMTP_FROM', 'SMTP_FROM_EMAIL', 'EMAIL_FROM', 'MAIL_FROM', 'MAIL_DEFAULT_SENDER', 'DEFAULT_FROM_EMAIL'),
  ...['SMTP_USE_TLS', 'EMAIL_USE_TLS', 'MAIL_USE_TLS', 'MAIL_STARTTLS'].map((name) => flag(name, 'starttls')),
  ...['SMTP_USE_SSL', 'EMAIL_USE_SSL', 'MAIL_USE_SSL', 'MAIL_SSL_TLS'].map((name) => flag(name, 'implicit')),
  ...aliases('TWILIO_ACCOUNT_SID', 'TWILIO_SID'),
  ...aliases('TWILIO_FROM_NUMBER', 'TWILIO_PHONE_NUMBER', 'TWILIO_FROM'),
  ...aliases('TELEGRAM_BOT_TOKEN', 'TELEGRAM_TOKEN'),
];

/** Each is `QUEUE_URL` where that is not set and the other is not either: which of two is meant, nobody can know. */
export const QUEUE_ALIASES = ['REDIS_URL', 'RABBITMQ_URL'] as const;

/** Where a service kept its data that Tidings cannot keep any in. They are known, and said not to be used. */
export const MONGO_NAMES = ['MONGO_URI', 'MONGO_URL', 'MONGODB_URI', 'MONGODB_URL'] as const;

export interface Named {
  /** Everything under the name it was given by, and under the setting's own as well. */
  readonly env: Env;
  /** Setting → the other name that it was given by. */
  readonly from: ReadonlyMap<string, string>;
}

/** Settings that were given by another name, under their own. */
export function byOwnNames(env: Env): Named {
  const named: Record<string, string | undefined> = { ...env };
  const from = new Map<string, string>();
  for (const { name, setting, inOurWords = (value: string) => value } of ALIASES) {
    if (name !== setting && given(named, setting) !== null) continue;
    const value = given(env, name);
    const words = value === null ? null : inOurWords(value);
    if (words === null) continue;
    named[setting] = words;
    if (name !== setting) from.set(setting, name);
  }
  return { env: named, from };
}

/** The queue by one of its other names, if only one of them is set. */
export function withQueue({ env, from }: Named): Named {
  const [name, another] = queueNames(env);
  if (name === undefined || another !== undefined) return { env, from };
  return { env: { ...env, QUEUE_URL: env[name] }, from: new Map([...from, ['QUEUE_URL', name]]) };
}

/** The other names of the queue that are set, where its own is not. */
export function queueNames(env: Env): readonly (typeof QUEUE_ALIASES)[number][] {
  return given(env, 'QUEUE_URL') === null ? QUEUE_ALIASES.filter((name) => given(env, name) !== null) : [];
}
