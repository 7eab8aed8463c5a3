import { StoreUnavailable, WrongDatabase } from '../store.ts';
import type { RowCalls } from './row-store.ts';

/** What goes between the store's thread and the one that asks. What is asked in one turn goes together, as do answers. */
export type CallName = keyof RowCalls;

/** Calls, one after the other in a single list: the number of each, its name, how many arguments it has, and they. */
export type Calls = readonly unknown[];

/** Answers in the same way: the number of the call, what was answered, and the fault or null. */
export type Answers = readonly unknown[];

/** What is told without having been asked comes with the answers, if there are any. */
export interface Told {
  readonly answers: Answers;
  /** It has committed something itself since it was last told. */
  readonly committed: boolean;
  /** Another process has. */
  readonly changed: boolean;
}

export function addCall(calls: unknown[], id: number, name: CallName, args: readonly unknown[]): void {
  calls.push(id, name, args.length);
  for (const argument of args) calls.push(argument);
}

export function eachCall(calls: Calls, hear: (id: number, name: CallName, args: readonly unknown[]) => void): void {
  for (let at = 0; at < calls.length; ) {
    const [from, count] = [at + 3, Number(calls[at + 2])];
    hear(calls[at] as number, calls[at + 1] as CallName, calls.slice(from, from + count));
    at = from + count;
  }
}

export function addAnswer(answers: unknown[], id: number, answer: unknown, fault: Fault | null): void {
  answers.push(id, answer, fault);
}

export function eachAnswer(answers: Answers, hear: (id: number, answer: unknown, fault: Fault | null) => void): void {
  for (let at = 0; at < answers.length; at += 3) {
    hear(answers[at] as number, answers[at + 1], answers[at + 2] as Fault | null);
  }
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
