/** The inside of a program that `runJob` runs: it is given options as JSON and says its result as JSON. */
export async function job(work: (options: JobOptions) => Promise<JobRate>): Promise<void> {
  // Whoever started it is a file of this folder, and gave what this job reads.
  const options = JSON.parse(process.argv[2] ?? '{}') as JobOptions;
  const result = await work(options);
  process.stdout.write(`RESULT ${JSON.stringify(result)}\n`);
}

/** What a job may be told. Each reads what it needs. */
export interface JobOptions {
  /** Of whom it works with: a file, a URL, or a port of this machine. */
  readonly path: string;
  readonly url: string;
  readonly port: number;
  /** How much it does, or how long. */
  readonly count: number;
  readonly seconds: number;
  /** What goes into one call, and how many calls are under way at once. */
  readonly items: number;
  readonly atOnce: number;
}

/** What a job that works through something says. */
export interface JobRate {
  readonly count: number;
  readonly seconds: number;
  readonly cpu: { readonly user: number; readonly system: number };
}

/** Times `work`, which answers how much it did, and what it cost this process. */
export async function timed(work: () => Promise<number>): Promise<JobRate> {
  const begun = performance.now();
  const before = process.cpuUsage();
  const count = await work();
  const { user, system } = process.cpuUsage(before);
  return { count, seconds: (performance.now() - begun) / 1000, cpu: { user: user / 1e6, system: system / 1e6 } };
}
