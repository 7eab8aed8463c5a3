import { parseDeliveryId } from '../../domain/ids.ts';
import { PRIORITIES } from '../../domain/notification.ts';
import type { DeliverTask } from '../queue.ts';

/** A message's body as the client read it: JSON is an object by now. Null: no task, or one of a form unknown here. */
export function parseTask(body: unknown): DeliverTask | null {
  if (typeof body !== 'object' || body === null) return null;
  const { v, id, priority } = body as Record<string, unknown>;
  const known = typeof id === 'string' ? parseDeliveryId(id) : null;
  const rank = PRIORITIES.find((one) => one === priority);
  if (v !== 1 || known === null || rank === undefined) return null;
  return { v: 1, id: known, priority: rank };
}
