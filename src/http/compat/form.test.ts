import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NOW, testServer } from '../../../test/kit/test-server.ts';
import { memoryStore } from '../../store/memory/memory-store.ts';
import type { HttpDeps } from '../deps.ts';

const FORM = 'application/x-www-form-urlencoded';
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

function opened(changes: Partial<HttpDeps> = {}) {
  const store = memoryStore({ clock: { now: () => NOW, after: () => () => undefined } });
  const { app, lines } = testServer(store, changes);
  return {
    app,
    lines,
    submit: (fields: Record<string, string> | string, headers: Record<string, string> = {}) =>
      app.inject({
        method: 'POST',
        url: '/send-notification',
        headers: { 'content-type': FORM, accept: BROWSER, ...headers },
        payload: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
      }),
    count: async () => (await store.list({}, { limit: 9, after: null, scan: 99 })).items.length,
    newest: async () => (await store.list({}, { limit: 1, after: null, scan: 99 })).items[0],
  };
}

const GOOD = { user_id: '7', type: 'in_app', message: 'Hello' };

describe('the form', () => {
  test('works without a script, says what each field is, and lets nothing in from elsewhere', async () => {
    const { app } = opened();
    const page = await app.inject({ url: '/send-notification' });
    assert.equal(page.statusCode, 200);
    assert.match(page.body, /^<!doctype html>\n<html lang="en">/);
    assert.match(page.body, /<form method="post" action="\/send-notification"/);
    assert.doesNotMatch(page.body, /<script|\son[a-z]+=|https?:|style="/);
    for (const name of ['user_id', 'type', 'message', 'email', 'phone']) {
      assert.match(page.body, new RegExp(`<label for="${name}">`));
      assert.match(page.body, new RegExp(`<(?:input|select|textarea) id="${name}" name="${name}"`));
    }
    assert.doesNotMatch(page.body, /api_key/);
    const policy = page.headers['content-security-policy']?.toString() ?? '';
    assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/);
    assert.match(policy, /frame-ancestors 'none'$/);
  });

  test('sends what it holds and says so', async () => {
    const { submit, newest } = opened();
    const answer = await submit({
      ...GOOD,
      user_id: ' 7 ',
      type: 'inapp',
      message: 'Fish & chips\r\n+1',
      email: '',
      phone: '',
    });
    assert.equal(answer.statusCode, 200);
    const record = await newest();
    assert.equal(record?.notification.message, 'Fish & chips\n+1');
    assert.deepEqual(record.notification.recipient, { userId: '7' });
    assert.deepEqual(record.deliveries[0]?.chain, ['in_app']);
    assert.match(
      answer.body,
      new RegExp(`role="status">.*Notification queued.*<code>${record.notification.id}</code>`),
    );
    assert.doesNotMatch(answer.body, /Fish/);
  });

  test('names every fault at its field, keeps what was typed, and shows it as text', async () => {
    const { submit, count } = opened();
    const nasty = `</textarea><script>alert(1)</script>"'&amp;`;
    const answer = await submit({
      user_id: '"><b>',
      type: 'sms',
      message: nasty,
      email: 'nope',
      phone: '12',
      '<i>': '1',
    });
    assert.equal(answer.statusCode, 422);
    const { body } = answer;
    assert.match(body, /<title>Error: /);
    assert.match(body, /role="alert">.*not sent/);
    for (const name of ['email', 'phone']) {
      assert.match(
        body,
        new RegExp(
          `<p class="fault" id="${name}-fault">[^<]+</p>\n<input id="${name}"[^>]+aria-describedby="${name}-fault [^>]+aria-invalid="true">`,
        ),
      );
      assert.match(body, new RegExp(`<li><a href="#${name}">`));
    }
    assert.match(body, /<li>&lt;i&gt;: There is no such field\.<\/li>/);
    assert.match(body, /<option value="sms" selected>/);
    assert.match(body, / value="&quot;&gt;&lt;b&gt;"/);
    assert.match(body, /&lt;\/textarea&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;&#39;&amp;amp;<\/textarea>/);
    assert.doesNotMatch(body, /<script|<i>|<b>/);
    assert.equal(await count(), 0);
  });

  test('that is empty names all that is missing, with no body at all too', async () => {
    const { app, submit } = opened();
    const none = await app.inject({ method: 'POST', url: '/send-notification', headers: { accept: BROWSER } });
    for (const answer of [none, await submit(''), await submit({ user_id: '', message: '' })]) {
      assert.equal(answer.statusCode, 422);
      assert.deepEqual(
        [...answer.body.matchAll(/ id="([a-z_]+)-fault"/g)].map(([, name]) => name),
        ['user_id', 'type', 'message'],
      );
    }
    const inApp = await submit({ type: 'in_app', message: 'x', email: 'nope' });
    assert.deepEqual(
      [...inApp.body.matchAll(/ id="([a-z_]+)-fault"/g)].map(([, name]) => name),
      ['user_id', 'email'],
    );
  });

  test('says at the field which address its type needs', async () => {
    const answer = await opened().submit({ user_id: '7', type: 'sms', message: 'x' });
    assert.equal(answer.statusCode, 422);
    assert.match(answer.body, /id="phone-fault">A notification of type sms needs phone\.</);
  });

  test('sent again by a reload or a second click is sent once; changed, it is another', async () => {
    const { app, count, submit } = opened();
    const page = (await app.inject({ url: '/send-notification' })).body;
    const once = / name="once" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const first = await submit({ ...GOOD, once });
    const again = await submit({ ...GOOD, once });
    const idIn = (body: string) => /<code>([^<]+)</.exec(body)?.[1];
    assert.equal(idIn(again.body), idIn(first.body));
    assert.equal(await count(), 1);
    assert.notEqual(idIn((await submit({ ...GOOD, once, message: 'Another' })).body), idIn(first.body));
    await submit(GOOD);
    await submit(GOOD);
    assert.equal(await count(), 4);
    assert.doesNotMatch(first.body, new RegExp(once));
  });

  test('with an Idempotency-Key of a program is known by that alone', async () => {
    const { count, submit } = opened();
    const key = { 'idempotency-key': 'k1' };
    assert.equal((await submit({ ...GOOD, once: 'a' }, key)).statusCode, 200);
    assert.equal((await submit({ ...GOOD, once: 'b' }, key)).statusCode, 200);
    assert.equal((await submit({ ...GOOD, message: 'Another' }, key)).statusCode, 422);
    assert.equal((await submit(GOOD, { 'idempotency-key': '' })).statusCode, 400);
    assert.equal(await count(), 1);
  });

  test('is taken from no page of another site', async () => {
    const { count, submit } = opened();
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: 'http://localhost' },
      { origin: 'http://evil.example', host: '127.0.0.1:8000' },
      { origin: 'null' },
    ]) {
      const answer = await submit(GOOD, headers);
      assert.equal(answer.statusCode, 400, JSON.stringify(headers));
      assert.match(answer.body, /another site/);
    }
    assert.equal(await count(), 0);
    for (const headers of [
      { 'sec-fetch-site': 'same-origin', origin: 'https://tidings.example.com', host: '10.0.0.5:8000' },
      { origin: 'http://127.0.0.1:8000', host: '127.0.0.1:8000' },
    ]) {
      assert.equal((await submit(GOOD, headers)).statusCode, 200, JSON.stringify(headers));
    }
  });

  test('asks for a key where one is needed, in a field or a header, and never shows it', async () => {
    const { app, count, submit } = opened({ apiKeys: ['key-1'] });
    assert.match((await app.inject({ url: '/send-notification' })).body, /<input id="api_key"[^>]+type="password"/);
    for (const wrong of [{}, { api_key: 'wrong-key' }]) {
      const answer = await submit({ ...GOOD, ...wrong });
      assert.equal(answer.statusCode, 401);
      assert.match(answer.body, /id="api_key-fault"/);
      assert.match(answer.body, />\nHello<\/textarea>/);
      assert.doesNotMatch(answer.body, /wrong-key/);
    }
    assert.equal(await count(), 0);
    assert.equal((await submit({ ...GOOD, api_key: ' key-1 ' })).statusCode, 200);
    assert.equal((await submit(GOOD, { 'x-api-key': 'key-1' })).statusCode, 200);
    assert.equal(await count(), 2);
  });

  for (const [name, body, status] of [
    ['bytes that are not UTF-8', 'message=%ff', 400],
    ['a broken escape', 'message=%zz', 400],
    ['a field twice', 'message=a&message=b', 400],
    ['a field that no object may have', '__proto__=1', 400],
    ['a hundred fields', 'a&'.repeat(200), 400],
    ['a control character', 'user_id=7&type=in_app&message=a%00b', 422],
    ['a message that is too long', `user_id=7&type=in_app&message=${'x'.repeat(10_001)}`, 422],
    ['too much', `message=${'x'.repeat(300_000)}`, 413],
  ] as const) {
    test(`answers a page to ${name}`, async () => {
      const { submit, count, lines } = opened();
      const answer = await submit(body);
      assert.equal(answer.statusCode, status);
      assert.match(answer.headers['content-type']?.toString() ?? '', /^text\/html/);
      assert.match(answer.body, /role="alert"/);
      assert.equal(await count(), 0);
      assert.equal(lines[0]?.error, undefined);
    });
  }

  test('of another media type is refused with the one that is taken', async () => {
    const answer = await opened().submit('{}', { 'content-type': 'application/json' });
    assert.equal(answer.statusCode, 415);
    assert.match(answer.body, /application\/x-www-form-urlencoded/);
  });

  test('keeps what was typed when the store cannot take it', async () => {
    const answer = await opened({ accept: () => Promise.reject(new Error('a bug')) }).submit(GOOD);
    assert.equal(answer.statusCode, 500);
    assert.match(answer.body, />\nHello<\/textarea>/);
    assert.doesNotMatch(answer.body, /a bug/);
  });

  test('answers JSON to a program that asks for it', async () => {
    const { submit } = opened();
    const headers = { accept: 'application/json' };
    const taken = await submit(GOOD, headers);
    assert.equal(taken.statusCode, 200);
    assert.equal(taken.json<{ status: string }>().status, 'Notification queued.');
    const refused = await submit({ ...GOOD, message: '' }, headers);
    assert.equal(refused.json<{ error: string }>().error, 'message: A required field is missing.');
    assert.match((await submit(GOOD, { accept: '*/*' })).body, /role="status"/);
  });
});
