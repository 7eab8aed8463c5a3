import { defineProvider } from '../provider.ts';

/** The user's own inbox, kept by this service: what is delivered is an entry, which is written with the record of it. */
export const inbox = defineProvider({
  id: 'inbox',
  channel: 'in_app',
  settings: {},
  open: () => ({
    concurrency: null,
    hostOf: () => null,
    async send({ to, title, body, actionUrl, data }, { deliveryId, notificationId, now }) {
      const entry = { id: deliveryId, notificationId, userId: to, title, body, actionUrl, data, createdAt: now };
      // Its id is the delivery's: keeping it once more, as text, would be a twentieth of all that is kept of a delivery.
      return { kind: 'accepted', providerMessageId: null, entry };
    },
    async close() {},
  }),
});
