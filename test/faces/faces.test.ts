import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { tcpProxy } from '../kit/tcp-proxy.ts';
import { seen } from '../kit/until.ts';
import { look, openBrowser, type Service, service, settled, sideways, violations } from './bed.ts';

const EVIL = '<img src=x onerror=alert(1)><script>alert(2)</script>';
const EVIL_MAIL = `<h1 onclick="alert(1)">Inert</h1>${EVIL}<svg onload=alert(3)></svg><a href="javascript:alert(4)">go</a>
<iframe srcdoc="<script>alert(5)</script>"></iframe><form action="https://example.com"><button>b</button></form>
<meta http-equiv="refresh" content="0;url=https://example.com"><style>h1 { color: rgb(1, 2, 3) }</style>
<img src="https://example.com/pixel.gif"><base href="https://example.com/">`;

describe('the dashboard', () => {
  let browser: Browser;
  let tidings: Service;
  before(async () => {
    browser = await openBrowser();
    tidings = await service();
  });
  after(async () => {
    await browser.close();
    await tidings.stop();
  });

  test('shows a newcomer a test notification arrive, after one click', async (t) => {
    const page = await look(t, browser, tidings.url);
    await page.getByRole('button', { name: 'Send a test notification' }).click();
    await page.getByText('Email by sandbox: accepted').waitFor();
    await page.getByRole('link', { name: 'See what was caught' }).click();
    const mail = page.frameLocator('iframe');
    await mail.getByText('If you can read it, everything works.').waitFor();
    assert.match(page.url(), /\/ui\/sandbox\?notification=/);
    await page.getByRole('link', { name: 'Its trip' }).click();
    await page.getByRole('heading', { level: 1, name: 'Hello from Tidings' }).waitFor();
    await page.getByText('Email: sandbox took it').waitFor();
  });

  test('names every fault at its field, keeps what was typed, and follows what was sent', async (t) => {
    const page = await look(t, browser, `${tidings.url}/ui/send`, {}, /status of 422/);
    await page.getByRole('textbox', { name: 'Email' }).fill('nobody');
    await page.getByLabel('Phone').fill('12');
    await page.getByLabel('Title').fill('Your order');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('Not sent: 3 fields need another look.').waitFor();
    for (const [label, fault] of [
      ['Email', /not an e-mail address/],
      ['Phone', /E\.164/],
      ['Message', /required field is missing/],
    ] as const) {
      const field = page.getByRole('textbox', { name: label, exact: true });
      assert.equal(await field.getAttribute('aria-invalid'), 'true', label);
      const about = await field.getAttribute('aria-describedby');
      assert.match(await page.locator(`[id="${about}"]`).innerText(), fault);
    }
    await page.locator('input[aria-invalid=true]:focus').waitFor();
    assert.equal(await page.getByLabel('Title').inputValue(), 'Your order');

    await page.getByRole('textbox', { name: 'Email' }).fill('user@example.com');
    await page.getByLabel('Phone').fill('+14155550123');
    await page.getByLabel('Message', { exact: true }).fill('It is on its way €'.repeat(10));
    await page.getByRole('tab', { name: 'SMS' }).click();
    await page.getByText('2 segments').waitFor();
    await page.getByRole('button', { name: 'SMS', exact: true }).click();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('SMS by sandbox: accepted').waitFor();
  });

  test('is used by keyboard alone: send, look at the trip, cancel, retry', async (t) => {
    const page = await look(t, browser, `${tidings.url}/ui/send`);
    const reach = async (words: RegExp) => {
      for (let presses = 0; presses < 60; presses++) {
        await page.keyboard.press('Tab');
        const name = await page.evaluate<string>(
          `(() => { const { labels, innerText, ariaLabel } = document.activeElement;
             return ariaLabel ?? labels?.[0]?.innerText ?? innerText ?? ''; })()`,
        );
        if (words.test(name)) return;
      }
      assert.fail(`${words} is not reached`);
    };
    await page.getByRole('heading', { level: 1, name: 'Send' }).waitFor();
    await reach(/^Email$/);
    await page.keyboard.type('user@example.com');
    await reach(/^Message$/);
    await page.keyboard.type('By keyboard');
    await reach(/^Now$/);
    for (const key of ['ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
    await reach(/^Delay$/);
    await page.keyboard.type('2h');
    await page.keyboard.press('Enter');
    await page.getByText('Accepted; it is on disk.').waitFor();
    await reach(/^See its trip$/);
    await page.keyboard.press('Enter');
    await page.getByText('Waits for its time').waitFor();
    await reach(/^Cancel$/);
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').waitFor();
    await reach(/^Cancel it$/);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Retry', exact: true }).waitFor();
    await reach(/^Retry$/);
    await page.keyboard.press('Enter');
    await page.getByText('Waits for its time').waitFor();
  });

  test('keeps filters and pages in the address, over reload and Back', async (t) => {
    for (let number = 1; number <= 30; number++) {
      await tidings.send({ recipient: `reader-${number}`, message: `Page ${number} of 30`, channels: ['in_app'] });
    }
    const page = await look(t, browser, `${tidings.url}/ui/notifications`);
    await page.getByLabel('Search in title and message').fill('of 30');
    await page.getByLabel('Channel').selectOption('In-app');
    await page.waitForURL(/q=of\+30/);
    await page.getByRole('link', { name: 'Page 30 of 30' }).waitFor();
    await page.getByRole('link', { name: 'Older' }).click();
    await page.getByRole('link', { name: 'Page 1 of 30' }).waitFor();
    assert.match(page.url(), /channel=in_app&q=of\+30&cursor=/);
    await page.reload();
    await page.getByRole('link', { name: 'Page 1 of 30' }).waitFor();
    assert.equal(await page.getByLabel('Search in title and message').inputValue(), 'of 30');
    await page.getByRole('link', { name: 'Page 3 of 30' }).click();
    await page.getByRole('heading', { level: 1, name: 'Page 3 of 30' }).waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Page 1 of 30' }).waitFor();
    await page.goBack();
    await page.getByRole('link', { name: 'Page 30 of 30' }).waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.waitForURL(`${tidings.url}/ui/notifications`);
    // The field follows the address, which changes first.
    await seen(
      async () => (await page.getByLabel('Search in title and message').inputValue()) === '' || undefined,
      () => 'the field still holds what was searched for',
    );
  });

  test('counts dead letters before it retries them, and sets one aside', async (t) => {
    for (const number of [1, 2, 3]) {
      const recipient = { email: 'user@example.com' };
      await tidings.send({ recipient, message: `Dead ${number}`, channels: ['email', 'whatsapp'], strategy: 'all' });
    }
    await tidings.send({
      recipient: { telegram: 1 },
      message: 'Other',
      channels: ['telegram'],
      retry: { max_attempts: 1 },
    });
    const page = await look(t, browser, `${tidings.url}/ui/dead-letters`);
    await page.getByRole('button', { name: 'No address 3' }).click();
    assert.match(page.url(), /code=no_address/);
    await page.getByRole('button', { name: 'Retry all…' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByText('3 deliveries with the reason “No address” will start afresh').waitFor();
    await dialog.getByRole('button', { name: 'Retry 3' }).click();
    await page.getByText('3 on their way again').waitFor();
    await page.getByRole('button', { name: 'Discard Dead 2' }).click();
    await dialog.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('button', { name: 'No address 2' }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'Dead 2' }).count(), 0);
    const count = await page.getByRole('button', { name: /^All reasons/ }).count();
    assert.equal(count, 1);
  });

  test('retries a great many dead letters in parts', async (t) => {
    const dead = { recipient: { email: 'user@example.com' }, channels: ['email', 'teams'], strategy: 'all' };
    for (let batch = 0; batch < 11; batch++) {
      const notifications = Array.from({ length: 100 }, () => ({ ...dead, message: 'One of many' }));
      await tidings.sendBatch(notifications);
    }
    const page = await look(t, browser, `${tidings.url}/ui/dead-letters?channel=teams`);
    const asked: unknown[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/dead-letters/retry')) asked.push(request.postDataJSON());
    });
    await page.getByRole('button', { name: 'Retry all…' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Retry 1,100' }).click();
    await page.getByText('1,100 on their way again').waitFor();
    assert.equal(asked.length, 3, 'counted at once, retried in two parts');
  });

  test('shows what strangers wrote as what it is, and runs none of it', async (t) => {
    const id = await tidings.send({
      recipient: { user_id: EVIL, email: 'user@example.com', phone: '+14155550123' },
      title: EVIL,
      message: EVIL,
      action_url: 'https://example.com/"onmouseover="alert(1)',
      channels: ['email', 'sms'],
      tags: [EVIL],
      metadata: { [EVIL]: EVIL },
      overrides: { email: { html: EVIL_MAIL } },
    });
    await tidings.send({ recipient: { phone: '+14155550199' }, message: EVIL, channels: ['sms'] });
    const page = await look(t, browser, `${tidings.url}/ui/notifications/${id}`);
    await page.getByRole('heading', { level: 1, name: EVIL }).waitFor();
    await page.getByText('Email: sandbox took it').waitFor();
    await page.getByRole('link', { name: 'See what was caught' }).click();
    const frame = page.locator('iframe');
    const mail = page.frameLocator('iframe');
    await mail.getByRole('heading', { name: 'Inert' }).waitFor();
    assert.equal(await frame.getAttribute('sandbox'), 'allow-same-origin');
    const heading = "document.querySelector('iframe').contentDocument.querySelector('h1')";
    assert.equal(await page.evaluate<string>(`getComputedStyle(${heading}).color`), 'rgb(1, 2, 3)');
    assert.equal(
      await mail.locator('script, iframe, form, meta, base, svg, [onclick], [onerror], [href], [src]').count(),
      0,
    );
    for (const view of ['Text', 'HTML', 'Headers', 'Source']) {
      await page.getByRole('tab', { name: view, exact: true }).click();
      await page.getByRole('tabpanel', { name: view, exact: true }).waitFor();
    }
    await page.goto(`${tidings.url}/ui/sandbox?q=4155550199`);
    await page.getByRole('button', { name: /\+14155550199/ }).click();
    await page.getByRole('tabpanel').getByText(EVIL).waitFor();
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await page.getByRole('button', { name: 'Clear the sandbox' }).click();
    await page.getByText('Nothing fits').waitFor();
    for (const path of ['/', '/ui/notifications']) {
      await page.goto(`${tidings.url}${path}`);
      await page.getByRole('link', { name: EVIL }).first().waitFor();
    }
  });

  test('asks for a key where the API does, keeps it for the tab, and forgets it when told', async (t) => {
    const locked = await service({ API_KEYS: 'key-1' });
    t.after(() => locked.stop());
    const page = await look(t, browser, `${locked.url}/ui/status`, {}, /status of 401/);
    await page.getByLabel('API key').fill('key-2');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('The service does not know this key.').waitFor();
    await page.getByLabel('API key').fill('key-1');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('with an API key').waitFor();
    await page.reload();
    await page.getByText('with an API key').waitFor();
    await page.getByRole('button', { name: 'Forget the key' }).click();
    await page.getByLabel('API key').waitFor();
  });

  test('shows what happens elsewhere as it happens, asking for nothing in between', async (t) => {
    const page = await look(t, browser, `${tidings.url}/ui/notifications`);
    await page.getByRole('table').waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const quiet = page.waitForEvent('request', { timeout: 5_000 }).catch(() => null);
    assert.equal(await quiet, null, `it asks for ${asked.join()}`);
    const id = await tidings.send({ recipient: { user_id: 'live' }, message: 'Seen at once', channels: ['in_app'] });
    await page.getByRole('link', { name: 'Seen at once' }).waitFor({ timeout: 3_000 });
    await page.goto(`${tidings.url}/ui/notifications/${id}`);
    await page.getByText('sent', { exact: false }).first().waitFor();
  });

  test('a broken answer costs its own part of the page only, and a lost service is waited for', async (t) => {
    const line = await tcpProxy(Number(new URL(tidings.url).port));
    t.after(() => line.close());
    const url = `http://127.0.0.1:${line.port}`;
    const page = await look(t, browser, url, {}, /ERR_|^TypeError/);
    await page.getByRole('link', { name: 'All notifications' }).waitFor();
    await page.route('**/api/v1/**', (route) => route.abort());
    // The stream of events, too, is lost and cannot be opened.
    line.cut();
    await page.getByText('Reconnecting…').filter({ visible: true }).waitFor();
    await page.getByRole('link', { name: 'All notifications' }).waitFor();
    await page.unroute('**/api/v1/**');
    await page.getByText('Live', { exact: true }).filter({ visible: true }).waitFor();

    for (const body of ['<html>', '[]', '{"data":{}}', '{"data":[{}],"next_cursor":7}']) {
      await page.route('**/api/v1/notifications?**', (route) =>
        route.fulfill({ contentType: 'application/json', body }),
      );
      await page.goto(`${url}/ui/notifications`);
      await page.getByText(/This could not be loaded|This part cannot be shown/).waitFor();
      await page.getByRole('link', { name: 'Overview', exact: true }).waitFor();
      await page.unroute('**/api/v1/notifications?**');
    }
  });

  test('is accessible on every page in both themes, and fits a narrow phone', async (t) => {
    const id = await tidings.send({ recipient: 'user@example.com', message: 'x'.repeat(200), channels: ['email'] });
    const paths = ['/', '/ui/notifications', `/ui/notifications/${id}`, '/ui/send', '/ui/dead-letters'];
    for (const theme of ['light', 'dark'] as const) {
      const page = await look(t, browser, tidings.url, { theme, width: theme === 'light' ? 1280 : 360 });
      for (const path of [
        ...paths,
        `/ui/sandbox?notification=${id}`,
        '/ui/inbox',
        '/ui/status',
        '/ui/notifications?q=nothing-fits',
      ]) {
        await page.goto(`${tidings.url}${path}`);
        await settled(page);
        assert.deepEqual(await violations(page), [], `${path} in ${theme}`);
        for (const width of [360, 1280]) {
          await page.setViewportSize({ width, height: 800 });
          assert.equal(await sideways(page), 0, `${path} at ${width}`);
        }
        await page.setViewportSize({ width: theme === 'light' ? 1280 : 360, height: 800 });
      }
    }
  });
});
