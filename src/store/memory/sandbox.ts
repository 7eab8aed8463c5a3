import {
  type NewSandboxMessage,
  SANDBOX_KEEPS,
  SANDBOX_TEXTS,
  type SandboxFilter,
  type SandboxMessage,
  type SandboxPage,
} from '../sandbox.ts';
import { contains } from './search.ts';

/** What the sandbox caught, oldest first. */
export class SandboxMessages {
  #kept: SandboxMessage[] = [];
  #lastId = 0;

  add(messages: readonly NewSandboxMessage[]): void {
    for (const message of messages) this.#kept.push({ ...message, id: ++this.#lastId });
    // Cut in strides, so that a full sandbox does not move ten thousand entries for every message.
    if (this.#kept.length > 2 * SANDBOX_KEEPS) this.#kept = this.#kept.slice(-SANDBOX_KEEPS);
  }

  clear(): void {
    this.#kept = [];
  }

  list(filter: SandboxFilter, page: { readonly limit: number; readonly after: string | null }): SandboxPage {
    const below = page.after === null ? Infinity : Number(page.after);
    const items: SandboxMessage[] = [];
    for (const message of this.#kept.slice(-SANDBOX_KEEPS).toReversed()) {
      if (message.id >= below || !matches(message, filter)) continue;
      if (items.length === page.limit) return { items, next: String(items.at(-1)?.id) };
      items.push(message);
    }
    return { items, next: null };
  }
}

function matches(message: SandboxMessage, filter: SandboxFilter): boolean {
  return (
    message.channel === (filter.channel ?? message.channel) &&
    message.to === (filter.to ?? message.to) &&
    message.notificationId === (filter.notificationId ?? message.notificationId) &&
    (filter.text === undefined || reads(message, filter.text))
  );
}

function reads({ to, message }: SandboxMessage, text: string): boolean {
  const texts = [to, ...SANDBOX_TEXTS.map((field) => message[field])];
  return texts.some((whole) => typeof whole === 'string' && contains(whole, text));
}
