import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { buildSdk } from '../../scripts/build-sdk.ts';
import { FLAGS, type Service, service } from '../faces/bed.ts';
import { atEnd } from '../kit/at-end.ts';
import { ensurePackages, tempFolder } from '../kit/private-instance.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

/** What somebody who installs it compiles with. */
const TSCONFIG = {
  compilerOptions: {
    ...{ target: 'es2022', lib: ['es2022', 'dom'], module: 'nodenext', types: [], noEmit: true, strict: true },
    ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
  },
  include: ['*.ts'],
};

/** The package as it is published, installed in a project of its own. */
describe('the package @tidings/client', () => {
  let project: string;
  let dist: string;
  let running: Service;
  before(async () => {
    project = await tempFolder('client');
    const installed = join(project, 'node_modules', '@tidings', 'client');
    dist = join(installed, 'dist');
    await mkdir(installed, { recursive: true });
    await copyFile(join(ROOT, 'sdk', 'package.json'), join(installed, 'package.json'));
    buildSdk(dist);
    await writeFile(join(project, 'package.json'), '{ "type": "module" }');
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    running = await service({ MAX_RETRY_ATTEMPTS: '1' });
  });
  after(async () => {
    await running.stop();
    await rm(project, { recursive: true });
  });

  test('is plain modules with types, and imports nothing from elsewhere', async () => {
    const files = await readdir(dist);
    assert.ok(files.includes('client.js') && files.includes('client.d.ts'));
    assert.ok(!files.some((file) => file.includes('test')));
    for (const file of files) {
      const text = await readFile(join(dist, file), 'utf8');
      for (const [, from = ''] of text.matchAll(/\bfrom ["'](.*?)["']/g)) assert.match(from, /^\.\/[\w-]+\.js$/, file);
      if (file.endsWith('.js')) assert.doesNotMatch(text, /\bprocess\.|\brequire\(|node:/, file);
    }
    const manifest: unknown = JSON.parse(await readFile(join(ROOT, 'sdk', 'package.json'), 'utf8'));
    assert.ok(typeof manifest === 'object' && manifest !== null && !('dependencies' in manifest));
  });

  test('does what its README and ours say, example by example, and its types agree', async () => {
    const pages = await Promise.all(['sdk/README.md', 'README.md'].map((page) => readFile(join(ROOT, page), 'utf8')));
    const examples = pages.flatMap((page) => [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = '']) => text));
    assert.ok(examples.length >= 8);
    await tidingsSend({ recipient: 'bounce@sandbox.test', message: 'No' });
    for (const [index, text] of examples.entries()) {
      const file = join(project, `example-${index}.ts`);
      await writeFile(file, text.replaceAll('http://127.0.0.1:8000', running.url));
      const said = await saidBy(() => import(pathToFileURL(file).href));
      for (const [, expected = ''] of text.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)) {
        assert.ok(said.includes(expected), `example ${index} says ${JSON.stringify(said)}, not "${expected}"`);
      }
    }
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    await run(process.execPath, [tsc, '-p', project]).catch((error: unknown) => {
      assert.fail(error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error));
    });
  });

  async function tidingsSend(body: object): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const url = `${running.url}/api/v1/notifications`;
    assert.equal((await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status, 202);
  }

  test('works in a browser', async (t) => {
    await ensurePackages('chromium');
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
    atEnd(t, () => browser.close());
    const page = await browser.newPage();
    // A page of the service's own origin, with the package beside it.
    await page.route(`${running.url}/page/**`, async (route) => {
      const name = new URL(route.request().url()).pathname.slice('/page/'.length);
      if (name === '') await route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Page</title>' });
      else await route.fulfill({ contentType: 'text/javascript', body: await readFile(join(dist, name)) });
    });
    await page.goto(`${running.url}/page/`);
    const told = await page.evaluate<unknown>(`(async () => {
      const { Tidings, TidingsError } = await import('/page/client.js');
      const tidings = new Tidings({ baseUrl: location.origin, apiKey: 'your-key' });
      const { id } = await tidings.send({ recipient: 'user@example.com', message: 'From a browser' });
      const { status } = await tidings.waitUntilDone(id);
      const refused = await tidings.get('nothing').catch((error) => error instanceof TidingsError && error.code);
      const aborted = await tidings.get(id, { signal: AbortSignal.abort() }).catch((error) => error.name);
      const newest = [];
      for await (const item of tidings.list({ limit: 1 })) if (newest.push(item.id) > 0) break;
      return { status, refused, aborted, isNewest: newest[0] === id };
    })()`);
    assert.deepEqual(told, { status: 'sent', refused: 'not_found', aborted: 'AbortError', isNewest: true });
  });
});

/** What is written to the console in the meantime, line by line. */
async function saidBy(act: () => Promise<unknown>): Promise<readonly string[]> {
  const said: string[] = [];
  const { log } = console;
  console.log = (...words: readonly unknown[]) => void said.push(words.map(String).join(' '));
  try {
    await act();
  } finally {
    console.log = log;
  }
  return said;
}
