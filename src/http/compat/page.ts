import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { escapeHtml } from '../../domain/escape-html.ts';

/** One look for the few pages that are written here; no script, and nothing from elsewhere. */
const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --line: #767676; --bad: #b00020; --good: #0b6b2e; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a8a; --good: #7fdc9c; } }
body { max-width: 36rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.2; }
label { display: block; margin-top: 1rem; font-weight: 600; }
.hint { margin: 0; font-size: .875rem; opacity: .8; }
input, select, textarea { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit; border: 1px solid var(--line); border-radius: .25rem; }
textarea { min-height: 7rem; }
[aria-invalid] { border: 2px solid var(--bad); }
.fault { margin: .25rem 0 0; color: var(--bad); font-weight: 600; }
.notice { border: 2px solid; border-radius: .25rem; padding: .75rem 1rem; }
.notice p { margin: 0; }
.notice ul { margin: .5rem 0 0; padding-left: 1.25rem; }
.bad { border-color: var(--bad); }
.good { border-color: var(--good); }
code { overflow-wrap: anywhere; }
button { margin-top: 1.5rem; padding: .5rem 1.25rem; font: inherit; cursor: pointer; }
`;

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A page around `body`, which is HTML already. */
export function sendPage(reply: FastifyReply, title: string, body: string): FastifyReply {
  return pageHeaders(reply).send(pageOf(title, body));
}

export function pageHeaders(reply: FastifyReply): FastifyReply {
  return reply.headers({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': POLICY,
    vary: 'Accept',
  });
}

export function pageOf(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body>
${body}
</body>
</html>
`;
}

/** Whether the client reads HTML; `*` counts only where a page is what the route is for. */
export function wantsPage(request: FastifyRequest, about: { readonly orAnything: boolean }): boolean {
  const types = (request.headers.accept ?? '').split(',').map((type) => type.split(';', 1)[0]?.trim().toLowerCase());
  return types.some((type) => type === 'text/html' || (about.orAnything && type === '*/*'));
}
