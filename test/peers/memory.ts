import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const MIB = 1024;

/** What a process holds in memory now, and at most since `resetPeak`, in MiB. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+([0-9]+) kB$`, 'm').exec(status)?.[1]) / MIB;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}

/** From now on the peak counts anew. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

/** How many files and sockets a process has open. */
export function openFilesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
