// A small server of an application: it knows who is signed in, holds the API key, and asks Tidings for a token.
// It needs nothing but Node:
//
//   npm run build:inbox
//   TIDINGS_URL=http://127.0.0.1:8000 TIDINGS_API_KEY=… node inbox/examples/server.js
//
// Tidings must know the site: INBOX_ORIGINS=http://127.0.0.1:3000
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const PAGE = join(import.meta.dirname, 'plain');
const BUILT = join(import.meta.dirname, '..', 'dist');

/**
 * @typedef {object} Application
 * @property {string} tidingsUrl
 * @property {string} apiKey It stays here: a page never sees it.
 * @property {(request: import('node:http').IncomingMessage) => string} userOf Who is signed in, by your own session:
 *   never anything that the page can choose.
 * @property {string} [built] Where `npm run build:inbox` has left its modules.
 */

/** @param {Application} application */
export function applicationServer({ tidingsUrl, apiKey, userOf, built = BUILT }) {
  const policy = [
    ...["default-src 'none'", "script-src 'self'", "style-src 'self'", `connect-src 'self' ${tidingsUrl}`],
    ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
    ...["require-trusted-types-for 'script'", "trusted-types 'none'"],
  ].join('; ');

  /** @param {string} userId */
  async function newToken(userId) {
    const answer = await fetch(`${tidingsUrl}/api/v1/users/${encodeURIComponent(userId)}/token`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}` },
    });
    if (!answer.ok) throw new Error(`Tidings answered ${answer.status}`);
    const { token } = /** @type {{ token: string }} */ (await answer.json());
    return JSON.stringify({ token });
  }

  /** @param {string} userId */
  async function page(userId) {
    const text = await readFile(join(PAGE, 'index.html'), 'utf8');
    return text.replace('{TIDINGS_URL}', escapeHtml(tidingsUrl)).replace('{USER_ID}', escapeHtml(userId));
  }

  return createServer(async (request, response) => {
    /** @param {number} status @param {string} type @param {string | Buffer} body */
    const answer = (status, type, body) => {
      const headers = { 'content-type': type, 'cache-control': 'no-store', 'content-security-policy': policy };
      response.writeHead(status, headers).end(body);
    };
    try {
      const path = new URL(request.url ?? '/', 'http://localhost').pathname;
      if (request.method === 'POST' && path === '/inbox-token') {
        return answer(200, 'application/json', await newToken(userOf(request)));
      }
      if (path === '/') return answer(200, 'text/html; charset=utf-8', await page(userOf(request)));
      const [, folder, name = ''] = /^\/(inbox|plain)\/([\w-]+\.(?:js|css))$/.exec(path) ?? [];
      if (folder === undefined) return answer(404, 'text/plain', 'Not found');
      const type = extname(name) === '.css' ? 'text/css' : 'text/javascript';
      return answer(200, `${type}; charset=utf-8`, await readFile(join(folder === 'inbox' ? built : PAGE, name)));
    } catch (error) {
      return answer(500, 'text/plain', error instanceof Error ? error.message : 'Something went wrong');
    }
  });
}

/** @param {string} text */
function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { TIDINGS_URL = 'http://127.0.0.1:8000', TIDINGS_API_KEY = '', PORT = '3000' } = process.env;
  const server = applicationServer({ tidingsUrl: TIDINGS_URL, apiKey: TIDINGS_API_KEY, userOf: () => 'user-1' });
  server.listen(Number(PORT), '127.0.0.1', () => console.log(`http://127.0.0.1:${PORT}`));
}
