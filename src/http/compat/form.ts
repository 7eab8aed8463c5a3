import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RequestKey } from '../../pipeline/accept.ts';
import type { Auth } from '../auth.ts';
import { BODY_PROBLEMS, IDEMPOTENCY_HEADER, openProblems, problems } from '../contract/documented.ts';
import { FormIn, NotifyOut } from '../contract/doors.ts';
import { ref } from '../contract/forms.ts';
import { Type } from '../contract/schema.ts';
import { checkedWhenRead, fault, shapeOf } from '../contract/shape.ts';
import type { HttpDeps } from '../deps.ts';
import { idempotencyKeyOf, requestKey } from '../idempotency.ts';
import { readDeps } from '../notification-in.ts';
import { ProblemError, sendProblem } from '../problem-reply.ts';
import { acceptAtDoor } from './door-accept.ts';
import { channelOf, type DoorRules, readDoor } from './door-in.ts';
import { problemIn } from './error-sentence.ts';
import { readForm } from './form-in.ts';
import { type FormState, type FormTexts, formBody } from './form-page.ts';
import { pageHeaders, pageOf, sendPage, wantsPage } from './page.ts';

export interface FormDeps
  extends Pick<HttpDeps, 'accept' | 'clock' | 'defaultRetry' | 'allowsWebhook' | 'apiKeys' | 'newRequestId'> {
  /** A key can stand in the form too, as a form sends no headers of its own. */
  readonly auth: Auth;
}

const PATH = '/send-notification';
/** Where its keys count. */
const SCOPE = `POST ${PATH}`;
const TITLE = 'Send a notification';
const FORM_TYPE = {
  form: /^application\/x-www-form-urlencoded(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i,
  name: 'application/x-www-form-urlencoded',
};
const tags = ['Existing clients'];
/** Who is told of a message in the application is known by a user id only. */
const rules: DoorRules = ({ type }, has) =>
  type !== undefined && channelOf(type) === 'in_app' && !has('user_id')
    ? [fault('/user_id', 'missing_field', 'An in-app message needs a user id.')]
    : [];
const door = { shape: shapeOf(FormIn), rules };

/** The inside of the page in some state; a form that is sent from it is another one each time. */
type Show = (over: Partial<FormState>) => string;

/** A page to send from, which works without scripts. A program that asks for JSON is answered JSON. */
export function formDoor(app: FastifyInstance, deps: FormDeps): void {
  const show: Show = (over) => {
    const once = deps.newRequestId();
    return formBody({ texts: {}, problem: null, sentId: null, once, asksForKey: deps.apiKeys.length > 0, ...over });
  };
  app.addContentTypeParser<Buffer>(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    (_request, bytes, done) => {
      const read = readForm(bytes);
      if (read.ok) done(null, read.texts);
      else done(new ProblemError(read.code, { detail: read.detail }));
    },
  );
  app.addHook('preValidation', (request, _reply, done) => {
    const detail = 'The form was sent from a page of another site.';
    done(isFromElsewhere(request) ? new ProblemError('bad_request', { detail }) : undefined);
  });
  // Whatever says no, people are shown it in the form, with what they typed.
  app.addHook('onSend', async (request, reply, payload) => {
    const problem = problemIn(reply.getHeader('content-type'), payload);
    if (problem === null || !wantsPage(request, { orAnything: true })) return payload;
    pageHeaders(reply);
    return pageOf(`Error: ${TITLE}`, show({ texts: textsOf(request), problem }));
  });

  showForm(app, show);
  takeForm(app, deps, show);
}

const page = { 'text/html': { schema: Type.Unknown() } };

function showForm(app: FastifyInstance, show: Show): void {
  const schema = {
    operationId: 'getForm',
    summary: 'The form',
    tags,
    response: { 200: { description: 'A page.', content: page }, ...openProblems() },
  };
  app.get(PATH, { schema }, (_request, reply) => sendPage(reply, TITLE, show({})));
}

function takeForm(app: FastifyInstance, deps: FormDeps, show: Show): void {
  const submit = {
    operationId: 'submitForm',
    summary: 'Send what the form holds',
    tags,
    headers: IDEMPOTENCY_HEADER,
    consumes: ['application/x-www-form-urlencoded'],
    body: FormIn,
    response: {
      200: {
        description: 'A page that says so, or JSON for those who accept no page.',
        content: { ...page, 'application/json': { schema: ref(NotifyOut) } },
      },
      ...withPages(problems(...BODY_PROBLEMS, 'unroutable', 'idempotency_mismatch', 'invalid_idempotency_key')),
    },
  };
  const options = {
    schema: submit,
    config: { bodyType: FORM_TYPE },
    validatorCompiler: checkedWhenRead,
  };
  app.post(PATH, options, async (request, reply) => {
    const texts = textsOf(request);
    const { isAllowed, isKey } = deps.auth;
    if (!isAllowed(request.raw) && !isKey(texts.api_key ?? '')) {
      return sendProblem(reply.header('www-authenticate', 'Bearer'), 'unauthorized');
    }
    const answer = await accept(request, reply, texts, deps);
    if (answer === null) return reply;
    reply.header('vary', 'Accept');
    if (!wantsPage(request, { orAnything: true })) {
      return reply.header('content-type', 'application/json; charset=utf-8').send(answer);
    }
    const { id } = JSON.parse(answer) as { readonly id: string };
    return sendPage(reply, `Sent: ${TITLE}`, show({ sentId: id }));
  });
}

async function accept(request: FastifyRequest, reply: FastifyReply, texts: FormTexts, deps: FormDeps) {
  const header = idempotencyKeyOf(request.raw);
  if (header === undefined) {
    sendProblem(reply, 'invalid_idempotency_key');
    return null;
  }
  const read = readDoor(texts, door, readDeps(deps));
  if (!read.ok) {
    sendProblem(reply, 'invalid_request', { faults: read.faults });
    return null;
  }
  const { once, api_key: _key, ...content } = texts;
  const key = header === null ? keyOfForm(once, content) : requestKey(SCOPE, header, content);
  const answer = ({ id }: { readonly id: string }) => JSON.stringify({ status: 'Notification queued.', id });
  return acceptAtDoor(request, reply, { request: read.request, type: read.type, key, answer }, deps);
}

/** Changed and sent again it is another form; the same again, by a reload or a second click, is not. */
function keyOfForm(once: string | undefined, content: FormTexts): RequestKey | null {
  if (once === undefined) return null;
  const made = requestKey(SCOPE, once, content);
  return { ...made, key: `${once}.${made.fingerprint}` };
}

function textsOf(request: FastifyRequest): FormTexts {
  // The parser of this door made it; without a body there is nothing.
  return (request.body ?? {}) as FormTexts;
}

/**
 * Whether a browser says that another site's page made it send this: it would do so with whatever access this browser
 * has. Programs that are no browsers say nothing.
 */
function isFromElsewhere({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  if (headers.origin === undefined) return false;
  return !URL.canParse(headers.origin) || new URL(headers.origin).host !== headers.host;
}

/** Refusals that are pages as well, where a page is wanted. */
function withPages(responses: Record<number, object>): Record<number, object> {
  const entries = Object.entries(responses).map(([status, response]) => {
    const { content } = response as { readonly content: object };
    return [status, { ...response, content: { ...content, 'text/html': { schema: Type.Unknown() } } }];
  });
  return Object.fromEntries(entries) as Record<number, object>;
}
