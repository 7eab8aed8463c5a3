import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { escapeHtml } from '../../domain/escape-html.ts';
import { FAULTS, PROBLEMS } from '../../domain/problem.ts';
import { REASONS } from '../../domain/reason.ts';
import { openProblems } from '../contract/documented.ts';
import { DOOR_SCHEMAS } from '../contract/doors.ts';
import {
  AcceptedOut,
  AttemptOut,
  BroadcastAcceptedOut,
  DeadLetterListOut,
  DeadLetterOut,
  DeliveryOut,
  NotificationItemOut,
  NotificationListOut,
  NotificationOut,
  RecipientOut,
} from '../contract/notification-out.ts';
import { OTHER_SCHEMAS } from '../contract/other.ts';
import { BatchOut, FaultOut, ProblemOutSchema } from '../contract/problem-out.ts';
import { StatusOut } from '../contract/status-out.ts';
import type { HttpDeps } from '../deps.ts';

const NAMED_SCHEMAS: readonly TSchema[] = [
  ...[AcceptedOut, BroadcastAcceptedOut, RecipientOut, DeliveryOut, AttemptOut, NotificationItemOut, NotificationOut],
  ...[
    NotificationListOut,
    DeadLetterOut,
    DeadLetterListOut,
    ProblemOutSchema,
    FaultOut,
    BatchOut,
    StatusOut,
    ...OTHER_SCHEMAS,
  ],
  ...DOOR_SCHEMAS,
];

/** Collects the routes that are registered after it for the OpenAPI document. */
export async function openApi(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  for (const schema of NAMED_SCHEMAS) app.addSchema(schema);
  const secured = deps.apiKeys.length > 0;
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tidings',
        version: deps.version,
        description:
          'One API that tells people things, and does not rest until they arrived.\n\n' +
          'Besides what each operation lists, any connection can be answered 408 (too slow), 417 (an expectation that ' +
          'cannot be met) or 431 (headers too large), and a path or method that is not listed 404 or 405.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      tags: [
        ...['Notifications', 'Inbox', 'Dead letters', 'Operations'].map((name) => ({ name })),
        {
          name: 'Existing clients',
          description: 'The same service behind routes that small notification services have.',
        },
      ],
      ...(secured ? { security: [{ bearer: [] }, { apiKey: [] }] } : {}),
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          userToken: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: "A user's token, of `POST /api/v1/users/{user_id}/token`, for that user's own paths.",
          },
        },
      },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => nameOf(json) ?? `schema-${index}` },
    transform: ({ schema, url }) => {
      // Whoever can be refused for want of a key is asked for one; the form's page shows itself to everybody.
      const isOpen = schema?.response === undefined || !Object.hasOwn(schema.response as object, '401');
      const { security, ...plain } = schema ?? {};
      if (!secured) return { schema: plain, url };
      const asks = security === undefined ? {} : { security };
      return { schema: { ...plain, ...(isOpen ? { security: [] } : asks) }, url };
    },
  });
}

function nameOf(json: Readonly<Record<string, unknown>>): string | null {
  return typeof json.$id === 'string' ? json.$id : null;
}

/** The document, the pages that show it, and the page that explains the errors. Nothing comes from elsewhere. */
export async function docsRoutes(app: FastifyInstance): Promise<void> {
  const document = {
    operationId: 'getOpenApi',
    summary: 'This document',
    tags: ['Operations'],
    response: {
      200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: { type: 'object' } } } },
      ...openProblems(),
    },
  };
  let written: string | null = null;
  app.get('/openapi.json', { schema: document }, (_request, reply) => {
    written ??= JSON.stringify(app.swagger());
    return reply.header('content-type', 'application/json; charset=utf-8').send(written);
  });
  await app.register(async (pages) => {
    pages.addHook('onRequest', (_request, reply, done) => {
      // Helmet says it for pages, and what is said already would win.
      reply.removeHeader('content-security-policy');
      done();
    });
    await pages.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          // The hash: one style element that Swagger UI's bundle brings.
          styleSrc: ["'self'", "'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='"],
          // Swagger UI sets sizes of its icons in style attributes; no style element and no script is let in by that.
          styleSrcAttr: ["'unsafe-inline'"],
          imgSrc: ["'self'", 'data:'],
          connectSrc: ["'self'"],
          frameAncestors: ["'none'"],
          baseUri: ["'none'"],
          formAction: ["'self'"],
        },
      },
      // Whether there is TLS is known to what stands in front, not here.
      strictTransportSecurity: false,
      referrerPolicy: { policy: 'no-referrer' },
    });
    await pages.register(swaggerUi, {
      routePrefix: '/docs',
      indexPrefix: '',
      uiConfig: {
        docExpansion: 'list',
        tryItOutEnabled: true,
        displayRequestDuration: true,
        persistAuthorization: false,
      },
      theme: {
        title: 'Tidings API',
        // The bar on top shows another project's logo and asks for another document.
        css: [{ filename: 'tidings.css', content: '.swagger-ui .topbar { display: none }' }],
      },
    });
    pages.get('/docs/errors', { schema: { hide: true } }, (_request, reply) =>
      reply.header('content-type', 'text/html; charset=utf-8').send(ERRORS_PAGE),
    );
  });
}

const ERRORS_PAGE = errorsPage();

function errorsPage(): string {
  const rows = (entries: readonly (readonly [string, string])[]) =>
    entries
      .map(([code, words]) => `<dt id="${code}"><code>${code}</code></dt><dd>${escapeHtml(words)}</dd>`)
      .join('\n');
  const problems = Object.entries(PROBLEMS).map(([code, { status, title }]) => [code, `${status}. ${title}.`] as const);
  // `unroutable` is a problem and a fault; an id can stand once only.
  const faults = Object.entries(FAULTS).filter(([code]) => !(code in PROBLEMS));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tidings: errors</title></head><body>
<h1>Errors</h1>
<h2>Problems</h2><dl>${rows(problems)}</dl>
<h2>What can be wrong with a field</h2><dl>${rows(faults)}</dl>
<h2>Why something was not sent</h2><dl>${rows(Object.entries(REASONS).filter(([code]) => !(code in FAULTS)))}</dl>
</body></html>
`;
}
