import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atEnd } from '../kit/at-end.ts';
import { httpReceiver } from '../kit/http-receiver.ts';
import { type Service, startService } from '../kit/service.ts';
import { WEBHOOK_SECRET } from '../kit/vendors.ts';
import { times } from './row.ts';

/** This machine and its surroundings in every notation that some parser somewhere reads as an address. */
const INSIDE = [
  ...['127.0.0.1', '127.1', '127.0.1', '127.255.255.254', '0', '0.0.0.0', '0.0.0.0.', '127.0.0.1.'],
  ...[
    '2130706433',
    '017700000001',
    '0177.0.0.1',
    '0177.0.0.01',
    '0x7f000001',
    '0x7f.0.0.1',
    '0x7f.1',
    '0X7F.1',
    '127.0x0.1',
  ],
  ...[
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '127．0．0．1',
    '１２７.0.0.1',
    '%31%32%37.0.0.1',
    '127%2e0%2e0%2e1',
    '\u00ad127.0.0.1',
  ],
  ...[
    'localhost',
    'LOCALHOST',
    'localhost.',
    'x.localhost',
    'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
    'loc%61lhost',
    'localhost.localdomain',
    'router.lan',
    'db.internal',
  ],
  ...[
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[::127.0.0.1]',
    '[::7f00:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:0:0]',
  ],
  ...[
    '[0:0:0:0:0:ffff:7f00:0001]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::]',
    '[2001::1]',
    '[fd00::1]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
  ],
  ...[
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '169.254.169.254',
    '2852039166',
    '100.64.0.1',
    '100.100.100.200',
    '198.18.0.1',
  ],
  ...[
    '192.0.0.192',
    '192.0.2.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '[::ffff:169.254.169.254]',
    '[2001:db8::1]',
    '168.63.129.16',
  ],
];

interface Batch {
  readonly results: readonly {
    readonly index: number;
    readonly id?: string;
    readonly error?: { readonly errors: readonly { readonly code: string }[] };
  }[];
}

function letIn(urls: readonly string[]) {
  const rest = { message: 'Let me in', retry: { max_attempts: 1 } };
  return { notifications: urls.map((url) => ({ recipient: { webhook_url: url }, ...rest })) };
}

function notRefused(urls: readonly string[], outcomes: readonly unknown[]): readonly string[] {
  const lines = urls.map((url, index) => `${url} ${String(outcomes[index])}`);
  return lines.filter((line) => !/ (?:url_not_allowed|invalid_url)$/.test(line));
}

test('no notation of an address inside is taken for a webhook, and none is called by a worker that is given one', async (t) => {
  const receiver = await httpReceiver();
  atEnd(t, () => receiver.close());
  const { port } = new URL(receiver.url);
  const urls = INSIDE.flatMap((host) => [`http://${host}:${port}/hook`, `http://${host}/`]);
  const env = { WEBHOOK_SECRET, LOG_LEVEL: 'error' };

  // It takes what it could call itself, and calls nobody.
  const lenient = await startService(t, { command: 'api', env: { ...env, WEBHOOK_ALLOW_PRIVATE: 'true' } });
  const taken = await lenient.post<Batch>('/notifications/batch', letIn(urls));
  assert.equal(taken.status, 202, JSON.stringify(taken.body));
  await lenient.stop();

  const service = await startService(t, { env, place: lenient.place });
  const refused = await service.post<Batch>('/notifications/batch', letIn(urls));
  const codes = refused.body.results.map(({ error }) => error?.errors[0]?.code);
  assert.deepEqual(notRefused(urls, codes), []);

  const given = taken.body.results.flatMap(({ id, index }) =>
    id === undefined ? [] : [{ id, url: urls[index] ?? '' }],
  );
  assert.ok(given.length > INSIDE.length, 'most of them are URLs');
  const reasons = await Promise.all(given.map(({ id }) => reasonOf(service, id)));
  assert.deepEqual(
    notRefused(
      given.map(({ url }) => url),
      reasons,
    ),
    [],
  );
  assert.equal(receiver.connections, 0);
});

test('no other field reaches a webhook that it must not', async (t) => {
  const receiver = await httpReceiver();
  atEnd(t, () => receiver.close());
  const service = await startService(t, { env: { WEBHOOK_SECRET, LOG_LEVEL: 'error' } });
  const message = { message: 'Let me in', retry: { max_attempts: 1 } };
  const bodies = [
    { ...message, recipient: { webhook_url: `http://user@127.0.0.1:${new URL(receiver.url).port}/` } },
    { ...message, recipient: { user_id: 'u', slack: receiver.url, discord: receiver.url, teams: receiver.url } },
    {
      ...message,
      recipient: 'user@example.com',
      overrides: { email: { html: `<img src="${receiver.url}">` } },
      action_url: receiver.url,
    },
    { ...message, recipient: { user_id: 'u' }, data: { url: receiver.url, webhook_url: receiver.url } },
  ];
  const ids = await Promise.all(
    bodies.map(async (body) => (await service.post<{ id?: string }>('/notifications', body)).body.id),
  );
  for (const id of ids) if (id !== undefined) await reasonOf(service, id);
  assert.deepEqual(
    ids.map((id) => id === undefined),
    [true, ...times(3, () => false)],
  );
  assert.equal(receiver.connections, 0);
});

async function reasonOf(service: Service, id: string): Promise<string | null> {
  const shown = await service.waitFor(id, ({ status }) => status === 'failed' || status === 'sent');
  return shown.status === 'sent' ? 'sent' : (shown.deliveries[0]?.reason ?? null);
}
