import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DashboardFile, DashboardFiles } from '../dashboard-files.ts';
import type { HttpDeps } from '../deps.ts';
import { sendProblem } from '../problem-reply.ts';

/** The pages that the dashboard has, beside the one at `/`. It finds out by itself which one its address names. */
const PAGES = [
  ...['/ui', '/ui/', '/ui/notifications', '/ui/notifications/:id'],
  ...['/ui/send', '/ui/dead-letters', '/ui/sandbox', '/ui/inbox', '/ui/status'],
];

/** Nothing from elsewhere, nothing inline. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * An empty page that the dashboard fills with a caught mail: styles of the mail's own are let in there, and nothing
 * else. The frame around it forbids scripts as well.
 */
const FRAME_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin";
const FRAME =
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Mail</title></head><body></body></html>';

/** Said where there is no build: the API works all the same. */
const NOT_BUILT = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tidings</title><meta name="viewport" content="width=device-width"></head><body>
<h1>Tidings is up; its dashboard has not been built</h1>
<p>In the folder of the project, run <code>npm ci</code> and <code>npm run build:web</code>, and start Tidings again. <code>npm start</code> does the second by itself.</p>
<p>The API works without it: <a href="/docs/">its documentation</a>.</p>
</body></html>
`;

const HTML = 'text/html; charset=utf-8';
const A_YEAR = 'public, max-age=31536000, immutable';

/** The dashboard: files that were built before, open to everybody; what it shows, it asks the API for, with a key. */
export function dashboardRoutes(app: FastifyInstance, { dashboard }: Pick<HttpDeps, 'dashboard'>): void {
  const hidden = { schema: { hide: true } };
  const sendPage = dashboardPage(dashboard);
  for (const path of PAGES) app.get(path, hidden, sendPage);
  app.get('/ui/frame', hidden, (_request, reply) =>
    reply.headers({ 'content-type': HTML, 'content-security-policy': FRAME_POLICY }).send(FRAME),
  );
  app.get<{ Params: { '*': string } }>('/ui/*', hidden, (request, reply) => {
    const file = dashboard?.others.get(request.params['*']);
    return file === undefined ? sendProblem(reply, 'not_found') : sendFile(request, reply, file);
  });
}

/** Answers the page, or what to do about it where there is none. */
export function dashboardPage(dashboard: DashboardFiles | null) {
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    dashboard === null
      ? reply.headers({ 'content-type': HTML, vary: 'Accept' }).send(NOT_BUILT)
      : sendFile(request, reply.header('content-security-policy', POLICY), dashboard.page);
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: DashboardFile): FastifyReply {
  const { encoding, bytes } = encoded(file, request.headers['accept-encoding'] ?? '');
  const etag = encoding === null ? file.etag : file.etag.replace(/"$/, `-${encoding}"`);
  // At `/` a program gets something else than a page.
  const vary = file.isImmutable ? 'Accept-Encoding' : 'Accept, Accept-Encoding';
  reply.headers({ etag, vary, 'cache-control': file.isImmutable ? A_YEAR : 'no-cache' });
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  if (encoding !== null) reply.header('content-encoding', encoding);
  return reply.header('content-type', file.type).send(bytes);
}

function encoded({ plain, gzip, brotli }: DashboardFile, accepted: string) {
  if (brotli !== null && takes(accepted, 'br')) return { encoding: 'br', bytes: brotli };
  if (gzip !== null && takes(accepted, 'gzip')) return { encoding: 'gzip', bytes: gzip };
  return { encoding: null, bytes: plain };
}

/** Named, and not with a weight of nothing. */
function takes(accepted: string, encoding: string): boolean {
  return accepted.split(',').some((item) => {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    return name === encoding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
