import type { Api } from './clients.ts';
import { type Host, Life } from './life.ts';
import type { FaultMoment, FaultPlan, Op, Phase } from './plan.ts';
import { startService } from './service.ts';
import { elapsed, type World } from './world.ts';

type Blow = Extract<FaultPlan, { readonly when: FaultMoment }>;

/** The longest that a process may take to stop once it is told to, in ms, beside a lease and what a slow store adds. */
const STOPPING = 90_000;

/** The machines and what befalls them. */
export class Hosts {
  crashes = 0;
  readonly #world: World;
  readonly #wipe: () => void;
  readonly #hosts: readonly Host[];
  readonly #running = new Map<Host, Api>();
  readonly #armed: { readonly blow: Blow; left: number }[] = [];
  readonly #rung = new Set<Life>();
  readonly #generations = new Map<Host, number>();

  constructor(world: World, wipe: () => void) {
    this.#world = world;
    this.#wipe = wipe;
    this.#hosts = world.plan.hosts.map((plan) => ({ plan, skew: plan.skew, life: null }));
  }

  start(): void {
    const { plan, timeline } = this.#world;
    for (const host of this.#hosts) timeline.after(0, null, () => this.#launch(host));
    for (const fault of plan.faults) {
      if (fault.kind === 'wipe') timeline.after(fault.at, null, () => this.#wiped());
      if (fault.kind === 'clock') timeline.after(fault.at, null, () => this.#setClock(fault));
      if (!('when' in fault)) continue;
      if (fault.when.on === 'op') this.#armed.push({ blow: fault, left: fault.when.nth });
      else timeline.after(fault.when.at, null, () => this.#strike(fault));
    }
  }

  /** Those that take requests: a process that stands still does too, it only does not answer. */
  apis(): readonly Api[] {
    return [...this.#running.values()].filter(({ life }) => life.host.plan.api && !life.leaving);
  }

  workers(): readonly Life[] {
    return [...this.#running.values()].flatMap(({ life }) => (life.host.plan.worker && !life.leaving ? [life] : []));
  }

  /** All run, and none stands still. */
  get allWell(): boolean {
    const now = this.#world.timeline.now();
    return this.#hosts.every(({ life }) => life?.alive === true && !life.leaving && life.heldUntil <= now);
  }

  happened(life: Life, op: Op, phase: Phase): void {
    for (const one of this.#armed) {
      const { host, when } = one.blow;
      if (when.on !== 'op' || when.op !== op || when.phase !== phase || host !== life.host.plan.name) continue;
      one.left -= 1;
      if (one.left === 0) this.#strike(one.blow);
    }
  }

  /** The others hear of a commit soon after, once for several. */
  committed(by: Life): void {
    const { timeline, weather } = this.#world;
    for (const { life, service } of this.#running.values()) {
      if (life === by || !life.host.plan.worker || this.#rung.has(life)) continue;
      const chance = this.#world.chance(`bell of ${life.name}`);
      if (weather.isDeaf(elapsed(this.#world), chance)) continue;
      this.#rung.add(life);
      timeline.after(chance.between(0, 25), null, () => {
        this.#rung.delete(life);
        timeline.after(0, life, () => service.ring());
      });
    }
  }

  /** Nothing goes wrong any more: what is down starts. */
  calm(): void {
    this.#armed.length = 0;
    for (const host of this.#hosts) this.#launch(host);
  }

  /** Tells all to stop, and sees that they do. */
  async stop(): Promise<void> {
    const { timeline, ledger, plan } = this.#world;
    const left = new Set(this.#running.values());
    for (const running of left) {
      timeline.after(0, running.life, () => {
        void running.service.stop().then(() => left.delete(running));
      });
    }
    await timeline.run(STOPPING + plan.leaseMs, () => ledger.breach !== null || left.size === 0);
    for (const { life } of left) ledger.break('stops', `${life.name} does not stop`, []);
  }

  #launch(host: Host): void {
    if (host.life?.alive === true) return;
    const generation = (this.#generations.get(host) ?? 0) + 1;
    this.#generations.set(host, generation);
    const life = new Life(host, generation, this.#world);
    host.life = life;
    this.#tell(life, 'starts', generation);
    const giveUp = () => {
      const running = this.#running.get(host);
      if (running?.life === life) this.#restart(running, 0);
    };
    this.#running.set(host, { life, service: startService(this.#world, life, giveUp) });
  }

  #strike(blow: Blow): void {
    const running = [...this.#running.values()].find(({ life }) => life.host.plan.name === blow.host);
    if (running === undefined || elapsed(this.#world) >= this.#world.plan.calmFrom) return;
    switch (blow.kind) {
      case 'crash':
        this.#crash(running, blow.ms);
        break;
      case 'pause':
        this.#pause(running.life, blow.ms);
        break;
      case 'restart':
        this.#restart(running, blow.ms);
        break;
    }
  }

  #crash({ life }: Api, downMs: number): void {
    const { timeline } = this.#world;
    this.crashes += 1;
    this.#tell(life, 'CRASHES', downMs);
    this.#running.delete(life.host);
    life.end(timeline.now());
    timeline.after(downMs, null, () => this.#launch(life.host));
  }

  #pause(life: Life, ms: number): void {
    const from = this.#world.timeline.now();
    if (life.heldUntil > from) return;
    life.heldUntil = from + ms;
    life.troubles.push({ what: 'paused', from, until: from + ms });
    this.#tell(life, 'STANDS STILL', ms);
  }

  #restart(running: Api, downMs: number): void {
    const { life, service } = running;
    if (life.leaving) return;
    life.leaving = true;
    this.#tell(life, 'is told to stop', downMs);
    const stop = async () => {
      await service.stop();
      if (!life.alive) return;
      this.#tell(life, 'has stopped', 0);
      this.#running.delete(life.host);
      life.end(null);
      this.#world.timeline.after(downMs, null, () => this.#launch(life.host));
    };
    this.#world.timeline.after(0, life, () => void stop());
  }

  #wiped(): void {
    const { trace, timeline } = this.#world;
    trace.note(timeline.now(), 'broker', 'IS WIPED', [], 0, () => '');
    this.#wipe();
  }

  #setClock({ host: name, ms }: Extract<FaultPlan, { readonly kind: 'clock' }>): void {
    const host = this.#hosts.find(({ plan }) => plan.name === name);
    if (host === undefined) return;
    host.skew += ms;
    const now = this.#world.timeline.now();
    host.life?.troubles.push({ what: 'clock', from: now, until: now + Math.abs(ms) });
    if (host.life !== null) this.#tell(host.life, 'has its clock set by', ms);
  }

  #tell(life: Life, what: string, ms: number): void {
    const { trace, timeline } = this.#world;
    trace.note(timeline.now(), life.name, what, [], ms, () => (ms === 0 ? '' : `${ms} ms`));
  }
}
