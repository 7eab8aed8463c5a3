import { defineProvider } from '../provider.ts';

/** The user's own inbox, kept by this service. Writing it is the delivery; twice the same is one entry. */
export const inbox = defineProvider({
  id: 'inbox',
  channel: 'in_app',
  settings: {},
  open: (_, { inbox }) => ({
    concurrency: null,
    hostOf: () => null,
    async send({ to, title, body, actionUrl, data }, { deliveryId, notificationId, now }) {
      const entry = { id: deliveryId, notificationId, userId: to, title, body, actionUrl, data, createdAt: now };
      try {
        await inbox.addToInbox([entry]);
      } catch {
        // Written or not: another try is harmless, but the next channel would tell the person again.
        const detail = 'the inbox did not answer';
        return { kind: 'unknown', code: 'connection_lost', detail, scope: 'attempt' };
      }
      // Its id is the delivery's: keeping it once more, as text, would be a twentieth of all that is kept of a delivery.
      return { kind: 'accepted', providerMessageId: null };
    },
    async close() {},
  }),
});
