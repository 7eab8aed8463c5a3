import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { PROGRAM } from '../kit/tidings-process.ts';
import { seen, until } from '../kit/until.ts';

export type RoleName = 'api' | 'worker' | 'scheduler';

/** One place for a process; whoever fills it, there is always one, as a supervisor sees to. */
export interface Member {
  readonly name: string;
  readonly role: RoleName;
  /** Empty without the API. */
  readonly url: string;
  /** It is up, and not paused. */
  readonly running: boolean;
  /** SIGKILL; another takes its place. False: nobody was there. */
  kill(): boolean;
  /** SIGSTOP, until `resume`. False: nobody was there. */
  pause(): boolean;
  resume(): void;
  /** SIGTERM, and nobody takes its place. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** The end of a process. */
export interface Ended {
  readonly name: string;
  readonly at: number;
  readonly code: number | null;
  readonly signal: string | null;
  /** It had said that it is up. */
  readonly wasUp: boolean;
  /** Somebody here had asked for it. */
  readonly asked: boolean;
}

/** One process from when it said that it is up; null: it still is. */
export interface Life {
  readonly name: string;
  readonly from: number;
  to: number | null;
}

export interface Fleet {
  readonly members: readonly Member[];
  readonly lives: readonly Life[];
  readonly ended: readonly Ended[];
  of(role: RoleName): readonly Member[];
  stopAll(): Promise<void>;
  startAll(): Promise<void>;
  /** Ends everything at once, for good. */
  close(): Promise<void>;
}

export interface MemberPlan {
  readonly name: string;
  readonly role: RoleName;
  readonly url: string;
  /** Asked for at every start. */
  readonly env: () => Readonly<Record<string, string>>;
}

/** How long a start and a stop may take on a busy machine, in ms. */
const PATIENCE = 60_000;
/** Before a process that ended by itself is started again, in ms. */
const RESTART_AFTER = 300;

/** Where each process writes its log: a file of its own for each life, in `folder`. */
export function openFleet(folder: string, plans: readonly MemberPlan[]): Fleet {
  const ended: Ended[] = [];
  const lives: Life[] = [];
  const slots = plans.map((plan) => slotFor(folder, plan, lives, ended));
  return {
    members: slots,
    lives,
    ended,
    of: (role) => slots.filter((slot) => slot.role === role),
    stopAll: async () => void (await Promise.all(slots.map((slot) => slot.stop()))),
    startAll: async () => void (await Promise.all(slots.map((slot) => slot.start()))),
    close: async () => void (await Promise.all(slots.map((slot) => slot.end()))),
  };
}

function slotFor(folder: string, plan: MemberPlan, lives: Life[], ended: Ended[]) {
  let count = 0;
  let wanted = false;
  let asked = false;
  let up = false;
  let paused = false;
  let child: ChildProcess | null = null;
  let gone: Promise<void> = Promise.resolve();

  function begin(): void {
    count += 1;
    up = false;
    paused = false;
    asked = false;
    const life = spawnInto(join(folder, `${plan.name}.${count}.log`), plan, () => {
      up = true;
      lives.push({ name: plan.name, from: Date.now(), to: null });
    });
    child = life;
    gone = new Promise((resolve) => {
      life.once('close', (code, signal) => {
        child = null;
        const at = Date.now();
        for (const one of lives) if (one.name === plan.name) one.to ??= at;
        ended.push({ name: plan.name, at, code, signal, wasUp: up, asked });
        resolve();
        if (wanted) setTimeout(() => wanted && child === null && begin(), asked ? 0 : RESTART_AFTER);
      });
    });
  }

  const send = (signal: NodeJS.Signals): boolean => child?.kill(signal) ?? false;
  return {
    name: plan.name,
    role: plan.role,
    url: plan.url,
    get running() {
      return child !== null && up && !paused;
    },
    kill() {
      asked = true;
      return send('SIGKILL');
    },
    pause() {
      paused = send('SIGSTOP');
      return paused;
    },
    resume() {
      paused = false;
      send('SIGCONT');
    },
    async stop() {
      wanted = false;
      asked = true;
      send('SIGCONT');
      send('SIGTERM');
      await until(gone, () => `${plan.name} does not stop`, PATIENCE);
    },
    async start() {
      wanted = true;
      if (child === null) begin();
      await seen(
        () => up || undefined,
        () => `${plan.name} does not start`,
        PATIENCE,
      );
    },
    async end() {
      wanted = false;
      asked = true;
      send('SIGKILL');
      await gone;
    },
  };
}

/** Nothing of it outlives this process: the kernel sees to that. */
function spawnInto(log: string, plan: MemberPlan, onUp: () => void): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  const file = openSync(log, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, PROGRAM, plan.role], {
    cwd: join(log, '..'),
    env: { PATH, HOME, ...plan.env() },
    stdio: ['ignore', 'pipe', file],
  });
  closeSync(file);
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes(' is up (')) onUp();
  });
  return child;
}
