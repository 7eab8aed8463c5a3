import { type Env, given, withoutPassword } from '../domain/settings.ts';
import { MONGO_NAMES } from './aliases.ts';
import type { Given } from './environment.ts';
import { unknownNames } from './unknown-names.ts';

/** What is odd about the settings though nothing is wrong with them, in sentences that hold no secret. */
export function settingNotices({ env, file, environment }: Given, settings: readonly string[]): readonly string[] {
  const mongo = MONGO_NAMES.find((name) => given(env, name) !== null);
  const database = given(env, 'DATABASE_URL');
  const place = database === null ? 'the SQLite file data/tidings.db' : withoutPassword(database);
  const unused = `${mongo} is not used: there is no MongoDB store. The data are kept in ${place}; DATABASE_URL says where.`;
  return [
    ...(mongo === undefined ? [] : [unused]),
    ...(isTokenSecretDrawn(env) ? [DRAWN] : []),
    ...unknownNames(file, environment, settings),
  ];
}

const DRAWN =
  "INBOX_ORIGINS is set, and neither TOKEN_SECRET nor a key of 32 characters or more in API_KEYS: users' tokens are good in the process that made them, until it ends. Set TOKEN_SECRET where there are several.";

function isTokenSecretDrawn(env: Env): boolean {
  if (given(env, 'INBOX_ORIGINS') === null || given(env, 'TOKEN_SECRET') !== null) return false;
  const keys = given(env, 'AUTH')?.toLowerCase() === 'off' ? '' : (given(env, 'API_KEYS') ?? '');
  return !keys.split(',').some((key) => key.trim().length >= 32);
}
