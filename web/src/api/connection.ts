import { useSyncExternalStore } from 'react';
import type { Connection as StreamConnection } from '../../../inbox/src/types.ts';
import { ApiProblem } from './client.ts';

/** Whether what is shown keeps up with the service. */
export type Connection = 'live' | 'reconnecting';

/** The last answer was one, and the stream of events is not broken. */
let answers = true;
let stream: StreamConnection = 'connecting';
let connection: Connection = 'live';
const listeners = new Set<() => void>();

/** Told of every answer. One that refuses a request is an answer all the same. */
export function heard(error: unknown): void {
  answers = error === null || (error instanceof ApiProblem && error.status < 500);
  become();
}

/** Told of what becomes of the stream. */
export function streaming(now: StreamConnection): void {
  stream = now;
  become();
}

/** Whether news come by themselves, so that hardly anything need be asked for. */
export function newsCome(): boolean {
  return stream === 'live';
}

export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, () => connection);
}

function become(): void {
  const next = answers && stream !== 'reconnecting' && stream !== 'offline' ? 'live' : 'reconnecting';
  if (next === connection) return;
  connection = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
