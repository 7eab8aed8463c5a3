import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Queue } from 'bullmq';
import { fastify } from 'fastify';
import { Pool } from 'pg';
import { INSERT, JOB_OPTIONS, type Job, POOL, QUEUE, setting } from './service.ts';

interface Body {
  readonly recipient: { readonly user_id: string };
  readonly channels: readonly string[];
  readonly title?: string;
  readonly message: string;
}

const text = { type: 'string', minLength: 1, maxLength: 10_000 };
const body = {
  type: 'object',
  required: ['recipient', 'channels', 'message'],
  additionalProperties: false,
  properties: {
    recipient: { type: 'object', required: ['user_id'], additionalProperties: false, properties: { user_id: text } },
    channels: { type: 'array', minItems: 1, maxItems: 1, items: { enum: ['email', 'sms', 'in_app'] } },
    title: text,
    message: text,
  },
};
const answer = { 202: { type: 'object', properties: { id: text, status: text } } };

const pool = new Pool({ connectionString: setting('DATABASE_URL'), max: POOL });
const queue = new Queue<Job>(QUEUE, {
  connection: { url: setting('REDIS_URL'), maxRetriesPerRequest: 1, enableOfflineQueue: false },
});
await queue.waitUntilReady();

const app = fastify();
app.post<{ Body: Body }>('/notifications', { schema: { body, response: answer } }, async (request, reply) => {
  const { recipient, channels, title = null, message } = request.body;
  const id = randomUUID();
  const [channel = ''] = channels;
  await pool.query({ ...INSERT, values: [id, recipient.user_id, channel, title, message] });
  await queue.add('send', { id, channel, userId: recipient.user_id, title, message }, JOB_OPTIONS);
  return reply.code(202).send({ id, status: 'pending' });
});
await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address() as AddressInfo;
process.stdout.write(`ready http://127.0.0.1:${port}\n`);
process.once('SIGTERM', () => process.exit(0));
