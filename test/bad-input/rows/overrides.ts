import { accepted, keys, OK, type Row, renamed, times, wrong } from '../row.ts';

function email(override: object, fault: string, pointer: string): Row {
  return wrong('overrides', { email: override }, fault, `/overrides/email/${pointer}`);
}

function attachment(over: object, fault: string, pointer: string): Row {
  const row = email(
    { attachments: [{ filename: 'a.txt', content: 'aGk=', ...over }] },
    fault,
    `attachments/0/${pointer}`,
  );
  return renamed(`an attachment with ${JSON.stringify(over).slice(0, 70)}`, row);
}

/** What replaces the common text on a channel: where headers and files could be slipped in. */
export const OVERRIDES: readonly Row[] = [
  ...['x', [], null].map((value) => wrong('overrides', value, 'invalid_type')),
  ...['fax', 'Email', '__proto__x', 'constructor', 'inapp'].map((name) =>
    wrong('overrides', { [name]: {} }, 'unknown_field', `/overrides/${name}`),
  ),
  ...[null, 'x', []].map((value) => wrong('overrides', { email: value }, 'invalid_type', '/overrides/email')),
  ...['a\r\nBcc: x@y.co', 'a\nb', 'a\u2028b', 'a\u0085b'].map((subject) =>
    email({ subject }, 'invalid_format', 'subject'),
  ),
  email({ subject: '' }, 'too_short', 'subject'),
  email({ subject: 'x'.repeat(501) }, 'too_long', 'subject'),
  ...[
    'Name <a@b>',
    'a@b.co\r\nBcc: z@y.co',
    'A\r\nBcc: z@y.co <a@b.co>',
    'a@b.co, c@d.co',
    '<a@b.co',
    'Name a@b.co',
    '',
    'a',
  ].map((from) => email({ from }, 'invalid_email', 'from')),
  email({ from: { path: '/etc/passwd' } }, 'invalid_type', 'from'),
  email({ from: `${'x'.repeat(320)}@b.co` }, 'too_long', 'from'),
  email({ reply_to: 'Name <a@b.co>, c@d.co' }, 'invalid_email', 'reply_to'),
  email({ cc: ['a@b.co', 'x'] }, 'invalid_email', 'cc/1'),
  email({ cc: ['a@b.co\r\nBcc: z@y.co'] }, 'invalid_email', 'cc/0'),
  email({ cc: [[['a@b.co']]] }, 'invalid_type', 'cc/0'),
  email({ cc: 'a@b.co' }, 'invalid_type', 'cc'),
  email({ cc: times(51, (n) => `u${n}@b.co`) }, 'too_many_items', 'cc'),
  email({ bcc: ['"a"@b.co'] }, 'invalid_email', 'bcc/0'),
  email({ to: 'a@b.co' }, 'unknown_field', 'to'),
  email({ raw: 'From: x' }, 'unknown_field', 'raw'),
  email({ envelope: { to: 'a@b.co' } }, 'unknown_field', 'envelope'),
  email({ html: { path: '/etc/passwd' } }, 'invalid_type', 'html'),
  email({ text: { href: 'http://127.0.0.1/' } }, 'invalid_type', 'text'),
  email({ html: '' }, 'too_short', 'html'),
  email({ html: 'x'.repeat(500_001) }, 'too_long', 'html'),
  ...[
    'Bcc',
    'To',
    'From',
    'Content-Type',
    'DKIM-Signature',
    'Message-ID',
    'x',
    'X-',
    'X-A\r\nBcc',
    'X A',
    'X-A:',
    'X-é',
    'X-_',
    `X-${'a'.repeat(75)}`,
    '',
  ].map((name) => email({ headers: { [name]: 'x' } }, 'header_not_allowed', `headers/${name}`)),
  ...['x\r\nBcc: y@z.co', 'x\ny', 'é', '', '\t'].map((value) =>
    email({ headers: { 'X-A': value } }, 'header_not_allowed', 'headers/X-A'),
  ),
  email({ headers: { 'X-A': 5 } }, 'invalid_type', 'headers/X-A'),
  email({ headers: { 'X-A': 'x'.repeat(999) } }, 'too_long', 'headers/X-A'),
  email({ headers: Object.fromEntries(times(21, (n) => [`X-${n}`, 'v'])) }, 'too_many_items', 'headers'),
  email({ headers: ['X-A: b'] }, 'invalid_type', 'headers'),
  ...[
    '../../x',
    '/etc/passwd',
    'C:\\x',
    'a\\b',
    '.htaccess',
    '..',
    ' a',
    'a ',
    'a.',
    'a\nb',
    'x\u202egpj.exe',
    'a:b',
    'a"b',
    'a|b',
    'a\u2028b',
    'CON?',
  ].map((filename) => attachment({ filename }, 'invalid_format', 'filename')),
  attachment({ filename: '' }, 'too_short', 'filename'),
  attachment({ filename: 'x'.repeat(256) }, 'too_long', 'filename'),
  ...['a', 'aGk', 'aGk=\n', '====', 'a=b=', '!!!!', 'data:text/plain;base64,aGk='].map((content) =>
    attachment({ content }, 'invalid_base64', 'content'),
  ),
  attachment({ content: { path: '/etc/passwd' } }, 'invalid_type', 'content'),
  attachment({ path: '/etc/passwd' }, 'unknown_field', 'path'),
  attachment({ href: 'http://127.0.0.1/' }, 'unknown_field', 'href'),
  attachment({ cid: 'x\r\nX: y' }, 'unknown_field', 'cid'),
  ...['text/plain\r\nX-A: b', 'text', 'text/', '/plain', 'text/plain; charset="a', 'text/plain;', 'a b/c'].map((type) =>
    attachment({ content_type: type }, 'invalid_format', 'content_type'),
  ),
  email({ attachments: [{ content: 'aGk=' }] }, 'missing_field', 'attachments/0/filename'),
  email({ attachments: times(21, () => ({ filename: 'a', content: '' })) }, 'too_many_items', 'attachments'),
  wrong('overrides', { sms: { text: 'x'.repeat(1601) } }, 'too_long', '/overrides/sms/text'),
  wrong('overrides', { sms: { to: '+14155552671' } }, 'unknown_field', '/overrides/sms/to'),
  wrong('overrides', { telegram: { parse_mode: 'Markdown' } }, 'invalid_value', '/overrides/telegram/parse_mode'),
  wrong('overrides', { telegram: { silent: 'yes' } }, 'invalid_type', '/overrides/telegram/silent'),
  wrong('overrides', { push: { title: 'a\nb' } }, 'invalid_format', '/overrides/push/title'),
  wrong('overrides', { push: { data: [] } }, 'invalid_type', '/overrides/push/data'),
  wrong('overrides', { push: { data: keys(2001) } }, 'too_many_items', '/overrides/push/data'),
  wrong('overrides', { discord: { text: 'x'.repeat(2001) } }, 'too_long', '/overrides/discord/text'),
  wrong('overrides', { webhook: { payload: 'x' } }, 'invalid_type', '/overrides/webhook/payload'),
  wrong('overrides', { webhook: { url: 'http://127.0.0.1/' } }, 'unknown_field', '/overrides/webhook/url'),
  wrong('overrides', { in_app: { action_url: 'vbscript:x' } }, 'invalid_url', '/overrides/in_app/action_url'),
  wrong('overrides', { in_app: { title: '\n' } }, 'invalid_format', '/overrides/in_app/title'),
  ...['email', 'sms', 'telegram', 'push', 'whatsapp', 'slack', 'discord', 'teams', 'in_app'].map((channel) => {
    const field = channel === 'push' || channel === 'in_app' ? 'body' : 'text';
    return wrong('overrides', { [channel]: { [field]: 5 } }, 'invalid_type', `/overrides/${channel}/${field}`);
  }),
];

export const ODD_OVERRIDES: readonly Row[] = [
  accepted('an attachment of nothing with the longest name', {
    ...OK,
    overrides: { email: { attachments: [{ filename: 'x'.repeat(255), content: '' }] } },
  }),
  accepted('a script in the HTML of a mail', { ...OK, overrides: { email: { html: '<img src=x onerror=alert(1)>' } } }),
  accepted('no override in particular', { ...OK, overrides: { email: {}, sms: {}, webhook: {}, in_app: {} } }),
];
