import { get, type Row } from '../row.ts';
import { SEED_USER, seedId } from '../seeds.ts';

const EVENTS = '/api/v1/events';
const INBOX = `/api/v1/users/${SEED_USER}/inbox/stream`;

/** Streams that are refused: one that opens has no end that could be waited for. */
export const STREAMS: readonly Row[] = [
  ...[EVENTS, INBOX].flatMap((target) => [
    get(`${target}?bogus=1`, '422 invalid_request', '/query/bogus unknown_field'),
    ...['<script>', '1e99', 'x', '-1', '0'.repeat(300), 'WzEsIkFBQUFBQUFBQUFBQSIsIjEiXQ'].map((id) => ({
      name: `GET ${target} after ${id.slice(0, 40)}`,
      request: { method: 'GET', target, headers: [['Last-Event-ID', id]] as const },
      expect: '400 invalid_cursor',
    })),
  ]),
  get(`${EVENTS}?notification_id=x`, '422 invalid_request', '/query/notification_id invalid_format'),
  get(`${EVENTS}?as=everything`, '422 invalid_request', '/query/as invalid_value'),
  get(`${EVENTS}?as=pulse&notification_id=${seedId('sent')}`, '422 invalid_request', '/query/as conflicting_fields'),
  get('/api/v1/users/%00/inbox/stream', '422 invalid_request', '/path/user_id invalid_user_id'),
];
