import type { FastifyInstance } from 'fastify';
import type { ProblemOut } from '../problem-reply.ts';

/** Adds `error`, the sentence that these clients look for, to every problem that the routes of `doors` answer. */
export function saidInOneSentence(doors: FastifyInstance): void {
  doors.addHook('onSend', async (_request, reply, payload) => {
    const problem = problemIn(reply.getHeader('content-type'), payload);
    return problem === null ? payload : Buffer.from(JSON.stringify({ error: sentenceOf(problem), ...problem }));
  });
}

/** The problem document that is about to leave; null: it is none. */
export function problemIn(type: unknown, payload: unknown): ProblemOut | null {
  if (type !== 'application/problem+json' || !Buffer.isBuffer(payload)) return null;
  // sendProblem wrote it.
  return JSON.parse(payload.toString()) as ProblemOut;
}

/** All that is wrong, each with the name of its field before it. */
function sentenceOf({ title, detail, errors = [] }: ProblemOut): string {
  if (errors.length === 0) return detail === `${title}.` ? detail : `${title}. ${detail}`;
  return errors
    .map(({ pointer, detail: words }) => (pointer === '' ? words : `${pointer.slice(1)}: ${words}`))
    .join(' ');
}
