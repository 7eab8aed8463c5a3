import { ask } from './client.ts';
import type { Notification } from './types.ts';

/** What people do here, each one call of the API. */

const API = '/api/v1';
const at = (id: string) => `${API}/notifications/${encodeURIComponent(id)}`;

export interface Accepted {
  readonly id: string;
  readonly status: string;
  readonly created_at: string;
}

/** The key makes a second click, or a repeat after a lost answer, the same notification. */
export function send(body: object, idempotencyKey: string): Promise<Accepted> {
  return ask(`${API}/notifications`, { method: 'POST', body, headers: { 'idempotency-key': idempotencyKey } });
}

export function cancel(id: string): Promise<object> {
  return ask(`${at(id)}/cancel`, { method: 'POST' });
}

export function retry(id: string): Promise<object> {
  return ask(`${at(id)}/retry`, { method: 'POST' });
}

export function reschedule(id: string, sendAt: string): Promise<Notification> {
  return ask(at(id), { method: 'PATCH', body: { send_at: sendAt } });
}

interface BulkRetry {
  readonly matched: number;
  readonly retried: number;
  readonly next_cursor: string | null;
}

/** So many dead letters are retried by one request: a second's work for a service that is busy. */
const AT_ONCE = 1_000;

export function countDeadLetters(filter: Readonly<Record<string, string>>): Promise<{ readonly matched: number }> {
  return ask(`${API}/dead-letters/retry`, { method: 'POST', body: { filter, dry_run: true } });
}

/** Retries all that match, a part at a time, and tells after each how many it has come to. */
export async function retryDeadLetters(
  filter: Readonly<Record<string, string>>,
  onPart: (retried: number) => void,
): Promise<void> {
  let retried = 0;
  let cursor: string | null = null;
  do {
    const body: object = { filter, limit: AT_ONCE, ...(cursor === null ? {} : { cursor }) };
    const part: BulkRetry = await ask(`${API}/dead-letters/retry`, { method: 'POST', body });
    retried += part.retried;
    onPart(retried);
    cursor = part.next_cursor;
  } while (cursor !== null);
}

export function discard(deliveryId: string): Promise<void> {
  return ask(`${API}/dead-letters/${encodeURIComponent(deliveryId)}`, { method: 'DELETE' });
}

/** For the demo of the inbox; an application asks for it on its server. */
export function mintToken(userId: string): Promise<{ readonly token: string; readonly expires_at: string }> {
  return ask(`${API}/users/${encodeURIComponent(userId)}/token`, { method: 'POST' });
}

export function clearSandbox(): Promise<void> {
  return ask(`${API}/sandbox/messages`, { method: 'DELETE' });
}

/** Random letters; not `randomUUID`, which browsers keep from pages that came over plain HTTP. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
