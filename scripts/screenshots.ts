import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Page } from 'playwright-core';
import { openBrowser, type Service, service, settled } from '../test/faces/bed.ts';
import { seen } from '../test/kit/until.ts';

/** Takes the pictures of the README: of the dashboard as it is built now, on a service with a made-up day behind it. */
const IMAGES = join(import.meta.dirname, '..', 'docs', 'images');

const TEXTS = [
  ['Your order is on its way', 'It should arrive tomorrow between 9 and 11.', ['email']],
  ['Your code', '482 913 is your code. It is valid for ten minutes.', ['sms']],
  ['Sign-in from a new device', 'If that was not you, change your password.', ['email', 'sms']],
  ['Payment received', 'Thank you: 49.00 EUR arrived.', ['in_app']],
  ['Weekly report', '12 projects moved this week; 3 need a decision from you.', ['push']],
] as const;

/** Four legs' worth of what can happen; answers the id of the one whose trip is shown. */
async function sendSome(tidings: Service): Promise<string> {
  for (let round = 0; round < 4; round++) {
    for (const [index, [title, message, channels]] of TEXTS.entries()) {
      const number = round * TEXTS.length + index;
      const recipient = {
        user_id: `user-${number}`,
        email: `user${number}@example.com`,
        phone: `+141555501${10 + number}`,
      };
      await tidings.send({ recipient, title, message, channels });
    }
  }
  for (const number of [1, 2, 3]) {
    const recipient = { webhook_url: `http://10.0.0.${number}/orders` };
    await tidings.send({
      recipient,
      title: `Order A-10${number} was paid`,
      message: 'Pack it.',
      channels: ['webhook'],
    });
  }
  await tidings.send({
    recipient: { telegram: 4711 },
    title: 'Backup did not run',
    message: 'Look at it.',
    channels: ['telegram'],
  });
  await tidings.send({
    recipient: 'user@example.com',
    title: 'Your trial ends soon',
    message: 'Three days are left.',
    delay: '2h',
  });
  return tidings.send({
    recipient: { telegram: 42, email: 'ops@example.com', webhook_url: 'http://10.0.0.9/pager' },
    title: 'Disk is nearly full',
    message: '97 % of /data is used on db-3.',
    strategy: 'all',
    channels: [['telegram', 'email'], 'webhook'],
    priority: 'high',
    tags: ['ops', 'db-3'],
  });
}

/** What lies in the inbox that is shown. */
async function fillInbox(tidings: Service): Promise<void> {
  for (const [title, message] of [
    ['Weekly report', '12 projects moved this week; 3 need a decision from you.'],
    ['Payment received', 'Thank you: 49.00 EUR arrived.'],
    [
      'Your order is on its way',
      'It should arrive tomorrow between 9 and 11. You can change the time until this evening.',
    ],
  ] as const) {
    await tidings.send({ recipient: { user_id: 'demo-user' }, title, message, channels: ['in_app'], action_url: '/' });
  }
}

/** The bell and what it opens, with a little around them. */
async function takeInbox(page: Page, url: string, path: string): Promise<void> {
  await page.goto(`${url}/ui/inbox`);
  await settled(page);
  await page.getByRole('button', { name: 'Notifications, 3 unread' }).click();
  await page.getByRole('button', { name: 'Mark as read: Weekly report' }).click();
  const list = page.getByRole('dialog', { name: 'Notifications' });
  await list.getByRole('button', { name: 'Mark as unread: Weekly report' }).waitFor();
  const box = await list.boundingBox();
  if (box === null) throw new Error('the inbox is not open');
  const clip = { x: box.x - 60, y: box.y - 70, width: box.width + 90, height: box.height + 100 };
  await page.screenshot({ path, clip });
}

/** Nobody has waited for this day: its figures are written straight to where the service counts. */
function makeUpDay(file: string): void {
  const database = new DatabaseSync(file);
  const insert = database.prepare(
    'INSERT INTO counters VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count',
  );
  const now = Math.floor(Date.now() / 60_000);
  database.exec('BEGIN');
  for (let ago = 1_430; ago > 0; ago -= 10) {
    const hour = ((now - ago) / 60) % 24;
    const busy = Math.exp(-(((hour - 10) / 3.2) ** 2)) + 0.75 * Math.exp(-(((hour - 17) / 3.4) ** 2)) + 0.12;
    const accepted = Math.round(busy * (330 + 46 * Math.sin(ago / 13) + 31 * Math.cos(ago / 7)));
    const failed = Math.round(accepted * (hour > 13 && hour < 14.4 ? 0.21 : 0.012));
    const rows: readonly [string, string, number][] = [
      ['accepted', '', accepted],
      ['finished', 'sent', accepted - failed],
      ['finished', 'failed', failed],
      ...(['email', 'sms', 'push', 'in_app', 'telegram'] as const).map(
        (channel, index) =>
          ['channel', channel, Math.round((accepted - failed) / 2 ** (index + 1))] as [string, string, number],
      ),
      ...(['smtp', 'twilio', 'sendgrid', 'inbox'] as const).map(
        (provider, index) =>
          ['provider', provider, Math.round((accepted - failed) / 2 ** (index + 1))] as [string, string, number],
      ),
    ];
    for (const [kind, name, count] of rows) insert.run(now - ago, kind, name, count);
  }
  database.exec('COMMIT');
  database.close();
}

const tidings = await service();
const browser = await openBrowser();
try {
  const id = await sendSome(tidings);
  await fillInbox(tidings);
  makeUpDay(tidings.file);
  mkdirSync(IMAGES, { recursive: true });
  for (const theme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 820 },
      colorScheme: theme,
      deviceScaleFactor: 1.5,
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    for (const [name, path] of [
      ['overview', '/'],
      ['trip', `/ui/notifications/${id}`],
      ['sandbox', '/ui/sandbox?channel=email'],
    ] as const) {
      await page.goto(`${tidings.url}${path}`);
      if (name === 'sandbox')
        await page
          .getByRole('button', { name: /Sign-in/ })
          .first()
          .click();
      await settled(page);
      const drawn = `document.fonts.status === 'loaded' && (${name === 'overview'} === (document.querySelector('canvas') !== null))`;
      await seen(
        async () => (await page.evaluate<boolean>(drawn)) || undefined,
        () => `${name} is not drawn`,
      );
      await page.screenshot({ path: join(IMAGES, `${name}-${theme}.png`) });
    }
    await takeInbox(page, tidings.url, join(IMAGES, `inbox-${theme}.png`));
    // What was marked for one picture is unread for the next.
    await fetch(`${tidings.url}/api/v1/users/demo-user/inbox/mark`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"as":"unread"}',
    });
    await context.close();
  }
} finally {
  await browser.close();
  await tidings.stop();
}
