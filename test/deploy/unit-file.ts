import { readFileSync } from 'node:fs';

/** A unit of systemd: what each key is given, in the order of the file; a key can come several times. */
export type Unit = ReadonlyMap<string, readonly string[]>;

export function readUnit(path: string): Unit {
  const unit = new Map<string, string[]>();
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (/^\s*(?:[#;].*)?$/.test(line) || /^\[\w+\]$/.test(line)) continue;
    const [, key, value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key === undefined) throw new Error(`"${line}" is no line of a unit`);
    unit.set(key, [...(unit.get(key) ?? []), value]);
  }
  return unit;
}
