import type { AddressInfo } from 'node:net';
import { fastify } from 'fastify';
import { BatchIn, NotificationIn } from '../../src/http/contract/notification-in.ts';

/**
 * What the framework can do at most: Fastify as one gets it, its own JSON parser, its own validator (Ajv) compiled from
 * our schema and just as strict, its own serializer, and a constant 202. It keeps nothing.
 */
const app = fastify({
  ajv: { customOptions: { removeAdditional: false, coerceTypes: false, strict: false } },
});
const ACCEPTED = {
  id: '019f5e0c-2d3a-7a51-9c1e-0f6b3a7d5100',
  status: 'pending',
  created_at: '2026-01-01T00:00:00.000Z',
};
const text = { type: 'string' };
const answer = { 202: { type: 'object', properties: { id: text, status: text, created_at: text } } };

app.post('/notifications', { schema: { body: NotificationIn, response: answer } }, (_request, reply) =>
  reply.code(202).send(ACCEPTED),
);
app.post('/notifications/batch', { schema: { body: BatchIn, response: answer } }, (_request, reply) =>
  reply.code(202).send(ACCEPTED),
);
await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address() as AddressInfo;
process.stdout.write(`ready http://127.0.0.1:${port}\n`);
