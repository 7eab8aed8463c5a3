import { given, withoutPassword } from '../domain/settings.ts';
import { MONGO_NAMES } from './aliases.ts';
import type { Given } from './environment.ts';
import { unknownNames } from './unknown-names.ts';

/** What is odd about the settings though nothing is wrong with them, in sentences that hold no secret. */
export function settingNotices({ env, file, environment }: Given, settings: readonly string[]): readonly string[] {
  const mongo = MONGO_NAMES.find((name) => given(env, name) !== null);
  const database = given(env, 'DATABASE_URL');
  const place = database === null ? 'the SQLite file data/tidings.db' : withoutPassword(database);
  const unused = `${mongo} is not used: there is no MongoDB store. The data are kept in ${place}; DATABASE_URL says where.`;
  return [...(mongo === undefined ? [] : [unused]), ...unknownNames(file, environment, settings)];
}
