import type { Clock } from '../domain/clock.ts';
import { within } from '../domain/within.ts';
import { StoreUnavailable } from '../store/store.ts';

/** Longest wait for an answer of the store, in ms. Stores give up by themselves within less; this is for one that does not. */
export const STORE_PATIENCE = 20_000;

/** The store's answer, or StoreUnavailable when there is none: no loop may stand still over a promise that nobody keeps. */
export function inTime<T>(clock: Clock, answer: Promise<T>): Promise<T> {
  const late = () => new StoreUnavailable(`the store has not answered for ${STORE_PATIENCE} ms`);
  return within(clock, STORE_PATIENCE, answer, late);
}
