import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { Outcome } from '../../domain/outcome.ts';
import { boolean } from '../../domain/setting-forms.ts';
import { setting } from '../../domain/settings.ts';
import { type Answered, httpOutcome, statusOutcome } from '../http-outcome.ts';
import { defineProvider, type HttpAnswer } from '../provider.ts';

const settings = {
  keys: setting(
    'WEBHOOK_SECRET',
    'whsec_ and the base64 of 24 to 64 bytes; several of these with blanks between them while rotating',
    { required: true, secret: true, doc: 'What webhooks are signed with; with several, there is a signature of each.' },
    parseKeys,
  ),
  allowPrivate: boolean('WEBHOOK_ALLOW_PRIVATE', {
    default: 'false',
    doc: 'Whether webhook URLs may point to private and loopback addresses: for development. Otherwise `url_not_allowed`.',
  }),
};

/** Standard Webhooks 1.0: `webhook-id` is the receiver's idempotency key and the same for every attempt. */
export const webhook = defineProvider({
  id: 'webhook',
  channel: 'webhook',
  settings,
  open({ keys, allowPrivate }, parts) {
    const client = allowPrivate ? parts.http : parts.guardedHttp;
    return {
      concurrency: client.connections,
      hostOf: ({ to }) => new URL(to).host,
      allowsUrl: (url) => client.allowsUrl(url),
      async send({ to, id, body }, { signal, now, notAfter, traceparent }) {
        const timestamp = Math.floor(now / 1000);
        const answer = await client.post({
          url: to,
          headers: {
            'content-type': 'application/json',
            'webhook-id': id,
            'webhook-timestamp': String(timestamp),
            'webhook-signature': keys.map((key) => signature(key, id, timestamp, body)).join(' '),
          },
          body,
          signal,
          notAfter,
          traceparent,
        });
        return ofThisEndpoint(
          httpOutcome(answer, (answered) => read(answered, now)),
          answer,
        );
      },
      async close() {},
    };
  },
});

/** One entry of `webhook-signature`. `timestamp`: of the attempt, in seconds. */
export function signature(key: KeyObject, id: string, timestamp: number, body: string): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

function read(answer: Answered, now: number): Outcome {
  const { status } = answer;
  if (status >= 200 && status < 300) return { kind: 'accepted', providerMessageId: null };
  const detail = `HTTP ${status}`;
  if (status === 410) return { kind: 'rejected', code: 'endpoint_gone', detail, recipientDead: true };
  if (status >= 300 && status < 400) {
    return { kind: 'rejected', code: 'message_rejected', detail: `${detail}: redirects are not followed` };
  }
  return statusOutcome(answer, now);
}

/** Every URL is a server of its own: a fault of one says nothing of the others, nor of us. */
function ofThisEndpoint(outcome: Outcome, answer: HttpAnswer): Outcome {
  if (outcome.kind === 'unknown') return { ...outcome, scope: 'attempt' };
  if (outcome.kind !== 'deferred') return outcome;
  const refused = answer.kind === 'answered' && outcome.code === 'provider_misconfigured';
  return { ...outcome, scope: 'attempt', ...(refused ? { code: 'temporarily_rejected' as const } : {}) };
}

function parseKeys(text: string): readonly KeyObject[] | undefined {
  const keys: KeyObject[] = [];
  for (const word of text.split(/\s+/)) {
    const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(word)?.[1];
    if (base64 === undefined) return undefined;
    const key = Buffer.from(base64, 'base64');
    // Buffer reads what it can; only a text that it writes again the same was base64.
    if (key.toString('base64') !== base64 || key.length < 24 || key.length > 64) return undefined;
    keys.push(createSecretKey(key));
  }
  return keys;
}
