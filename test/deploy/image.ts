import { execFile } from 'node:child_process';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { copied, ignoring, readDockerfile, type Stage, words } from './dockerfile.ts';

const run = promisify(execFile);

/** What a container of the image would run, its root being a folder of this machine. */
export interface Image {
  readonly root: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
  readonly stopSignal: NodeJS.Signals;
}

/** Who the image's user is on this machine; undefined where it cannot be another than one's own. */
export const UNPRIVILEGED = process.getuid?.() === 0 ? { user: 'nobody', group: 'nogroup' } : undefined;

/** Does what the Dockerfile says, without a container engine: each stage has a folder for its root. */
export async function buildImage(project: string, folder: string): Promise<Image> {
  const roots = new Map<string, string>();
  let last: Image | null = null;
  for (const [index, stage] of readDockerfile(project).entries()) {
    const root = join(folder, String(index));
    last = await buildStage(project, stage, root, roots);
    if (stage.alias !== null) roots.set(stage.alias, root);
  }
  if (last === null) throw new Error('the Dockerfile builds nothing');
  return last;
}

async function buildStage(
  project: string,
  stage: Stage,
  root: string,
  others: ReadonlyMap<string, string>,
): Promise<Image> {
  const is = { workdir: root, user: 'root', stopSignal: 'SIGTERM' as NodeJS.Signals };
  const env: Record<string, string> = {};
  const commands: Record<string, readonly string[]> = {};
  for (const instruction of stage.instructions) {
    const { name, text } = instruction;
    switch (name) {
      case 'WORKDIR':
        is.workdir = join(root, text);
        await mkdir(is.workdir, { recursive: true });
        break;
      case 'COPY': {
        const { from, sources, target } = copied(instruction);
        const source = from === null ? project : others.get(from);
        if (source === undefined) throw new Error(`there is no stage ${from}`);
        for (const path of sources) await copy(source, path, target, is.workdir, from === null);
        break;
      }
      case 'RUN':
        await runLocally(text, is.workdir, root, project);
        break;
      case 'ENV':
        for (const [, key = '', value = ''] of text.matchAll(/(\w+)=(\S+)/g))
          env[key] = value.replace(':/', `:${root}/`);
        break;
      case 'USER':
        is.user = text;
        break;
      case 'STOPSIGNAL':
        is.stopSignal = text as NodeJS.Signals;
        break;
      case 'ENTRYPOINT':
      case 'CMD':
      case 'HEALTHCHECK':
        commands[name] = words(text);
        break;
      case 'EXPOSE':
        break;
      default:
        throw new Error(`${name} is not known here`);
    }
  }
  const { ENTRYPOINT = [], CMD = [], HEALTHCHECK = [] } = commands;
  return { root, ...is, env, command: [...ENTRYPOINT, ...CMD], healthcheck: HEALTHCHECK };
}

/** As COPY does it: of the project only what .dockerignore lets through, and a path that is not there is an error. */
async function copy(source: string, path: string, target: string, workdir: string, filtered: boolean): Promise<void> {
  const from = join(source, path);
  const to = target.endsWith('/') ? join(workdir, target, basename(path)) : join(workdir, target);
  const isIgnored = filtered ? ignoring(source) : () => false;
  const filter = (file: string) => !isIgnored(relative(source, file).split(sep).join('/'));
  if (!filter(from)) throw new Error(`${path} is copied and ignored`);
  await cp(from, to, { recursive: true, filter, verbatimSymlinks: true, errorOnExist: true });
}

async function runLocally(text: string, cwd: string, root: string, project: string): Promise<void> {
  const [program = '', ...args] = text.split(' ');
  if (text === 'npm ci') {
    // What that makes of the lockfile is here already: it is how the project was installed.
    await symlink(join(project, 'node_modules'), join(cwd, 'node_modules'));
  } else if (program === 'npm') {
    // What it would download may be on this machine already.
    await run(program, [...args, '--prefer-offline'], { cwd });
  } else if (program === 'install') {
    const owner = UNPRIVILEGED === undefined ? [] : [`--owner=${UNPRIVILEGED.user}`, `--group=${UNPRIVILEGED.group}`];
    const others = args.filter((arg) => !/^--(?:owner|group)=/.test(arg));
    await run(program, [...owner, ...others.map((arg) => (arg.startsWith('/') ? join(root, arg) : arg))], { cwd });
  } else {
    throw new Error(`RUN ${program} is not known here`);
  }
}
