import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Accepted, RequestKey, SendRequest } from '../../pipeline/accept.ts';
import type { DoorType } from '../contract/doors.ts';
import { fault } from '../contract/shape.ts';
import type { HttpDeps } from '../deps.ts';
import { idempotencyKeyOf, requestKey } from '../idempotency.ts';
import { readDeps } from '../notification-in.ts';
import { sendProblem } from '../problem-reply.ts';
import { addressField, type Door, type ReadAtDoor, readDoor } from './door-in.ts';

export interface AtDoor {
  readonly request: SendRequest;
  readonly type: DoorType;
  readonly key: RequestKey | null;
  /** What is answered now, and to a repeat later: an object with the notification's `id`. */
  readonly answer: (accepted: Accepted) => string;
}

/** Hands one request to the pipeline. Null: it was refused, and the refusal is sent. */
export async function acceptAtDoor(
  request: FastifyRequest,
  reply: FastifyReply,
  at: AtDoor,
  deps: Pick<HttpDeps, 'accept'>,
): Promise<string | null> {
  const { key, answer } = at;
  const [result] = await deps.accept([
    { requestId: request.id, requests: [at.request], broadcast: false, key, answer },
  ]);
  switch (result?.kind) {
    case undefined:
      throw new Error('a submission was not answered');
    case 'mismatch':
      sendProblem(reply, 'idempotency_mismatch');
      return null;
    case 'unroutable': {
      const field = addressField(at.type);
      const detail = `A notification of type ${at.type} needs ${field}.`;
      sendProblem(reply, 'unroutable', { faults: [fault(`/${field}`, 'unroutable', detail)] });
      return null;
    }
    case 'replayed':
      reply.header('idempotency-replayed', 'true');
      break;
    case 'accepted':
  }
  const { id } = result.kind === 'accepted' ? result : (JSON.parse(result.answer) as { readonly id: string });
  reply.header('location', `/api/v1/notifications/${id}`);
  return result.answer;
}

/** A door whose body is JSON and that heeds an idempotency key. */
export interface JsonDoor {
  /** What keys are valid for. */
  readonly scope: string;
  readonly fields: Door;
  readonly status: number;
  readonly answer: (accepted: Accepted, read: ReadAtDoor) => string;
}

/** From a request to its answer. */
export async function acceptJson(
  request: FastifyRequest,
  reply: FastifyReply,
  door: JsonDoor,
  deps: Pick<HttpDeps, 'accept' | 'clock' | 'defaultRetry' | 'allowsWebhook'>,
): Promise<FastifyReply> {
  const key = idempotencyKeyOf(request.raw);
  if (key === undefined) return sendProblem(reply, 'invalid_idempotency_key');
  const read = readDoor(request.body, door.fields, readDeps(deps));
  if (!read.ok) return sendProblem(reply, 'invalid_request', { faults: read.faults });
  const answer = await acceptAtDoor(
    request,
    reply,
    {
      request: read.request,
      type: read.type,
      key: key === null ? null : requestKey(door.scope, key, request.body),
      answer: (accepted) => door.answer(accepted, read),
    },
    deps,
  );
  if (answer === null) return reply;
  return reply.code(door.status).header('content-type', 'application/json; charset=utf-8').send(answer);
}
