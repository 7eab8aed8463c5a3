import { type Env, given, type Setting, withoutPassword } from '../domain/settings.ts';
import { everySetting } from './settings.ts';

/** A setting as people may see it. */
export interface ShownSetting {
  readonly name: string;
  readonly value: string;
  readonly isDefault: boolean;
}

/** Everything that is set or has a default, with secrets and passwords masked. */
export function shownSettings(env: Env): readonly ShownSetting[] {
  return everySetting().flatMap((setting) => shown(setting, env) ?? []);
}

function shown(setting: Setting<unknown>, env: Env): ShownSetting | null {
  const set = given(env, setting.env);
  if (set !== null) {
    return { name: setting.env, value: setting.secret ? '********' : withoutPassword(set), isDefault: false };
  }
  return setting.defaultText === null ? null : { name: setting.env, value: setting.defaultText, isDefault: true };
}
