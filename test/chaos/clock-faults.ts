import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from './nemesis.ts';

/** Sets the time of day of single processes, by libfaketime. Timers and other steady clocks are not touched. */
export interface Clocks {
  /** The settings that make `member` look at its own clock here. */
  settingsFor(member: string): Readonly<Record<string, string>>;
  set(member: string, aheadSeconds: number): void;
}

/** Where the Debian package `libfaketime` puts it. */
const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((abi) => `/usr/lib/${abi}/faketime/libfaketimeMT.so.1`);

export function openClocks(folder: string, members: readonly string[]): Clocks {
  const library = LIBRARIES.find((file) => existsSync(file));
  if (library === undefined) throw new Error('Clocks are set by libfaketime: apt-get install libfaketime');
  const fileOf = (member: string) => join(folder, `${member}.clock`);
  const set = (member: string, aheadSeconds: number) =>
    writeFileSync(fileOf(member), `${aheadSeconds < 0 ? '' : '+'}${aheadSeconds}\n`);
  for (const member of members) set(member, 0);
  return {
    set,
    settingsFor: (member) => ({
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: fileOf(member),
      FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1',
    }),
  };
}

const HOUR = 3_600;

/** Somebody sets the clock of a process's machine, and puts it right again. */
export const clockSet: Fault = {
  name: 'clock set',
  // On SQLite the process's clock is the only one there is.
  fits: ({ store }) => store === 'postgres',
  async strike({ fleet, clocks }, draws) {
    if (clocks === null) return null;
    const { name } = draws.pick(fleet.members);
    const ahead = draws.pick([-24 * HOUR, -HOUR, -60, 60, HOUR, 24 * HOUR]);
    clocks.set(name, ahead);
    return {
      target: `${name} ${ahead} s`,
      touches: [],
      lastsMs: draws.between(1_000, 8_000),
      repeats: 0,
      heal: async () => clocks.set(name, 0),
    };
  },
};
