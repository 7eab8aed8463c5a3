import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** What a hunt for one mutant has caught. */
export interface Caught {
  /** Of the episode. */
  readonly seed: string;
  readonly promise: string;
  readonly what: string;
  /** Simulated until then. */
  readonly deliveries: number;
  readonly seconds: number;
}

/** Hunts one mutant in a process of its own; null: it got away. */
export async function hunt(
  name: string,
  how: { readonly seed: string; readonly seconds: number },
): Promise<Caught | null> {
  const file = fileURLToPath(new URL('mutated.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, name, how.seed, String(how.seconds)]);
  return JSON.parse(stdout) as Caught | null;
}
