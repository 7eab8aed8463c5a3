/**
 * Loaded into the service's process before the program itself, so that a test can ask it over its channel how much
 * memory is in use once everything that can be collected is, and whether its prototypes are still clean.
 */
import process from 'node:process';

const { gc } = globalThis;

process.on('message', () => {
  for (let times = 0; times < 3; times++) gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const polluted: string[] = [];
  for (const key in {}) polluted.push(key);
  for (const prototype of [Object.prototype, Array.prototype, Function.prototype])
    polluted.push(...Object.keys(prototype));
  process.send?.({ rss, heapUsed, external, polluted });
});
process.channel?.unref();
