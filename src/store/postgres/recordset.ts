/**
 * Batches travel as one JSON parameter, an array of objects: one message and one plan, however many rows. The columns
 * are named once, here, with their types.
 */
export type Columns = Readonly<Record<string, 'uuid' | 'text' | 'text[]' | 'bigint' | 'integer' | 'smallint'>>;

/** What stands in a FROM for the rows of parameter `$n`. */
export function rowsOf(columns: Columns, parameter: string, alias = 'r'): string {
  const list = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
  return `json_to_recordset(${parameter}::json) AS ${alias}(${list.join(', ')})`;
}

/** An insert of all rows of a parameter. */
export function insertRows(table: string, columns: Columns, parameter: string): string {
  const names = Object.keys(columns).join(', ');
  return `INSERT INTO tidings.${table} (${names}) SELECT ${names} FROM ${rowsOf(columns, parameter)}`;
}

export const NOTIFICATION = {
  id: 'uuid',
  request_id: 'text',
  broadcast_id: 'uuid',
  created_at: 'bigint',
  user_id: 'text',
  addresses: 'text',
  title: 'text',
  message: 'text',
  action_url: 'text',
  data: 'text',
  overrides: 'text',
  priority: 'smallint',
  send_at: 'bigint',
  expires_at: 'bigint',
  retry: 'text',
  on_unknown: 'text',
  metadata: 'text',
  tags: 'text[]',
} as const satisfies Columns;

/** What a delivery is called by. */
export const DELIVERY_KEY = { notification_id: 'uuid', leg: 'smallint' } as const satisfies Columns;

/** What a transition can change, beside the version. */
export const CHANGING = {
  status: 'text',
  due_at: 'bigint',
  round: 'integer',
  position: 'smallint',
  dropped: 'text',
  attempts: 'integer',
  crashes: 'integer',
  limited_since: 'bigint',
  channel_used: 'text',
  reason: 'text',
  sent_at: 'bigint',
  delivered_at: 'bigint',
  finished_at: 'bigint',
  discarded_at: 'bigint',
} as const satisfies Columns;

export const DELIVERY = {
  ...DELIVERY_KEY,
  chain: 'text',
  version: 'integer',
  priority: 'smallint',
  expires_at: 'bigint',
  ...CHANGING,
} as const satisfies Columns;

export const ATTEMPT = {
  ...DELIVERY_KEY,
  number: 'integer',
  channel: 'text',
  provider: 'text',
  outcome: 'text',
  code: 'text',
  detail: 'text',
  started_at: 'bigint',
  duration_ms: 'bigint',
  provider_message_id: 'text',
} as const satisfies Columns;
