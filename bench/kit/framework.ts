import { join } from 'node:path';
import type { Bed } from './bed.ts';
import { type Program, startProgram } from './program.ts';

/** The bare framework as a process of its own. */
export function startFramework(bed: Bed): Promise<Program> {
  return startProgram(bed, {
    file: join(import.meta.dirname, '..', 'limits', 'framework.ts'),
    ready: /^ready (\S+)$/m,
  });
}
