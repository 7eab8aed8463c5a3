import { createTransport } from 'nodemailer';
import { MESSAGE, TITLE, withNumber } from '../kit/bodies.ts';
import { job, timed } from '../kit/job.ts';

/** nodemailer alone, pooled as ours is: as many mails as its connections take. */
const CONNECTIONS = 10;
/** Mails handed to it at once. */
const AT_ONCE = 64;

await job(async ({ port, count }) => {
  const transport = createTransport({
    host: '127.0.0.1',
    port,
    secure: false,
    ignoreTLS: true,
    pool: true,
    maxConnections: CONNECTIONS,
    maxMessages: Number.POSITIVE_INFINITY,
  });
  const rate = await timed(async () => {
    let next = 0;
    const client = async () => {
      while (next < count) {
        const number = next++;
        await transport.sendMail({
          from: 'tidings@example.com',
          to: `user-${number}@example.com`,
          subject: TITLE,
          text: withNumber(MESSAGE, number),
        });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));
    return count;
  });
  transport.close();
  return rate;
});
