export interface ServerEvent {
  readonly type: string;
  readonly data: string;
  /** Of this event or of the last one before it that had any. */
  readonly id: string | null;
}
/**
 * Server-Sent Events out of the pieces in which they arrive. `EventSource` cannot be used: it sends no `Authorization`,
 * and a token has no place in an address.
 */
export declare function eventReader(
  onEvent: (event: ServerEvent) => void,
  onRetry: (ms: number) => void,
): (piece: string) => void;
