import type { Row } from './row.ts';
import { DOORS } from './rows/doors.ts';
import { FIELDS, ODD_FIELDS } from './rows/fields.ts';
import { ACCESS, HEADERS, TOKENS } from './rows/headers.ts';
import { JSON_ROWS, ODD_JSON } from './rows/json.ts';
import { ODD_OVERRIDES, OVERRIDES } from './rows/overrides.ts';
import { PATHS } from './rows/paths.ts';
import { ODD_QUERIES, QUERIES } from './rows/queries.ts';
import { RAW } from './rows/raw.ts';
import { RECEIPTS } from './rows/receipts.ts';
import { ODD_RECIPIENTS, RECIPIENTS } from './rows/recipients.ts';
import { BATCHES, INBOXES, KEYS, STEPS } from './rows/steps.ts';
import { STREAMS } from './rows/streams.ts';
import { ODD_TIMES, TIME_ROWS } from './rows/times.ts';

/**
 * Bad requests, and odd ones that are good, with the answers that they get. A bug that got past it becomes a row.
 * Rows are asked in this order, one after the other: some lean on what the row before has done.
 */
export const CORPUS: readonly Row[] = [
  ...[...JSON_ROWS, ...HEADERS, ...RAW, ...ACCESS, ...TOKENS, ...PATHS, ...QUERIES, ...STEPS, ...INBOXES],
  ...[...FIELDS, ...RECIPIENTS, ...TIME_ROWS, ...OVERRIDES, ...BATCHES, ...KEYS],
  ...[...ODD_JSON, ...ODD_FIELDS, ...ODD_RECIPIENTS, ...ODD_TIMES, ...ODD_OVERRIDES, ...ODD_QUERIES],
  ...[...DOORS, ...RECEIPTS, ...STREAMS],
];
