import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { type Json, OK, send, withServer } from '../../test/kit/with-server.ts';
import { StoreUnavailable } from '../store/store.ts';

const OPEN = /^\/(?:$|health|openapi\.json|receipts\/)/;

test('asks for a key on every route of the API and at every door, and on no other', () =>
  withServer(
    async ({ app }) => {
      const { paths } = (await app.inject({ url: '/openapi.json' })).json<{ paths: Record<string, Json> }>();
      for (const [path, methods] of Object.entries(paths)) {
        for (const method of Object.keys(methods)) {
          const url = path.replace(/\{[a-z_]+\}/g, 'x');
          const answer = await app.inject({ method: method.toUpperCase() as 'GET', url });
          const isOpen = OPEN.test(path) || `${method} ${path}` === 'get /send-notification';
          assert.equal(answer.statusCode === 401, !isOpen, `${method} ${path}: ${answer.statusCode}`);
        }
      }
      const url = '/api/v1/notifications';
      const status = async (headers: Record<string, string>, at = url) =>
        (await app.inject({ url: at, headers })).statusCode;
      assert.equal(await status({ authorization: 'Bearer key-1' }), 200);
      assert.equal(await status({ authorization: 'bearer key-2' }), 200);
      assert.equal(await status({ 'x-api-key': 'key-2' }), 200);
      const refused: Record<string, string>[] = [
        {},
        { authorization: 'Bearer' },
        { authorization: 'Bearer key-3' },
        { authorization: 'Basic key-1' },
        { authorization: 'key-1' },
        { 'x-api-key': '' },
        { 'x-api-key': 'k'.repeat(9999) },
      ];
      for (const headers of refused) {
        const answer = await app.inject({ url, headers });
        assert.equal(answer.statusCode, 401);
        assert.equal(answer.headers['www-authenticate'], 'Bearer');
        assert.equal(answer.headers['content-type'], 'application/problem+json');
        assert.equal(answer.json<Json>().code, 'unauthorized');
      }
      for (const at of [`${url}?api_key=key-1`, '/api/nothing', '/api/v1/x']) assert.equal(await status({}, at), 401);
    },
    { apiKeys: ['key-1', 'key-2'] },
  ));

test('serves its figures as Prometheus reads them, and asks for no more than a GET', () =>
  withServer(
    async ({ app }) => {
      const answer = await app.inject({ url: '/metrics' });
      assert.deepEqual(
        [answer.statusCode, answer.headers['content-type'], answer.body],
        [200, 'text/plain; version=0.0.4; charset=utf-8', 'a_total 1\n'],
      );
      assert.equal((await app.inject({ method: 'POST', url: '/metrics' })).statusCode, 405);
    },
    { metrics: () => Promise.resolve('a_total 1\n') },
  ));

test('takes a well-formed request id or trace id, and makes one otherwise', () =>
  withServer(async ({ app }) => {
    const idOf = async (headers: Record<string, string>) =>
      (await app.inject({ url: '/health/live', headers })).headers['x-request-id'];
    const trace = '0af7651916cd43dd8448eb211c80319c';
    assert.equal(await idOf({ 'x-request-id': 'a.b:c-d_e' }), 'a.b:c-d_e');
    assert.equal(await idOf({ traceparent: `00-${trace}-b7ad6b7169203331-01` }), trace);
    for (const id of ['a b', 'x'.repeat(129), '\u00e9', 'a"b'])
      assert.match((await idOf({ 'x-request-id': id }))?.toString() ?? '', /^made-/);
    assert.match((await idOf({ traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }))?.toString() ?? '', /^made-/);
  }));

test('asks to come back when the store cannot be used, and logs why', () =>
  withServer(
    async ({ app, lines }) => {
      const away = await send(app, OK);
      assert.deepEqual(
        [away.statusCode, away.json<Json>().code, away.headers['retry-after']],
        [503, 'overloaded', '3'],
      );
      assert.ok(lines[0]?.error instanceof StoreUnavailable);
    },
    { accept: () => Promise.reject(new StoreUnavailable('full', { overloaded: true })) },
  ));

test('says nothing about a bug to the client and everything to the log', () =>
  withServer(
    async ({ app, lines }) => {
      const answer = await send(app, OK);
      assert.deepEqual([answer.statusCode, answer.json<Json>().code], [500, 'internal']);
      assert.doesNotMatch(answer.body, /secret/);
      assert.deepEqual(lines[0]?.error, new Error('secret'));
    },
    { accept: () => Promise.reject(new Error('secret')) },
  ));

test('tells which part is not ready, and stays up without one it does not need', () =>
  withServer(
    async ({ app }) => {
      const ready = await app.inject({ url: '/health/ready' });
      assert.deepEqual(
        [ready.statusCode, ready.json<Json>().code, ready.json<Json>().detail],
        [503, 'not_ready', 'Not ready: store.'],
      );
      assert.equal((await app.inject({ url: '/health' })).json<Json>().status, 'failing');
      assert.deepEqual((await app.inject({ url: '/health/live' })).json(), { status: 'ok' });
    },
    {
      health: () =>
        Promise.resolve({
          store: { ok: false, needed: true, detail: 'full' },
          queue: { ok: false, needed: false, detail: null },
        }),
    },
  ));

test('describes every route, and only those, in a valid OpenAPI 3.1 document', () =>
  withServer(async ({ app }) => {
    const served = new Set<string>();
    app.addHook('onRoute', ({ url, method }) => {
      for (const one of [method].flat()) if (one !== 'HEAD') served.add(`${one} ${url.replace(/:([a-z_]+)/g, '{$1}')}`);
    });
    const document = (await app.inject({ url: '/openapi.json' })).json<{
      openapi: string;
      paths: Record<string, Json>;
    }>();
    assert.match(document.openapi, /^3\.1/);
    const result = await new Validator().validate(structuredClone(document));
    assert.deepEqual(result, { valid: true });
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const hidden = [...served].filter((route) => !described.includes(route));
    assert.ok(served.size > 25);
    assert.deepEqual(
      hidden.filter((route) => !/^GET \/(?:docs|ui).*$/.test(route)),
      [],
    );
    assert.deepEqual(
      described.filter((route) => !served.has(route)),
      [],
    );
  }));

test('shows an example that works when it is tried', () =>
  withServer(async ({ app }) => {
    type Media = { example?: object };
    type Operation = { requestBody?: { content: Record<string, Media> } };
    const { paths } = (await app.inject({ url: '/openapi.json' })).json<{
      paths: Record<string, Record<string, Operation>>;
    }>();
    for (const path of ['/api/v1/notifications', '/api/v1/notifications/batch', '/notifications', '/notify']) {
      const example = paths[path]?.post?.requestBody?.content['application/json']?.example;
      assert.ok(example !== undefined, path);
      const answer = await app.inject({ method: 'POST', url: path, payload: example });
      assert.equal(answer.statusCode, path === '/notifications' ? 201 : 202);
      assert.equal(answer.json<Json>().rejected ?? 0, 0);
    }
  }));

test('serves the documentation from itself, under a policy without inline scripts', () =>
  withServer(async ({ app }) => {
    const page = await app.inject({ url: '/docs/' });
    assert.equal(page.statusCode, 200);
    assert.match(
      page.headers['content-security-policy']?.toString() ?? '',
      /script-src 'self';style-src 'self' 'sha256-[^']+';/,
    );
    assert.doesNotMatch(page.body, /<script>|<style|on[a-z]+=|https?:/);
    for (const [, asset] of page.body.matchAll(/(?:src|href)="\.(\/[^"]+)"/g)) {
      assert.equal((await app.inject({ url: `/docs${asset}` })).statusCode, 200, asset);
    }
    assert.equal((await app.inject({ url: '/docs/static/nothing.js' })).json<Json>().code, 'not_found');
    assert.match((await app.inject({ url: '/docs/errors' })).body, /id="idempotency_mismatch"/);
  }));
