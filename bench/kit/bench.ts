import type { Bed } from './bed.ts';
import type { Row } from './row.ts';

/** One bench: a file of this folder that exports it, and a line in `benches.ts`. */
export interface Bench {
  readonly name: string;
  /** What is measured against what, for people. */
  readonly about: string;
  run(bed: Bed): Promise<readonly Row[]>;
}
