import { accept } from './accept.ts';
import { batch } from './batch.ts';
import { bytes } from './bytes.ts';
import { drain } from './drain.ts';
import { drainPostgres } from './drain-postgres.ts';
import { endToEnd } from './end-to-end.ts';
import { footprint } from './footprint.ts';
import { growth } from './growth.ts';
import type { Bench } from './kit/bench.ts';
import { latency } from './latency.ts';
import { schedule } from './schedule.ts';
import { smtp } from './smtp.ts';
import { webhook } from './webhook.ts';

/** All of them, in the order in which they run. A new one is a file beside this one and a line here and in bench.test.ts. */
export const BENCHES: readonly Bench[] = [
  accept,
  batch,
  endToEnd,
  drain,
  drainPostgres,
  latency,
  smtp,
  webhook,
  growth,
  schedule,
  footprint,
  bytes,
];
