import type { FastifyInstance } from 'fastify';
import { isUserId } from '../../domain/recipient.ts';
import { formatTime } from '../../domain/time.ts';
import { answers, BODY_PROBLEMS, problems, USER_PARAM } from '../contract/documented.ts';
import { UserTokenOut } from '../contract/other.ts';
import { fault } from '../contract/shape.ts';
import type { HttpDeps } from '../deps.ts';
import { sendProblem } from '../problem-reply.ts';

/** For the server of an application, which knows who its users are: a token that one of them reaches their inbox with. */
export function userTokenRoutes(app: FastifyInstance, { tokens }: Pick<HttpDeps, 'tokens'>): void {
  const mint = {
    operationId: 'createUserToken',
    summary: "Make a token for a user's own inbox",
    description:
      "The token is good for the user's own `/inbox` paths, as `Authorization: Bearer …`, and for nothing else. Ask for " +
      'it on your server, which holds the API key, and hand it to the page of the user who is signed in there.',
    tags: ['Inbox'],
    params: USER_PARAM,
    response: {
      200: answers('The token, and until when it is good.', UserTokenOut),
      ...problems(...BODY_PROBLEMS),
    },
  };
  app.post<{ Params: { user_id: string } }>('/users/:user_id/token', { schema: mint }, async (request, reply) => {
    const userId = request.params.user_id;
    if (!isUserId(userId)) {
      return sendProblem(reply, 'invalid_request', { faults: [fault('/path/user_id', 'invalid_user_id')] });
    }
    const { token, expiresAt } = await tokens.mint(userId);
    return { token, expires_at: formatTime(expiresAt) };
  });
}
