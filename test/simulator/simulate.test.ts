import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { describe, test } from 'node:test';
import { runCampaign, type Totals } from './campaign.ts';
import { drawPlan } from './draw-plan.ts';
import { runEpisode } from './episode.ts';
import { FAULT_KINDS, type Plan } from './plan.ts';
import { breachReport } from './report.ts';
import { shrink } from './shrink.ts';

/** Runs so many episodes; a broken promise fails with the shortest trace, and with the seed that shows it again. */
async function keepsAll(seed: string, episodes: number, engine: Plan['engine']): Promise<Totals> {
  const enough = (totals: Totals) => totals.episodes >= episodes;
  const { totals, broken } = await runCampaign({ seed, from: 0, faults: FAULT_KINDS, engine, enough });
  if (broken === null) return totals;
  const shrunk = await shrink(broken.plan, broken.episode, 10_000);
  assert.fail(`${breachReport(broken.name, broken.episode, shrunk)}\non ${engine}`);
}

describe('a simulated service', () => {
  test('keeps its promises through the fixed seeds', async () => {
    const totals = await keepsAll('fixed', 40, 'memory');
    // What never happens is not proven: the seeds are such that everything does.
    for (const [what, count] of Object.entries({ ...totals, ...totals.ended })) assert.ok(Number(count) !== 0, what);
    for (const end of ['sent', 'delivered', 'failed', 'cancelled', 'expired'])
      assert.ok((totals.ended[end] ?? 0) > 0, end);
  });

  test('keeps them on the real statements and the real group commit', async () => {
    await keepsAll('fixed', 5, 'sqlite');
  });

  test('keeps them through seeds that nobody has seen', async (t) => {
    const seed = String(randomInt(1_000_000));
    t.diagnostic(`npm run simulate -- --seed ${seed}`);
    await keepsAll(seed, 15, 'memory');
  });
});

describe('an episode', () => {
  const plan = drawPlan('fixed.3', FAULT_KINDS);

  test('is the same step by step when it is run again', async () => {
    const [one, other] = [await runEpisode(plan, { traced: true }), await runEpisode(plan)];
    assert.equal(one.hash, other.hash);
    assert.deepEqual(one.figures, other.figures);
    assert.ok(one.lines.length > 100);
  });

  test('is another one with another seed', async () => {
    const other = await runEpisode({ ...plan, salt: 'other' });
    assert.notEqual(other.hash, (await runEpisode(plan)).hash);
  });

  test('is drawn from its seed alone', () => {
    assert.deepEqual(drawPlan('fixed.3', FAULT_KINDS), plan);
  });

  test('without faults sends nothing twice and loses no lease', async () => {
    const calm = { ...drawPlan('fixed.3', []), vendorTrouble: 0 };
    const { breach, figures } = await runEpisode(calm);
    assert.equal(breach, null);
    assert.deepEqual([figures.duplicates, figures.lost, figures.crashes], [0, 0, 0]);
  });
});
