import { drawPlan } from './draw-plan.ts';
import { type Episode, type Figures, runEpisode } from './episode.ts';
import type { FaultKind, Plan } from './plan.ts';

export interface Campaign {
  /** Each episode's own seed is this, a dot and its number. */
  readonly seed: string;
  /** The number of the first episode. */
  readonly from: number;
  readonly faults: readonly FaultKind[];
  readonly engine: Plan['engine'];
  /** True: that is enough. Asked before each episode. */
  readonly enough: (sofar: Totals) => boolean;
}

export interface Totals extends Figures {
  readonly episodes: number;
}

export interface Result {
  readonly totals: Totals;
  /** Of all episodes together. */
  readonly hash: string;
  /** The first episode in which a promise was broken. */
  readonly broken: { readonly name: string; readonly plan: Plan; readonly episode: Episode } | null;
}

const NOTHING: Totals = {
  ...{ episodes: 0, steps: 0, virtualMs: 0, deliveries: 0, sent: 0, calls: 0, duplicates: 0 },
  ...{ lost: 0, stale: 0, replayed: 0, receipts: 0, crashes: 0, ended: {} },
};

/** Episode after episode, until it is enough or a promise is broken. */
export async function runCampaign(campaign: Campaign): Promise<Result> {
  let totals = NOTHING;
  const hashes: string[] = [];
  for (let number = campaign.from; !campaign.enough(totals); number++) {
    const name = `${campaign.seed}.${number}`;
    const plan = { ...drawPlan(name, campaign.faults), engine: campaign.engine };
    const episode = await runEpisode(plan);
    totals = plus(totals, episode.figures);
    hashes.push(episode.hash);
    if (episode.breach !== null) return { totals, hash: hashes.join('-'), broken: { name, plan, episode } };
  }
  return { totals, hash: hashes.join('-'), broken: null };
}

function plus(totals: Totals, { ended, ...figures }: Figures): Totals {
  const added = { ...totals, ended: { ...totals.ended }, episodes: totals.episodes + 1 };
  for (const name of Object.keys(figures) as (keyof typeof figures)[]) added[name] += figures[name];
  for (const [status, count] of Object.entries(ended)) added.ended[status] = (added.ended[status] ?? 0) + count;
  return added;
}
