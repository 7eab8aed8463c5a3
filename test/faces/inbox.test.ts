import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { applicationServer } from '../../inbox/examples/server.js';
import { atEnd } from '../kit/at-end.ts';
import { type InboxService, inboxService } from '../kit/inbox-service.ts';
import { tempFolder } from '../kit/private-instance.ts';
import { seen } from '../kit/until.ts';
import { type Look, look, openBrowser, service, sideways, violations } from './bed.ts';

/** The example for React as a bundler makes it, over what is published. */
async function reactExample(built: string): Promise<string> {
  const { build } = await import('vite');
  const outDir = join(built, 'react-page');
  await build({
    root: join(import.meta.dirname, '..', '..', 'inbox', 'examples', 'react'),
    configFile: false,
    logLevel: 'error',
    mode: 'development',
    resolve: { alias: { '@tidings/inbox/react': join(built, 'react.js') }, dedupe: ['react'] },
    build: {
      outDir,
      minify: false,
      modulePreload: false,
      rolldownOptions: { input: 'main.tsx', output: { entryFileNames: 'react.js' } },
    },
  });
  return readFileSync(join(outDir, 'react.js'), 'utf8');
}

interface Served {
  readonly type: string;
  readonly body: string;
}
interface Site {
  readonly url: string;
  readonly service: InboxService;
}

const STRICT = "script-src 'self'; style-src 'self'; object-src 'none'";
const EVIL = '<img src=x onerror=alert(1)><script>alert(2)</script>{{constructor}}\u202e"\'';
const KEY = 'key-1';

describe('the inbox in a page of another site', () => {
  let browser: Browser;
  let built: string;
  before(async () => {
    built = await tempFolder('inbox-built');
    const script = join(import.meta.dirname, '..', '..', 'scripts', 'build-inbox.ts');
    [browser] = await Promise.all([
      openBrowser(),
      promisify(execFile)(process.execPath, [script, built, '--no-types']),
    ]);
  });
  after(async () => {
    await browser.close();
    await rm(built, { recursive: true });
  });

  /** The example's server in front of the API, each at an origin of its own. */
  async function site(t: TestContext, more: ReadonlyMap<string, Served> = new Map()): Promise<Site> {
    // Each must know the other's address before it is made.
    const door = createServer((request, response) => {
      const own = more.get(request.url ?? '');
      if (own === undefined) application.emit('request', request, response);
      else response.writeHead(200, { 'content-type': own.type, 'content-security-policy': STRICT }).end(own.body);
    });
    await new Promise<void>((listening) => door.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
    atEnd(t, () => {
      door.closeAllConnections();
      door.close();
    });
    const service = await inboxService(t, { apiKeys: [KEY], inboxOrigins: [url] });
    const application = applicationServer({ tidingsUrl: service.url, apiKey: KEY, userOf: () => 'u', built });
    return { url, service };
  }
  async function visit(t: TestContext, at: Site, how: Look = {}, forgiven = /^$/) {
    const asks = new RegExp(`^it asks ${at.service.url}/api/v1/users/u/inbox|favicon|${forgiven.source}`);
    const page = await look(t, browser, at.url, how, asks);
    await page.locator('tidings-inbox[connection=live]').waitFor();
    return page;
  }
  const bell = (page: Page) => page.getByRole('button', { name: /^Notifications/ });
  const panel = (page: Page) => page.getByRole('dialog', { name: 'Notifications' });
  const unread = (page: Page, count: number) =>
    page
      .getByRole('button', { name: count === 0 ? 'Notifications' : `Notifications, ${count} unread`, exact: true })
      .waitFor();

  test('counts, opens, is seen, read, archived and taken back, all under a policy that allows nothing inline', async (t) => {
    const at = await site(t);
    await at.service.deliver('It is on its way.', { title: 'Your order' });
    await at.service.deliver('Nothing to do.');
    const page = await visit(t, at);
    await unread(page, 2);
    await bell(page).click();
    await panel(page).getByText('It is on its way.').waitFor();
    await page
      .locator('tidings-inbox')
      .getByText('2', { exact: true })
      .and(page.locator('[part=badge]:not([data-unseen])'))
      .waitFor();
    assert.equal(await page.title(), '(2) An application');

    await panel(page).getByRole('button', { name: 'Mark as read: Your order' }).click();
    await unread(page, 1);
    await panel(page).getByRole('button', { name: 'Mark as unread: Your order' }).click();
    await unread(page, 2);
    await panel(page).getByRole('button', { name: 'Archive: Nothing to do.' }).click();
    await panel(page).getByText('Nothing to do.').waitFor({ state: 'detached' });
    await panel(page).getByRole('button', { name: 'Archived', exact: true }).click();
    await panel(page).getByRole('button', { name: 'Move back to the inbox: Nothing to do.' }).click();
    await panel(page).getByText('Nothing is archived.').waitFor();
    await panel(page).getByRole('button', { name: 'All', exact: true }).click();
    await panel(page).getByText('Nothing to do.').waitFor();
    await panel(page).getByRole('button', { name: 'Mark all as read' }).click();
    await unread(page, 0);
    await panel(page).getByRole('button', { name: 'Unread', exact: true }).click();
    await panel(page).getByText('You have read everything.').waitFor();
  });

  test('shows what arrives at once, tells it to screen readers, and agrees with another tab', async (t) => {
    const at = await site(t);
    const [one, other] = [await visit(t, at), await visit(t, at)];
    await bell(one).click();
    await panel(one).getByText('Nothing yet.').waitFor();
    await at.service.deliver('Fresh', { title: 'News' });
    await panel(one).getByText('Fresh').waitFor();
    await one.getByRole('status').getByText('New notification: News').waitFor({ state: 'attached' });
    await unread(other, 1);
    await bell(other).click();
    await panel(other)
      .getByRole('button', { name: /^Unread: News/ })
      .click();
    await Promise.all([unread(one, 0), unread(other, 0)]);
    await other.getByText('Chosen: News').waitFor();
  });

  test('is used by keyboard alone', async (t) => {
    const at = await site(t);
    for (const body of ['first', 'second', 'third']) await at.service.deliver(body);
    const page = await visit(t, at);
    await unread(page, 3);
    const focused = (body: string) =>
      seen(
        async () => {
          const deep = 'document.activeElement.shadowRoot?.activeElement?.innerText ?? document.activeElement.tagName';
          return (await page.evaluate<string>(deep)).includes(body) || undefined;
        },
        () => `${body} is not focused`,
      );
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await focused('third');
    await page.keyboard.press('ArrowDown');
    await focused('second');
    await page.keyboard.press('e');
    await focused('first');
    await panel(page).getByText('second').waitFor({ state: 'detached' });
    await page.keyboard.press('Enter');
    await unread(page, 1);
    await page.keyboard.press('Home');
    await focused('third');
    await page.keyboard.press('Escape');
    await panel(page).waitFor({ state: 'hidden' });
    await seen(
      async () =>
        (await page.evaluate("document.activeElement.shadowRoot?.activeElement?.part.value === 'bell'")) || undefined,
      () => 'the bell is not focused',
    );
  });

  test('shows what strangers wrote as text, and leads to web addresses alone', async (t) => {
    const at = await site(t);
    const links = [
      ...['javascript:alert(3)', 'JaVa\tScript:alert(4)', 'data:text/html,<script>alert(5)</script>', 'vbscript:x'],
      ...[
        'blob:https://example.com/x',
        'file:///etc/passwd',
        'http://[',
        '//example.com/x',
        '/orders/1',
        'https://example.com/x',
      ],
    ];
    for (const link of links) await at.service.deliver(EVIL, { title: `${EVIL} ${link}`, actionUrl: link });
    const page = await visit(t, at);
    await bell(page).click();
    await panel(page).getByText(`${EVIL} /orders/1`).waitFor();
    assert.equal(await panel(page).getByRole('listitem').count(), links.length);
    assert.equal(await panel(page).locator('img, script, iframe, [onerror]').count(), 0);
    const shown = await page.evaluate<string[][]>(
      `[...document.querySelector('tidings-inbox').shadowRoot.querySelectorAll('a')]
         .map(({ href, rel, target }) => [href, rel, target])`,
    );
    assert.deepEqual(shown, [
      ['https://example.com/x', 'noopener noreferrer', '_blank'],
      [`${at.url}/orders/1`, 'noopener noreferrer', ''],
      ['http://example.com/x', 'noopener noreferrer', '_blank'],
    ]);
  });

  test('says that it is offline, and has everything when it is back', async (t) => {
    const at = await site(t);
    await at.service.deliver('before');
    const page = await visit(t, at, {}, /ERR_|Failed to load/);
    await bell(page).click();
    await page.context().setOffline(true);
    await panel(page).getByText('You are offline.').waitFor();
    await panel(page).getByText('before').waitFor();
    await panel(page).getByRole('button', { name: 'Archive: before' }).click();
    await panel(page).getByText('That could not be saved.').waitFor();
    await panel(page).getByText('before').waitFor();
    await at.service.deliver('meanwhile');
    await page.context().setOffline(false);
    await panel(page).getByText('meanwhile').waitFor();
    await panel(page).getByText('You are offline.').waitFor({ state: 'detached' });
    at.service.expire();
    at.service.cut();
    await page.locator('tidings-inbox[connection=live]').waitFor();
    await at.service.deliver('with a new token');
    await panel(page).getByText('with a new token').waitFor();
  });

  test('says so where it cannot be loaded, and loads when told to', async (t) => {
    const at = await site(t);
    const page = await look(t, browser, 'about:blank', {}, /.*/);
    await page.route('**/inbox?*', (route) => route.fulfill({ status: 500, body: '<html>' }));
    await page.goto(at.url);
    await bell(page).click();
    await panel(page).getByText('cannot be shown right now').waitFor();
    await page.unroute('**/inbox?*');
    await panel(page).getByRole('button', { name: 'Try again' }).click();
    await panel(page).getByText('Nothing yet.').waitFor();
  });

  test('has no violations in both themes, open and empty, and fits a narrow phone', async (t) => {
    const at = await site(t);
    for (const theme of ['light', 'dark'] as const) {
      const page = await visit(t, at, { theme, width: 360 });
      const clean = async (what: string) => {
        assert.deepEqual(await violations(page), [], `${what} in ${theme}`);
        assert.equal(await sideways(page), 0, `${what} in ${theme}`);
      };
      await clean('closed');
      await bell(page).click();
      await panel(page).waitFor();
      await clean('open');
      const box = await panel(page).boundingBox();
      assert.ok(box !== null && box.x >= 0 && box.x + box.width <= 360, JSON.stringify(box));
      for (let number = 1; number <= 22; number += 1) {
        await at.service.deliver('x'.repeat(300), { title: `A title of its own, ${number}`, actionUrl: '/x' });
      }
      await panel(page).getByText('of its own, 22').first().waitFor();
      await panel(page)
        .getByRole('button', { name: /^Mark as read: .* 22/ })
        .first()
        .click();
      await clean('full');
      await page.keyboard.press('Escape');
    }
  });

  test('is part of a React application, with its looks and without', async (t) => {
    const served = new Map([['/react.js', { type: 'text/javascript', body: await reactExample(built) }]]);
    const at = await site(t, served);
    const body = `<!doctype html><html lang="en"><title>React</title><link rel="icon" href="data:,">
      <div id="root" data-user="u" data-tidings="${at.service.url}"></div><script type="module" src="/react.js"></script></html>`;
    served.set('/react', { type: 'text/html', body });
    await at.service.deliver('From before', { title: 'One' });
    const page = await look(t, browser, `${at.url}/react`, {}, /^it asks/);
    const digest = page.getByRole('region', { name: 'Digest' });
    await digest.getByRole('heading', { name: '1 unread' }).waitFor();
    await at.service.deliver('Just now', { title: 'Two', actionUrl: '/orders/2' });
    await unread(page, 2);
    await digest.getByRole('listitem').filter({ hasText: 'One' }).getByRole('button').click();
    await unread(page, 1);
    await bell(page).click();
    await panel(page)
      .getByRole('link', { name: /^Unread: Two/ })
      .click();
    await page.getByText('You are at /orders/2').waitFor();
    await digest.getByRole('heading', { name: '0 unread' }).waitFor();
    // Effects run twice in strict mode: what they began the first time is over.
    await seen(
      () => (at.service.streams() === 2 ? true : undefined),
      () => `${at.service.streams()} streams are open`,
    );
  });

  test("is shown at work by the dashboard, with a token that the dashboard's key gets", async (t) => {
    const tidings = await service({ API_KEYS: KEY });
    atEnd(t, () => tidings.stop());
    const page = await look(t, browser, `${tidings.url}/ui/inbox?user=somebody`, {}, /status of 401/);
    await page.getByLabel('API key').fill(KEY);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('Title').fill('A parcel');
    await page.getByRole('button', { name: 'Send to the inbox' }).click();
    await unread(page, 1);
    await bell(page).click();
    // It is open a moment before the first entry has the focus, which the key is for.
    await panel(page)
      .getByRole('link', { name: /^Unread: A parcel/ })
      .and(page.locator(':focus'))
      .waitFor();
    await page.keyboard.press('e');
    await panel(page).getByText('Nothing yet.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByLabel('User id').fill('somebody-else');
    await page.waitForURL(/user=somebody-else/);
    await page.getByRole('button', { name: 'Send to the inbox' }).click();
    await unread(page, 1);
    await page.getByText('Signed in as somebody-else, with 1 unread').waitFor();
  });

  test('is small: the element with all that it needs is at most 15 KB', () => {
    const modules = readdirSync(built).filter((name) => name.endsWith('.js') && name !== 'react.js');
    const bytes = modules.reduce((sum, name) => sum + gzipSync(readFileSync(join(built, name))).length, 0);
    assert.ok(modules.includes('element.js') && bytes > 3_000 && bytes <= 15 * 1_024, `${bytes} bytes`);
  });
});
