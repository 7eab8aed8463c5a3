import { StoreUnavailable, WrongDatabase } from '../store.ts';
import type { RowCalls } from './row-store.ts';

/** What goes between the store's thread and the one that asks. What is asked in one turn goes together, as do answers. */
export type CallName = keyof RowCalls;

export type Call = readonly [id: number, name: CallName, args: readonly unknown[]];

export type Answer = readonly [id: number, answer: unknown, fault: Fault | null];

/** What is told without having been asked comes with the answers, if there are any. */
export interface Told {
  readonly answers: readonly Answer[];
  /** It has committed something itself since it was last told. */
  readonly committed: boolean;
  /** Another process has. */
  readonly changed: boolean;
}

/** An error as it can be sent: its class would be lost. */
export type Fault = readonly [kind: 'unavailable' | 'overloaded' | 'wrong_database' | 'other', error: unknown];

export function faultOf(error: unknown): Fault {
  if (error instanceof StoreUnavailable) return [error.overloaded ? 'overloaded' : 'unavailable', error];
  return [error instanceof WrongDatabase ? 'wrong_database' : 'other', error];
}

export function errorOf([kind, error]: Fault): unknown {
  if (!(error instanceof Error)) return error;
  switch (kind) {
    case 'unavailable':
    case 'overloaded':
      return new StoreUnavailable(error.message, { cause: error.cause, overloaded: kind === 'overloaded' });
    case 'wrong_database':
      return new WrongDatabase(error.message, { cause: error.cause });
    case 'other':
      return error;
  }
}
