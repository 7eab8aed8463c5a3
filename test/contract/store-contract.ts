import { describe } from 'node:test';
import { acceptTests } from './store/accept-tests.ts';
import { claimTests } from './store/claim-tests.ts';
import { deadLetterTests } from './store/dead-letter-tests.ts';
import { figureTests } from './store/figure-tests.ts';
import { keyTests } from './store/key-tests.ts';
import { leaseTests } from './store/lease-tests.ts';
import { listTests } from './store/list-tests.ts';
import { modelTests } from './store/model-tests.ts';
import { reconnectTests } from './store/reconnect-tests.ts';
import type { OpenStore } from './store/store-kit.ts';
import { writeTests } from './store/write-tests.ts';

interface StoreTraits {
  /** What the store is to say of itself, and is held to: without it, its claims may overtake its writes. */
  readonly claimsAfterWrites: boolean;
  /** False for the memory store, and for a second way to a store that has been through the random trips. */
  readonly random?: boolean;
}

/**
 * What every store must do, whatever it is made of. Beyond the single cases, random trips must get the same answers
 * as from the memory store.
 */
export function storeContract(name: string, open: OpenStore, { claimsAfterWrites, random = true }: StoreTraits): void {
  describe(`the ${name} store`, () => {
    acceptTests(open);
    keyTests(open);
    claimTests(open, claimsAfterWrites);
    leaseTests(open);
    writeTests(open);
    listTests(open);
    deadLetterTests(open);
    figureTests(open);
    reconnectTests(open);
    if (random) modelTests(open);
  });
}
