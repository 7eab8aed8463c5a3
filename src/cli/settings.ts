import { allSettings, type ChannelPlan, type ReceiptReader, readChannels } from '../channels/registry.ts';
import { type Config, readConfig, SETTINGS } from '../config/config.ts';
import { type Given, readGiven, UnreadableSettings } from '../config/environment.ts';
import { settingNotices } from '../config/notices.ts';
import type { Env, Setting } from '../domain/settings.ts';

/** Exit code for a wrong configuration (sysexits.h, EX_CONFIG). */
export const WRONG_CONFIG = 78;

export interface Setup {
  readonly env: Env;
  /** Setting → the other name that it was given by. */
  readonly from: ReadonlyMap<string, string>;
  /** What is odd about the settings though nothing is wrong with them. */
  readonly notices: readonly string[];
  readonly config: Config;
  readonly plan: ChannelPlan;
  readonly readers: ReadonlyMap<string, ReceiptReader>;
}

/** Everything that is set, checked; or null after every fault was named on standard error. */
export function readSetup(): Setup | null {
  const given = readFolder();
  if (given === null) return null;
  const { env, from } = given;
  const { config, faults } = readConfig(env);
  const { plan, readers, faults: channelFaults } = readChannels(env);
  const notices = settingNotices(
    given,
    everySetting().map((setting) => setting.env),
  );
  const all = [...faults, ...channelFaults];
  if (config !== null && all.length === 0) return { env, from, notices, config, plan, readers };
  const lines = all.map((fault) => `  ${nameOf(fault.env, from)} ${fault.problem}`);
  const also = notices.map((notice) => `  ${notice}\n`).join('');
  process.stderr.write(
    `Tidings cannot start: ${all.length} setting${all.length === 1 ? ' is' : 's are'} wrong.\n${lines.join('\n')}\n${also === '' ? '' : `Beside that:\n${also}`}See docs/config.md.\n`,
  );
  return null;
}

/** A setting by the name it was given by. */
function nameOf(setting: string, from: ReadonlyMap<string, string>): string {
  const name = from.get(setting);
  return name === undefined ? setting : `${name} (as ${setting})`;
}

/** Those of the service itself, then those of its providers. A setting that several providers share comes once. */
export function everySetting(): readonly Setting<unknown>[] {
  const all: readonly Setting<unknown>[] = [
    ...Object.values(SETTINGS),
    ...allSettings().flatMap(({ settings }) => settings),
  ];
  return [...new Map(all.toReversed().map((setting) => [setting.env, setting])).values()].toReversed();
}

function readFolder(): Given | null {
  try {
    return readGiven(process.cwd());
  } catch (error) {
    if (!(error instanceof UnreadableSettings)) throw error;
    process.stderr.write(`Tidings cannot start: ${error.message}\n`);
    return null;
  }
}
