import { type AddressInfo, createServer, type Socket } from 'node:net';

/**
 * A mail server that takes everything and keeps nothing, as little as a client accepts: what is measured is who sends.
 * Knows PIPELINING's order of commands, not its batching: clients that wait for each answer are served as well.
 */
const END = '\r\n.\r\n';

function serve(socket: Socket): void {
  let held = '';
  let inContent = false;
  const say = (line: string) => socket.write(`${line}\r\n`);
  socket.setNoDelay(true).setEncoding('latin1');
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => {
    held += text;
    for (;;) {
      const end = inContent ? END : '\r\n';
      const at = held.indexOf(end);
      if (at === -1) return;
      const line = held.slice(0, at);
      held = held.slice(at + end.length);
      if (inContent) {
        inContent = false;
        say('250 2.0.0 Taken');
      } else if (answer(line.slice(0, 4).toUpperCase())) {
        return;
      }
    }
  });
  say('220 sink.example.com ESMTP');

  /** True: the connection is at its end. */
  function answer(verb: string): boolean {
    switch (verb) {
      case 'EHLO':
        say('250-sink.example.com\r\n250-8BITMIME\r\n250 SMTPUTF8');
        return false;
      case 'DATA':
        inContent = true;
        say('354 Go on');
        return false;
      case 'QUIT':
        socket.end('221 2.0.0 Bye\r\n');
        return true;
      default:
        say('250 2.1.0 Ok');
        return false;
    }
  }
}

const server = createServer(serve);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`ready smtp://127.0.0.1:${port}\n`);
});
