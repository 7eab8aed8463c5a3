import { createTransport } from 'nodemailer';
import { render } from '../../src/pipeline/render.ts';
import { builders } from '../../test/kit/builders.ts';
import { MESSAGE, TITLE, withNumber } from '../kit/bodies.ts';
import { job, timed } from '../kit/job.ts';

/** nodemailer alone, pooled as ours is: as many connections, each for as many mails as it thinks right (100). */
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
  });
  const makeMail = mailMaker();
  // Making what is to be sent is no part of sending it.
  const mails = Array.from({ length: count }, (_, number) => makeMail(number));
  const rate = await timed(async () => {
    let next = 0;
    const client = async () => {
      for (let mail = mails[next++]; mail !== undefined; mail = mails[next++]) await transport.sendMail(mail);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));
    return count;
  });
  transport.close();
  return rate;
});

/** The mails that Tidings makes of its backlog, with the same two parts and the same headers. */
function mailMaker() {
  const build = builders(() => Date.now());
  const sandboxed = new Set<never>();
  return (number: number) => {
    const recipient = { email: `user-${number}@example.com` };
    const parcel = build.parcel({ recipient, title: TITLE, message: withNumber(MESSAGE, number) });
    const [delivery] = parcel.deliveries;
    if (delivery === undefined) throw new Error('a parcel without a delivery');
    const mail = render('email', parcel.notification, delivery, sandboxed);
    if (mail?.channel !== 'email') throw new Error('no mail was made');
    const { to, subject, text, html, messageId } = mail;
    return {
      ...{ from: 'a@example.com', to, subject, text, html, messageId: `<${messageId}@example.com>` },
      headers: { ...mail.headers, 'Auto-Submitted': 'auto-generated' },
    };
  };
}
