import { sendGridEvent, type VendorPost } from '../../kit/receipts.ts';
import { OMIT } from '../request.ts';
import { post, type Row, renamed, times } from '../row.ts';
import { seedDelivery } from '../seeds.ts';
import { vendor } from '../vendor.ts';

const PATH = '/receipts/sendgrid';
const NOBODY = '019a0000-0000-7000-8000-000000000001';

/** What a vendor brings; a vendor has no key of ours. */
function brought(name: string, { headers, body }: VendorPost, expect: string, target = PATH): Row {
  const own = [...Object.entries(headers), ['X-API-Key', OMIT] as const];
  return { name: `a receipt ${name}`, request: { method: 'POST', target, headers: own, body }, expect };
}

function event(args: Readonly<Record<string, string>>, name = 'delivered') {
  return sendGridEvent(name, { args, messageId: 'sg-1' });
}

const UNKNOWN = vendor.post([event({ delivery_id: NOBODY, attempt: '1' })]);
const SEED = { delivery_id: seedDelivery('sent'), attempt: '99' };

/** Later news by providers: whose they are not, of what there is not, and more than anybody has. */
export const RECEIPTS: readonly Row[] = [
  brought('of a message that is not known', UNKNOWN, '200'),
  brought('that comes again', UNKNOWN, '200'),
  brought('of an attempt that was never made', vendor.post([event(SEED), event(SEED, 'bounce')]), '200'),
  brought('that names nothing of ours', vendor.post([{}, { delivery_id: [], attempt: {} }, event({})]), '200'),
  brought(
    'with names that objects have',
    vendor.post('[{"__proto__":{"event":"delivered"},"event":"constructor"}]'),
    '200',
  ),
  brought('that is none', vendor.post([]), '200'),
  brought('of ten thousand', vendor.post(times(10_000, () => ({ event: 'delivered' }))), '413 too_large'),
  brought('larger than anybody sends', vendor.post(' '.repeat(1_048_577)), '413 too_large'),
  brought('nested ten thousand deep', vendor.post(`${'['.repeat(10_000)}${']'.repeat(10_000)}`), '400 bad_request'),
  ...['', '{}', '{', 'null', '[1]', '[null]', '\u0000'].map((body) =>
    brought(`signed, and no list: ${JSON.stringify(body)}`, vendor.post(body), '400 bad_request'),
  ),
  brought('whose signature is of another body', { ...UNKNOWN, body: '[]' }, '403 invalid_signature'),
  brought('without a signature', { headers: {}, body: '[]' }, '403 invalid_signature'),
  brought(
    'in another media type',
    { headers: { 'Content-Type': 'text/plain' }, body: '[]' },
    '415 unsupported_media_type',
  ),
  brought('of a provider that is not set up for it', { headers: {}, body: '' }, '404 not_found', '/receipts/twilio'),
  brought('of a provider that tells nothing', { headers: {}, body: '' }, '404 not_found', '/receipts/webhook'),
  brought('of nobody', { headers: {}, body: '' }, '404 not_found', '/receipts/%00'),
  renamed('a receipt asked for', {
    ...post(PATH, undefined, '405 method_not_allowed'),
    request: { method: 'GET', target: PATH },
  }),
];
