import type { EmailMessage, ProviderParts, SandboxWriter, SendContext } from '../../src/channels/provider.ts';
import { deliveryId, parseNotificationId } from '../../src/domain/ids.ts';

export const NOW = Date.UTC(2026, 0, 15, 12, 0, 0);

export type SandboxMessages = Parameters<SandboxWriter['addToSandbox']>[0][number];

/** Parts that remember what is written; clients that must not be called unless a test gives its own. */
export function providerParts(given: Partial<ProviderParts> = {}): ProviderParts & {
  readonly sandboxMessages: readonly SandboxMessages[];
} {
  const sandboxMessages: SandboxMessages[] = [];
  const noHttp = {
    post() {
      throw new Error('This test lends no HTTP client.');
    },
    connections: 64,
    allowsUrl: () => true,
  };
  return {
    http: noHttp,
    guardedHttp: noHttp,
    sandbox: {
      async addToSandbox(messages) {
        sandboxMessages.push(...messages);
      },
    },
    random: () => 0.5,
    publicUrl: null,
    ...given,
    sandboxMessages,
  };
}

/** A context of an attempt, with all the time in the world. */
export function sendContext(given: Partial<SendContext> = {}): SendContext {
  const notificationId = parseNotificationId('019bc1a2-0000-7000-8000-00000000aa00');
  if (notificationId === null) throw new Error('The id of the tests is not an id.');
  return {
    notificationId,
    deliveryId: deliveryId(notificationId, 1),
    idempotencyKey: 'key-1',
    attempt: 1,
    signal: new AbortController().signal,
    notAfter: null,
    now: NOW,
    ...given,
  };
}

/** A mail as it is given to a provider. */
export const MAIL: EmailMessage = {
  channel: 'email',
  to: 'user@example.com',
  from: null,
  replyTo: null,
  cc: [],
  bcc: [],
  subject: 'Hello',
  text: 'Hello',
  html: '<p>Hello</p>',
  headers: {},
  attachments: [],
  messageId: 'm-1',
};
