import type { Channels } from '../channels/provider.ts';
import type { ProviderPause } from '../pipeline/provider-pauses.ts';
import type { StatusOut } from './contract/status-out.ts';

/** What the process that answers is made of; main fills it. */
export interface ProcessStatus {
  readonly node: string;
  readonly startedAt: number;
  readonly roles: readonly StatusOut['roles'][number][];
  readonly store: string;
  readonly queue: string;
  readonly channels: Channels['live'];
  readonly pauses: (now: number) => readonly ProviderPause[];
  /** Masked already. */
  readonly settings: readonly { readonly name: string; readonly value: string; readonly isDefault: boolean }[];
}
