import { readFileSync } from 'node:fs';
import { type ServerProcess, serverProcess } from '../../test/kit/server-process.ts';
import { seen } from '../../test/kit/until.ts';
import type { Bed } from './bed.ts';
import type { JobOptions, JobRate } from './job.ts';

/** A program under load, or beside it, as a process of its own. */
export interface Program {
  /** Where it serves; empty if it does not. */
  readonly url: string;
  /** Processor time it has used, in seconds. */
  cpu(): Cpu;
  /** Its memory in MiB, now and at its highest. */
  memory(): { readonly now: number; readonly peak: number };
  /** As an operator would; resolves when it is gone. */
  stop(): Promise<void>;
}

export interface Cpu {
  readonly user: number;
  readonly system: number;
}

export interface ProgramOptions {
  readonly file: string;
  /** For Node itself. */
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What it says when it serves; its first group, if any, is the URL. */
  readonly ready: RegExp;
}

/** Clock ticks a second in /proc: a constant of the kernel's interface. */
const TICKS = 100;
/** How long a program may take to end before it is killed, in ms. */
const STOP_PATIENCE = 15_000;

/** Starts a program with Node and waits until it says that it serves. The bed's scope ends it. */
export async function startProgram(
  bed: Bed,
  { file, flags = [], args = [], env = {}, ready }: ProgramOptions,
): Promise<Program> {
  const cwd = await bed.folder();
  const child = serverProcess(process.execPath, [...flags, file, ...args], { cwd, env });
  const stop = () => ended(child);
  bed.scope.defer(stop);
  const said = await seen(
    () => {
      if (!child.running) throw new Error(`${file} ${args.join(' ')} ended: ${child.output}`);
      return ready.exec(child.output) ?? undefined;
    },
    () => `${file} does not get ready: ${child.output}`,
    60_000,
  );
  return {
    url: said[1] ?? '',
    cpu: () => cpuOf(child.pid),
    memory: () => memoryOf(child.pid),
    stop,
  };
}

/** Runs a program to its end and answers what it printed: one line of JSON. */
export async function runJob(bed: Bed, file: string, options: Partial<JobOptions>): Promise<JobRate> {
  const child = serverProcess(process.execPath, [file, JSON.stringify(options)], { cwd: await bed.folder() });
  bed.scope.defer(() => child.end('SIGKILL'));
  await child.exited;
  const line = /^RESULT (.+)$/m.exec(child.output)?.[1];
  if (line === undefined) throw new Error(`${file} gave no result: ${child.output}`);
  // Both sides are files of this folder.
  return JSON.parse(line) as JobRate;
}

async function ended(child: ServerProcess): Promise<void> {
  const late = setTimeout(() => void child.end('SIGKILL'), STOP_PATIENCE);
  await child.end('SIGTERM');
  clearTimeout(late);
}

function cpuOf(pid: number): Cpu {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold blanks; user and system time are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]) / TICKS, system: Number(fields[12]) / TICKS };
}

function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mebibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024;
  return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
}
