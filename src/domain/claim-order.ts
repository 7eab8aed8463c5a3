import type { Priority } from './notification.ts';

const USUAL: readonly Priority[] = ['high', 'normal', 'low'];

/**
 * In which order a batch takes from the priorities. High first; but every eighth batch begins with `normal` and every
 * sixteenth with `low`, so that under any load the lower ones keep moving. `turn` counts a worker's batches.
 */
export function claimOrder(turn: number): readonly Priority[] {
  if (turn % 16 === 15) return ['low', 'normal', 'high'];
  if (turn % 8 === 7) return ['normal', 'low', 'high'];
  return USUAL;
}
