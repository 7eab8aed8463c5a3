import { CHANNELS } from '../../src/domain/channel.ts';
import { deliveryId } from '../../src/domain/ids.ts';
import type { News, Receipt } from '../../src/domain/receipt.ts';
import type { Received } from '../../src/pipeline/receive.ts';
import type { Call } from './calls.ts';
import type { Clients } from './clients.ts';
import type { Seeded } from './seeded.ts';
import { elapsed, type World } from './world.ts';

/** How late a receipt can come, in ms: before its answer, soon, after the next attempt, after everything. */
const LATE = [0, 0, 20, 1_000, 20_000, 200_000] as const;
/** They end so long after the last trouble at the latest, in ms. */
const LAST = 60_000;

/** The providers as those that tell something later, and again until somebody takes it. */
export class Receipts {
  readonly #world: World;
  readonly #clients: Clients;

  constructor(world: World, clients: Clients) {
    this.#world = world;
    this.#clients = clients;
  }

  /** What it will tell is drawn by the call, as is everything that it does. */
  tookMessage(call: Call): void {
    const { plan, ledger } = this.#world;
    const { rate, bounces, wild } = plan.receipts;
    if (rate === 0) return;
    const random = ledger.chanceOf(call).fork('receipts');
    if (!random.chance(rate)) return;
    const isBounced = random.chance(bounces);
    // A server that has taken a message can still find that nobody is there.
    const isBoth = isBounced && random.chance(0.3);
    const all: readonly News[] = isBoth ? ['delivered', 'bounced'] : [isBounced ? 'bounced' : 'delivered'];
    let after = 0;
    for (const news of all) {
      for (let times = wild && random.chance(0.3) ? 2 : 1; times > 0; times--) {
        after = wild ? random.pick(LATE) * random.next() : after + plan.vendorMs + 500 * random.next();
        this.#bring(call, news, after, random.fork(`${news} ${times}`));
      }
    }
    if (wild && random.chance(0.05)) this.#invent(call, after, random);
  }

  #bring(call: Call, news: News, after: number, random: Seeded): void {
    const { ledger } = this.#world;
    const receipt = receiptOf(call, news);
    this.#clients.do(async () => {
      await this.#clients.wait(this.#inTime(after));
      ledger.tells(call, news);
      ledger.heard(call, news, await this.#insist(receipt, random));
    });
  }

  /** Something that never was: nobody may believe it. */
  #invent(call: Call, after: number, random: Seeded): void {
    const { row, channel, provider } = call;
    const others = CHANNELS.filter((one) => !row.delivery.chain.includes(one));
    const wrong: Partial<Receipt> = random.pick([
      { channel: random.pick(others) },
      { deliveryId: deliveryId(row.delivery.notificationId, 99) },
      { attempt: 0 },
    ]);
    const receipt = { ...receiptOf(call, random.pick(['delivered', 'bounced'])), ...wrong };
    this.#clients.do(async () => {
      await this.#clients.wait(this.#inTime(after));
      const result = await this.#insist(receipt, random);
      if (result !== 'applied') return;
      this.#world.ledger.break('told', `${channel}/${provider} told of what never was, and was believed`, [row.n]);
    });
  }

  #inTime(after: number): number {
    const end = this.#world.plan.calmFrom + LAST - elapsed(this.#world);
    return Math.min(after, Math.max(0, end));
  }

  async #insist(receipt: Receipt, random: Seeded): Promise<Received> {
    for (;;) {
      const reply = await this.#clients.ask(random, ({ service }) => service.receive(receipt));
      if (reply.kind === 'answered' && reply.value !== 'too_early') return reply.value;
      await this.#clients.wait(random.between(1_000, 10_000));
    }
  }
}

function receiptOf({ row, attempt, channel, provider, messageId }: Call, news: News): Receipt {
  return { deliveryId: row.delivery.id, attempt, channel, provider, messageId, news };
}
