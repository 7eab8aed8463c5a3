import { randomUUID } from 'node:crypto';
import { Agent, request } from 'undici';
import { MESSAGE, TITLE, withNumber } from '../kit/bodies.ts';
import { job, timed } from '../kit/job.ts';

/** undici's `request` alone: posts of about the size of our webhooks, with as many headers, on kept connections. */
await job(async ({ url, count, atOnce }) => {
  const dispatcher = new Agent({ connections: atOnce });
  const rate = await timed(async () => {
    let next = 0;
    const client = async () => {
      while (next < count) {
        const number = next++;
        const data = { id: randomUUID(), title: TITLE, message: withNumber(MESSAGE, number), created_at: Date.now() };
        const { body } = await request(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'webhook-id': data.id,
            'webhook-timestamp': String(data.created_at),
            'webhook-signature': 'v1,MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=',
          },
          body: JSON.stringify({ type: 'notification', data }),
          dispatcher,
        });
        await body.dump();
      }
    };
    await Promise.all(Array.from({ length: atOnce }, client));
    return count;
  });
  await dispatcher.close();
  return rate;
});
