import type { Receipt } from '../domain/receipt.ts';
import type { Receive, Received } from './receive.ts';

/** So many of one request at once: the store writes those of a moment together. */
const LANES = 100;

/**
 * Takes the receipts of one request, and counts what came of them. After one that was too early no more are begun, as
 * the vendor will tell all of them again; those that were taken by then do no harm a second time. Throws what `receive`
 * throws, when nothing of the request is under way any more.
 */
export async function receiveAll(
  receipts: readonly Receipt[],
  receive: Receive,
): Promise<Readonly<Record<Received, number>>> {
  const counts: Record<Received, number> = { applied: 0, stale: 0, unknown: 0, too_early: 0 };
  const faults: unknown[] = [];
  const left = receipts.values();
  const lane = async () => {
    for (const receipt of left) {
      try {
        counts[await receive(receipt)] += 1;
      } catch (error) {
        faults.push(error);
      }
      if (counts.too_early > 0 || faults.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(LANES, receipts.length) }, lane));
  if (faults.length > 0) throw faults[0];
  return counts;
}
