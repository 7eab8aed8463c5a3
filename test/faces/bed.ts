import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { readChannels } from '../../src/channels/registry.ts';
import { readConfig } from '../../src/config/config.ts';
import { startTidings } from '../../src/main.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { atEnd } from '../kit/at-end.ts';
import { ensurePackages, tempFolder } from '../kit/private-instance.ts';
import { seen } from '../kit/until.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What Debian's browser needs in a container, and what keeps it from calling anybody. */
export const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
];

export type Look = { readonly theme?: 'light' | 'dark'; readonly width?: number };

/** The dashboard as it would be built now, and a browser to look at it with. */
export async function openBrowser(): Promise<Browser> {
  await ensurePackages('chromium');
  const script = join(ROOT, 'scripts', 'build-web.ts');
  await promisify(execFile)(process.execPath, [script, '--if-stale']);
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
}

export interface Service {
  readonly url: string;
  /** Its SQLite file. */
  readonly file: string;
  stop(): Promise<void>;
  /** Answers the id. */
  send(body: object): Promise<string>;
  /** A hundred at most. */
  sendBatch(notifications: readonly object[]): Promise<void>;
}

/** The whole service, in this process, on a file of its own. Telegram's server is not there; all else is caught. */
export async function service(settings: Readonly<Record<string, string>> = {}): Promise<Service> {
  const folder = await tempFolder('faces');
  const file = join(folder, 'tidings.db');
  const env = {
    API_PORT: '0',
    DATABASE_URL: `sqlite:${file}`,
    TELEGRAM_BOT_TOKEN: '123456:ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghi',
    TELEGRAM_BASE_URL: 'http://127.0.0.1:9',
    ...settings,
  };
  const { config } = readConfig(env);
  const { plan, faults } = readChannels(env);
  assert.ok(config !== null && faults.length === 0);
  const about = { version: '0.0.0-test', settings: [{ name: 'API_PORT', value: '0', isDefault: false }] };
  const log = createLog({ level: 'silent', format: 'json' });
  const running = await startTidings(config, plan, new Set(['api', 'worker', 'scheduler']), log, about);
  assert.ok(running.url !== null);
  const { url } = running;
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.equal(answer.status, 202, await answer.clone().text());
    return answer;
  };
  return {
    url,
    file,
    async stop() {
      await running.stop();
      await rm(folder, { recursive: true });
    },
    async send(body) {
      const answer = await post('/notifications', body);
      return ((await answer.json()) as { id: string }).id;
    },
    async sendBatch(notifications) {
      await (await post('/notifications/batch', { notifications })).arrayBuffer();
    },
  };
}

/** A new page. At the end of the test it has complained of nothing, except of what `forgiven` fits. */
export async function look(
  t: TestContext,
  browser: Browser,
  url: string,
  { theme = 'light', width = 1280 }: Look = {},
  forgiven: RegExp | null = null,
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: theme });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(url).origin)) complaints.push(`it asks ${request.url()}`);
  });
  atEnd(t, async () => {
    await context.close();
    assert.deepEqual(
      complaints.filter((complaint) => forgiven?.test(complaint) !== true),
      [],
    );
  });
  await page.goto(url);
  return page;
}

/** Once nothing is loading any more. */
export async function settled(page: Page): Promise<void> {
  // Not the browser's own waiting: that wants to evaluate a text, which the policy of the pages forbids.
  const isSettled = "document.querySelector('h1') !== null && document.querySelector('.bone') === null";
  await seen(
    async () => (await page.evaluate<boolean>(isSettled)) || undefined,
    () => `${page.url()} does not come to rest`,
  );
}

/** What axe-core finds wrong, in words. */
export async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  return page.evaluate<string[]>(`
    axe.run(document, { iframes: false }).then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => id + ' ' + target.join(' ') + ': ' + failureSummary)))`);
}

/** How far the page can be scrolled sideways. */
export function sideways(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
