import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { openProblems } from '../contract/documented.ts';
import { WelcomeOut } from '../contract/doors.ts';
import { ref } from '../contract/forms.ts';
import { Type } from '../contract/schema.ts';
import { wantsPage } from './page.ts';

const WELCOME = { message: 'Welcome to Tidings: tell people things, and know whether they arrived.', docs: '/docs/' };

/** `GET /`: for programs a word of welcome, for people the page that `sendTo` answers. */
export function welcomeRoute(
  app: FastifyInstance,
  sendTo: (request: FastifyRequest, reply: FastifyReply) => FastifyReply,
): void {
  const welcome = {
    operationId: 'getWelcome',
    summary: 'Where to go from here',
    tags: ['Existing clients'],
    response: {
      200: {
        description: 'A page for those who accept `text/html`.',
        content: { 'application/json': { schema: ref(WelcomeOut) }, 'text/html': { schema: Type.Unknown() } },
      },
      ...openProblems(),
    },
  };
  app.get('/', { schema: welcome }, (request, reply) =>
    wantsPage(request, { orAnything: false }) ? sendTo(request, reply) : reply.header('vary', 'Accept').send(WELCOME),
  );
}
