import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseEnv } from 'node:util';
import type { Deployment } from 'kubernetes-types/apps/v1.js';
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js';
import type { ConfigMap, PersistentVolumeClaim, Service } from 'kubernetes-types/core/v1.js';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1.js';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js';
import { parse, parseAllDocuments } from 'yaml';

/** The kinds that are used, each with its type; `strictSource` has the compiler hold every object to it. */
export interface Kinds {
  readonly ConfigMap: ConfigMap;
  readonly Deployment: Deployment;
  readonly HorizontalPodAutoscaler: HorizontalPodAutoscaler;
  readonly NetworkPolicy: NetworkPolicy;
  readonly PersistentVolumeClaim: PersistentVolumeClaim;
  readonly PodDisruptionBudget: PodDisruptionBudget;
  readonly Service: Service;
}

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** What an overlay makes. */
export interface Overlay {
  readonly objects: readonly KubernetesObject[];
  /** Every file that it was made of, from its folder. */
  readonly files: readonly string[];
  readonly of: <K extends keyof Kinds>(kind: K) => readonly Kinds[K][];
}

/** All of kustomize that the overlays use; another key is not read here, and so is a mistake. */
interface Kustomization {
  readonly apiVersion: string;
  readonly kind: string;
  readonly resources: readonly string[];
  readonly namespace?: string;
  readonly configMapGenerator?: readonly { readonly name: string; readonly envs: readonly string[] }[];
  readonly images?: readonly { readonly name: string; readonly newName: string; readonly newTag: string }[];
}

const KEYS = new Set(['apiVersion', 'kind', 'resources', 'namespace', 'configMapGenerator', 'images']);

/** Reads an overlay as `kubectl kustomize` does, but for the suffix of generated names. */
export function readOverlay(folder: string): Overlay {
  const objects: KubernetesObject[] = [];
  const files: string[] = [];
  readInto(folder, objects, (file) => files.push(relative(folder, file)));
  return {
    objects,
    files,
    of: <K extends keyof Kinds>(kind: K) => objects.filter((one) => one.kind === kind) as unknown as Kinds[K][],
  };
}

function readInto(folder: string, objects: KubernetesObject[], seen: (file: string) => void): void {
  const file = join(folder, 'kustomization.yaml');
  seen(file);
  const kustomization = parse(readFileSync(file, 'utf8')) as Kustomization;
  for (const key of Object.keys(kustomization)) if (!KEYS.has(key)) throw new Error(`${file}: ${key} is not read here`);
  for (const resource of kustomization.resources) {
    const path = join(folder, resource);
    if (!resource.endsWith('.yaml')) {
      readInto(path, objects, seen);
      continue;
    }
    seen(path);
    for (const document of parseAllDocuments(readFileSync(path, 'utf8'))) {
      if (document.errors.length > 0) throw new Error(`${path}: ${document.errors.join(', ')}`);
      objects.push(document.toJS() as KubernetesObject);
    }
  }
  for (const { name, envs } of kustomization.configMapGenerator ?? []) {
    const data: Record<string, string | undefined> = {};
    for (const env of envs) {
      seen(join(folder, env));
      Object.assign(data, parseEnv(readFileSync(join(folder, env), 'utf8')));
    }
    const made = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
    objects.push(made);
  }
}

/** Every file below the folders that an overlay was made of. */
export function filesBeside(folder: string, { files }: Overlay): readonly string[] {
  const folders = new Set(files.map((file) => dirname(join(folder, file))));
  return [...folders].flatMap((one) => readdirSync(one).map((name) => relative(folder, join(one, name))));
}

/**
 * A program that compiles exactly if every object is one that Kubernetes knows: with all that is required, and without
 * a key that there is not. `types` is where its types are.
 */
export function strictSource(objects: readonly KubernetesObject[], types: string): string {
  const lines = objects.map((object, index) => {
    const { apiVersion, kind } = object;
    const group = apiVersion.includes('/') ? apiVersion.replace('.k8s.io', '') : `core/${apiVersion}`;
    return `export const object${index}: import('${types}/${group}').${kind} = ${JSON.stringify(object)};`;
  });
  return `${lines.join('\n')}\n`;
}
