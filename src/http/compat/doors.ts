import type { FastifyInstance } from 'fastify';
import { type Auth, askForKey } from '../auth.ts';
import type { HttpDeps } from '../deps.ts';
import { saidInOneSentence } from './error-sentence.ts';
import { formDoor } from './form.ts';
import { notificationDoors } from './notifications.ts';
import { notifyDoors } from './notify.ts';
import { statsDoor } from './stats.ts';

/** The doors that notifications come in by. */
export const DOOR_WAYS_IN: readonly string[] = ['/notifications', '/notify', '/send-notification'];

/**
 * The routes that small notification services commonly have, over the same pipeline: their clients need another base
 * URL, and nothing else. Each translates; none decides. A key is asked for as it is below `/api/v1`.
 */
export async function doors(app: FastifyInstance, deps: HttpDeps & { readonly auth: Auth }): Promise<void> {
  saidInOneSentence(app);
  await app.register(async (keyed) => {
    askForKey(keyed, deps.auth);
    notificationDoors(keyed, deps);
    notifyDoors(keyed, deps);
    statsDoor(keyed, deps);
  });
  await app.register(async (form) => formDoor(form, deps));
}
