import type { NotificationId } from '../../src/domain/ids.ts';
import type { Recipient } from '../../src/domain/recipient.ts';
import type { AcceptRequest, SendRequest } from '../../src/pipeline/accept.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { answerOf, requestIdOf } from './ledger.ts';
import type { Life } from './life.ts';
import type { ActPlan, Moment, SendPlan } from './plan.ts';
import type { Seeded } from './seeded.ts';
import type { Service } from './service.ts';
import { elapsed, latency, type World } from './world.ts';

/** A process that takes requests. */
export interface Api {
  readonly life: Life;
  readonly service: Service;
}

export type Reply<T> = { readonly kind: 'answered'; readonly value: T } | { readonly kind: 'refused' | 'lost' };

const SCOPE = 'POST /v1/notifications';
const ADDRESSES = {
  email: 'user@example.com',
  phone: '+15550100',
  telegram: '4711',
  webhookUrl: 'https://example.com/',
};

/** Those who use the service: each send has a client of its own, who insists until it is told something if it has a key. */
export class Clients {
  readonly #world: World;
  readonly #apis: () => readonly Api[];
  readonly #sends = new Map<number, SendPlan>();
  readonly #armed = new Map<string, { readonly act: ActPlan; left: number }[]>();
  readonly #requests = new Map<number, AcceptRequest>();
  #busy = 0;

  constructor(world: World, apis: () => readonly Api[]) {
    this.#world = world;
    this.#apis = apis;
    for (const send of world.plan.sends) this.#sends.set(send.n, send);
  }

  /** How many still wait for an answer, or for their time. */
  get busy(): number {
    return this.#busy;
  }

  start(): void {
    const { plan, timeline } = this.#world;
    for (const send of plan.sends) {
      timeline.after(send.at, null, () => {
        this.happened(send.n, 'asked');
        this.do(() => this.#submit(send, 'original'));
      });
    }
    for (const act of plan.acts) {
      if (act.when.on === 'time') timeline.after(act.when.at, null, () => this.do(() => this.#act(act)));
      else this.#arm(act, act.when);
    }
  }

  #arm(act: ActPlan, when: Exclude<Moment, { readonly on: 'time' }>): void {
    const slot = `${act.n}/${when.on}`;
    this.#armed.set(slot, [...(this.#armed.get(slot) ?? []), { act, left: when.nth }]);
  }

  /** To a delivery of a send. */
  happened(n: number, on: Moment['on']): void {
    const armed = this.#armed.get(`${n}/${on}`);
    if (armed === undefined || elapsed(this.#world) >= this.#world.plan.calmFrom) return;
    for (const one of armed) {
      one.left -= 1;
      const { when } = one.act;
      if (one.left !== 0 || when.on === 'time') continue;
      this.#world.timeline.after(when.after, null, () => this.do(() => this.#act(one.act)));
    }
  }

  /** Counts as busy until it is done. */
  do(run: () => Promise<void>): void {
    this.#busy += 1;
    run()
      .catch((error: unknown) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.#world.ledger.break('sound', `a request was answered with a fault: ${text}`, []);
      })
      .finally(() => {
        this.#busy -= 1;
      });
  }

  async #act(act: ActPlan): Promise<void> {
    const send = this.#sends.get(act.n);
    if (send === undefined) return;
    const { ledger, trace, timeline } = this.#world;
    if (act.kind === 'repeat' || act.kind === 'mismatch') {
      if (send.keyed) await this.#submit(send, act.kind === 'repeat' ? 'original' : 'other');
      return;
    }
    const ids = [...ledger.byNotification].flatMap(([id, [row]]) => (row?.n === act.n ? [id] : []));
    if (ids.length === 0) return;
    const chance = this.#world.chance(`${act.kind} ${act.n}`);
    const id = chance.pick(ids);
    const reply = await this.ask(chance, ({ service }) => this.#control(service, act, id, chance));
    if (reply.kind === 'answered' && reply.value === 'cancelled') this.#checkCancelled(act, id);
    trace.note(timeline.now(), 'operator', act.kind, [act.n], 0, () => {
      return `#${act.n}: ${reply.kind === 'answered' ? reply.value : reply.kind}`;
    });
  }

  /** Unless somebody starts it afresh, all its legs are over when that is answered. */
  #checkCancelled({ n }: ActPlan, id: NotificationId): void {
    const { ledger, plan } = this.#world;
    if (plan.acts.some((act) => act.kind === 'retry_all' || (act.kind === 'retry' && act.n === n))) return;
    const open = ledger.byNotification.get(id)?.find((row) => ledger.unfinished.has(row));
    if (open !== undefined)
      ledger.break('cancel', `cancelled was answered, and ${open.label} is ${open.delivery.status}`, [n]);
  }

  async #control(service: Service, act: ActPlan, id: NotificationId, chance: Seeded): Promise<string> {
    const { control } = service;
    const legs = this.#world.ledger.byNotification.get(id) ?? [];
    switch (act.kind) {
      case 'cancel':
        return control.cancel(id);
      case 'retry':
        return control.retry(id);
      case 'reschedule':
        return control.reschedule(id, this.#world.timeline.now() + chance.between(1, 90_000));
      case 'discard':
        return control.discard(chance.pick(legs).delivery.id);
      case 'retry_all': {
        const { matched, retried } = await control.retryDeadLetters({}, false);
        return `${retried} of ${matched}`;
      }
      case 'health':
        return (await service.health()).store?.ok === true ? 'well' : 'not well';
      case 'repeat':
      case 'mismatch':
        return '';
    }
  }

  /** The same request, however often: it is made once. Until an answer comes, for whoever has a key. */
  async #submit(send: SendPlan, version: 'original' | 'other'): Promise<void> {
    const { ledger } = this.#world;
    const request = this.#requestOf(send);
    const fingerprint = version === 'original' ? 'original' : `other-${send.n}`;
    const key = request.key === null ? null : { ...request.key, fingerprint };
    for (;;) {
      const reply = await this.ask(this.#world.chance(`${version} ${send.n}`), ({ service }) =>
        service.accept([{ ...request, key }]),
      );
      if (reply.kind === 'answered') {
        const [answer] = reply.value;
        if (answer === undefined) throw new Error('one request was answered with nothing');
        if (answer.kind === 'unroutable') return;
        const given = answer.kind === 'mismatch' ? null : answer.answer;
        const slot = key === null ? null : `${key.scope} ${key.key}`;
        ledger.acknowledged({ n: send.n, key: slot, fingerprint, kind: answer.kind, answer: given });
        return;
      }
      if (key === null) return;
      await this.wait(1_000);
    }
  }

  /** A request on its way to a process and back. */
  async ask<T>(chance: Seeded, call: (api: Api) => Promise<T>): Promise<Reply<T>> {
    for (;;) {
      const apis = this.#apis();
      if (apis.length === 0) {
        await this.wait(500);
        continue;
      }
      const api = chance.pick(apis);
      return this.#reach(api, chance, call);
    }
  }

  #reach<T>(api: Api, chance: Seeded, call: (api: Api) => Promise<T>): Promise<Reply<T>> {
    const { timeline } = this.#world;
    return new Promise((resolve, reject) => {
      const later = (reply: Reply<T>) =>
        void timeline.after(latency(chance), null, () => resolve(reply), chance.next());
      const forget = api.life.atEnd(() => later({ kind: 'lost' }));
      const answer = async () => {
        try {
          const value = await call(api);
          if (api.life.alive) later({ kind: 'answered', value });
        } catch (error) {
          if (!api.life.alive) return;
          if (error instanceof StoreUnavailable) later({ kind: 'refused' });
          else reject(error);
        }
        if (api.life.alive) forget();
      };
      timeline.after(latency(chance), api.life, () => void answer(), chance.next());
    });
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#world.timeline.after(ms, null, resolve));
  }

  #requestOf(send: SendPlan): AcceptRequest {
    const known = this.#requests.get(send.n);
    if (known !== undefined) return known;
    const now = this.#world.timeline.now();
    const one: SendRequest = {
      ...{ recipient: recipientOf(send), title: null, message: `#${send.n}`, actionUrl: null, data: null },
      ...{ overrides: null, priority: send.priority, retry: send.retry, onUnknown: send.onUnknown },
      ...{ metadata: {}, tags: [], channels: send.channels, strategy: send.strategy },
      sendAt: send.sendAfter === null ? null : now + send.sendAfter,
      expiresAt: send.expiresAfter === null ? null : now + send.expiresAfter,
    };
    const request: AcceptRequest = {
      requestId: requestIdOf(send.n),
      requests: Array.from({ length: send.recipients }, () => one),
      broadcast: send.recipients > 1,
      key: send.keyed ? { scope: SCOPE, key: `key-${send.n}`, fingerprint: '' } : null,
      answer: ({ notifications }) => answerOf(notifications),
    };
    this.#requests.set(send.n, request);
    return request;
  }
}

function recipientOf({ addressed }: SendPlan): Recipient {
  return {
    ...(addressed.includes('email') && { email: ADDRESSES.email }),
    ...(addressed.includes('sms') && { phone: ADDRESSES.phone }),
    ...(addressed.includes('telegram') && { telegram: ADDRESSES.telegram }),
    ...(addressed.includes('in_app') && { userId: 'user-1' }),
    ...(addressed.includes('webhook') && { webhookUrl: ADDRESSES.webhookUrl }),
  };
}
