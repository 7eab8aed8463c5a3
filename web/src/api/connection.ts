import { useSyncExternalStore } from 'react';
import { ApiProblem } from './client.ts';

/** Whether what is shown keeps up with the service. */
export type Connection = 'live' | 'reconnecting';

let connection: Connection = 'live';
const listeners = new Set<() => void>();

/** Told of every answer. One that refuses a request is an answer all the same. */
export function heard(error: unknown): void {
  const isAnswer = error === null || (error instanceof ApiProblem && error.status < 500);
  const next = isAnswer ? 'live' : 'reconnecting';
  if (next === connection) return;
  connection = next;
  for (const listener of listeners) listener();
}

export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, () => connection);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
