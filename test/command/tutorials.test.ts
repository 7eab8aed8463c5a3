import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parseEnv, promisify } from 'node:util';
import PostalMime from 'postal-mime';
import { readChannels } from '../../src/channels/registry.ts';
import { service } from '../faces/bed.ts';
import { atEnd } from '../kit/at-end.ts';
import { httpReceiver } from '../kit/http-receiver.ts';
import { smtpReceiver } from '../kit/smtp-receiver.ts';
import { seen } from '../kit/until.ts';
import { telegramStandIn, twilioStandIn } from '../kit/vendors.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const TUTORIALS = join(ROOT, 'docs', 'tutorials');
const run = promisify(execFile);

/** What newcomers do once and before; the README's test does it. */
const NOT_HERE = new Set(['npm ci', 'npm start']);
const SAMPLE_ID = /01a1fd71-ec35-7495-a16b-1bee7f875900/g;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;

interface Step {
  readonly command: string;
  /** What the page shows under it; null: nothing. */
  readonly shows: string | null;
}

interface Tutorial {
  /** Its `.env`. */
  readonly env: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

async function tutorial(name: string): Promise<Tutorial> {
  const text = await readFile(join(TUTORIALS, name), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, kind = '', block = '']) => ({ kind, block }));
  const env: Record<string, string> = {};
  const steps: Step[] = [];
  for (const [index, { kind, block }] of blocks.entries()) {
    if (kind === 'ini') Object.assign(env, parseEnv(block));
    if (kind !== 'sh') continue;
    const next = blocks[index + 1];
    const shows = next !== undefined && ['text', 'json'].includes(next.kind) ? next.block : null;
    // Commands stand in blocks of their own, but for those of the start.
    if (block.split('\n').every((line) => line === '' || NOT_HERE.has(line))) continue;
    steps.push({ command: block.trim(), shows });
  }
  return { env, steps };
}

/** Does all of it, with the outside replaced by `settings`, and answers what the commands printed. */
async function follow(
  t: TestContext,
  { env, steps }: Tutorial,
  settings: Readonly<Record<string, string>>,
  replaced: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const running = await service({ TELEGRAM_BOT_TOKEN: '', TELEGRAM_BASE_URL: '', ...env, ...settings });
  atEnd(t, () => running.stop());
  const { PATH = '', HOME = '' } = process.env;
  const printed: string[] = [];
  let id = '';
  for (const { command, shows } of steps) {
    let typed = command.replaceAll('http://127.0.0.1:8000', running.url).replaceAll(SAMPLE_ID, id);
    for (const [from, to] of Object.entries(replaced)) typed = typed.replaceAll(from, to);
    const { stdout } = await run('sh', ['-c', typed], {
      cwd: ROOT,
      env: { PATH, HOME, API_PORT: new URL(running.url).port, ...env },
    });
    printed.push(stdout);
    if (shows !== null) assert.equal(alike(stdout), alike(shows), command);
    id = [...stdout.matchAll(UUID)][0]?.[0] ?? id;
    await atRest(running.url);
  }
  return printed;
}

/** Without what is different each time. */
function alike(text: string): string {
  return text.trim().replaceAll(UUID, '<id>').replaceAll(TIME, '<time>');
}

async function atRest(url: string): Promise<void> {
  await seen(
    async () => {
      const { by_status } = (await (await fetch(`${url}/api/v1/stats`)).json()) as {
        by_status: Record<string, number>;
      };
      return (by_status.pending ?? 0) + (by_status.sending ?? 0) === 0 || undefined;
    },
    () => 'something is still on its way',
  );
}

describe('a newcomer who follows', { concurrency: 2 }, () => {
  test('the first tutorial sees what it shows', async (t) => {
    const printed = await follow(t, await tutorial('first-notification.md'), {});
    const caught = JSON.parse(printed[2] ?? '') as { data: { to: string; message: { text: string } }[] };
    assert.deepEqual(
      caught.data.map(({ to, message }) => [to, message.text]),
      [['user@example.com', 'It will arrive tomorrow.']],
    );
  });

  test('the one on e-mail has sent mail with its settings, HTML and attachment too', async (t) => {
    const page = await tutorial('email.md');
    const { SMTP_USER: user = '', SMTP_PASSWORD: password = '' } = page.env;
    await using server = await smtpReceiver({ account: { user, password } });
    const printed = await follow(t, page, { SMTP_HOST: '127.0.0.1', SMTP_PORT: String(server.port) });
    assert.match(printed[0] ?? '', /^ {2}email +smtp$/m);
    const [first, second] = await server.received(2);
    assert.match(first?.raw ?? '', /^Subject: Hello from Tidings\r$/m);
    const mail = await PostalMime.parse(second?.raw ?? '');
    assert.equal(mail.from?.name, 'Example');
    assert.equal(mail.replyTo?.[0]?.address, 'billing@example.com');
    assert.match(mail.html ?? '', /<h1>Thank you<\/h1>/);
    const [attachment] = mail.attachments;
    assert.equal(attachment?.filename, 'invoice.txt');
    assert.ok(attachment !== undefined && typeof attachment.content !== 'string');
    assert.equal(Buffer.from(new Uint8Array(attachment.content)).toString(), 'Total: 49.00 EUR\n');
  });

  test('the one on Twilio has sent text messages, the second in place of a mail', async (t) => {
    const twilio = await twilioStandIn(t);
    const printed = await follow(t, await tutorial('twilio.md'), twilio.env);
    assert.match(printed[0] ?? '', /^ {2}sms +twilio$/m);
    assert.deepEqual(
      twilio.messages.map(({ to, text }) => [to, text]),
      [
        ['+14155550123', 'Your code is 482913.'],
        ['+14155550123', 'Your parcel has arrived.'],
      ],
    );
  });

  test('the one on Telegram has found the chat and written to it', async (t) => {
    const telegram = await telegramStandIn(t);
    await using updates = await httpReceiver();
    const message = { message_id: 1, chat: { id: 4711, type: 'private' }, text: '/start' };
    updates.otherwise({ body: { ok: true, result: [{ update_id: 1, message }] } });
    const page = await tutorial('telegram.md');
    const printed = await follow(t, page, telegram.env, { 'https://api.telegram.org': updates.url });
    assert.match(printed[1] ?? '', /^ {2}telegram +telegram$/m);
    assert.equal(updates.requests[0]?.path, `/bot${page.env.TELEGRAM_BOT_TOKEN}/getUpdates`);
    assert.deepEqual(
      telegram.messages.map(({ chatId, text, parseMode }) => [chatId, text, parseMode]),
      [
        ['4711', 'Build 1007\n\nAll tests have passed.', null],
        ['4711', 'Build <b>1008</b> has <b>failed</b>.', 'HTML'],
      ],
    );
  });

  test('any of them can copy its settings as they are', async () => {
    for (const name of await readdir(TUTORIALS)) {
      const { env } = await tutorial(name);
      assert.deepEqual(readChannels(env).faults, [], name);
    }
  });
});

test('no page of the documentation points to what is not there', async () => {
  const pages = [
    ...(await readdir(join(ROOT, 'docs'), { recursive: true })).map((name) => join('docs', name)),
    ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'sdk/README.md'],
  ].filter((name) => name.endsWith('.md'));
  const faults: string[] = [];
  for (const page of pages) {
    const text = (await readFile(join(ROOT, page), 'utf8')).replaceAll(/^```.*?^```$/gms, '');
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = '', anchor] = target.split('#');
      const path = file === '' ? join(ROOT, page) : join(ROOT, page, '..', file);
      const there = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) =>
        error.code === 'EISDIR' ? '' : null,
      );
      if (there === null) faults.push(`${page}: ${target}`);
      else if (anchor !== undefined && !anchorsOf(there).has(anchor))
        faults.push(`${page}: ${target} (no such heading)`);
    }
  }
  assert.deepEqual(faults, []);
});

/** As the usual sites make them of headings, and those that were set by hand. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)"/g)].map(([, id = '']) => id)]);
}
