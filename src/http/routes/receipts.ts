import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ReadReceipts, ReceiptRequest } from '../../channels/provider.ts';
import type { Random } from '../../domain/clock.ts';
import type { Receive } from '../../pipeline/receive.ts';
import { receiveAll } from '../../pipeline/receive-all.ts';
import { answers, openProblems } from '../contract/documented.ts';
import { ReceiptsOut } from '../contract/other.ts';
import { Type } from '../contract/schema.ts';
import { checkedWhenRead } from '../contract/shape.ts';
import { sendProblem } from '../problem-reply.ts';
import type { RateGuard } from '../rate-limits.ts';
import { retrySeconds } from '../refusals.ts';

/** Who tells later what became of messages, and who hears it. */
export interface ReceiptDeps {
  /** By the provider's id; those without are not served. */
  readonly readers: ReadonlyMap<string, ReadReceipts>;
  readonly receive: Receive;
  /** Told of what is no receipt, and so no event: how often a provider, or somebody in its name, told it. */
  readonly onOther: (provider: string, outcome: 'unknown' | 'ignored' | 'forged' | 'unreadable', count: number) => void;
}

export interface ReceiptRouteDeps extends ReceiptDeps {
  readonly random: Random;
  /** Counts those against their address who are not who they say they are. */
  readonly rateGuard: RateGuard;
  readonly mostBytes: number;
}

/** Vendors send no more than some thousands at once: SendGrid 768 KB. */
const MOST_EVENTS = 5_000;
/** What vendors send: lists as JSON, or forms. */
const BODY_TYPE = {
  form: /^application\/(?:json|x-www-form-urlencoded)(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i,
  name: 'application/json or application/x-www-form-urlencoded',
};

/** The paths that are served, for whoever has to know them before the router does. */
export function receiptPaths(deps: ReceiptDeps | undefined): readonly string[] {
  return [...(deps?.readers.keys() ?? [])].map((provider) => `/receipts/${provider}`);
}

/**
 * Where vendors bring receipts. A vendor has no key of ours; its signature over the very bytes of the body is what lets
 * it in, and only those without are counted against the limits of clients: a vendor tells of a thousand messages
 * when a thousand were sent. It repeats what is not answered with 200, so nothing is refused that may be right.
 */
export function receiptRoutes(app: FastifyInstance, deps: ReceiptRouteDeps): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes));
  app.addHook('onRequest', (request, reply, done) => {
    if (readerOf(request, deps) === null) sendProblem(reply, 'not_found');
    else done();
  });
  const schema = {
    operationId: 'takeReceipts',
    summary: "For vendors: later news of messages, in the vendor's own form",
    description: 'SendGrid: its signed Event Webhook. Twilio: status callbacks, which it is asked for by each send.',
    tags: ['Operations'],
    params: Type.Object({ provider: Type.String() }),
    body: Type.Unknown(),
    consumes: ['application/json', 'application/x-www-form-urlencoded'],
    response: {
      200: answers('What is not counted as `applied` changes nothing, and need not be told again.', ReceiptsOut),
      ...openProblems(
        ...(['not_found', 'invalid_signature', 'too_large', 'unsupported_media_type', 'invalid_json'] as const),
        ...(['too_many_requests', 'too_early', 'unavailable', 'overloaded'] as const),
      ),
    },
  };
  const options = {
    schema,
    bodyLimit: deps.mostBytes,
    config: { bodyType: BODY_TYPE },
    validatorCompiler: checkedWhenRead,
  };
  app.post('/receipts/:provider', options, (request, reply) => take(request, reply, deps));
}

async function take(request: FastifyRequest, reply: FastifyReply, deps: ReceiptRouteDeps) {
  const { provider } = request.params as { readonly provider: string };
  const read = readerOf(request, deps)?.(asItCame(request));
  if (read === undefined) return sendProblem(reply, 'not_found');
  if (read.kind === 'forged') {
    deps.onOther(provider, 'forged', 1);
    deps.rateGuard(request, reply, () => void sendProblem(reply, 'invalid_signature'));
    return reply;
  }
  if (read.kind === 'unreadable') {
    deps.onOther(provider, 'unreadable', 1);
    return sendProblem(reply, 'bad_request', { detail: `This is not what ${provider} documents.` });
  }
  const { receipts, foreign, ignored } = read;
  if (receipts.length + foreign + ignored > MOST_EVENTS) {
    return sendProblem(reply, 'too_large', { detail: `At most ${MOST_EVENTS} events are taken at once.` });
  }
  const counts = await receiveAll(receipts, deps.receive);
  if (counts.too_early > 0) return sendProblem(reply.header('retry-after', retrySeconds(deps.random)), 'too_early');
  deps.onOther(provider, 'unknown', foreign);
  deps.onOther(provider, 'ignored', ignored);
  return { applied: counts.applied, stale: counts.stale, unknown: counts.unknown + foreign, ignored };
}

function readerOf(request: FastifyRequest, { readers }: ReceiptDeps): ReadReceipts | null {
  const { provider } = request.params as { readonly provider: string };
  return readers.get(provider) ?? null;
}

function asItCame({ raw, body }: FastifyRequest): ReceiptRequest {
  const headers = Object.entries(raw.headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')] as const);
  // The parser of these routes leaves the bytes as they are.
  return { headers: Object.fromEntries(headers), target: raw.url ?? '', body: (body ?? Buffer.alloc(0)) as Buffer };
}
