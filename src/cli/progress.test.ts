import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../../test/kit/manual-clock.ts';
import { recordedIo } from '../../test/kit/recorded-io.ts';
import { LiveLine } from './live-line.ts';
import { bar, Progress, timeText } from './progress.ts';
import { jsonLine, plain } from './words.ts';

function telling(columns: number | null) {
  const clock = new ManualClock();
  const io = recordedIo({ columns, clock });
  return { clock, io, progress: new Progress(io) };
}

describe('progress', () => {
  test('is a line a second where it cannot be written over, and names each piece of work', () => {
    const { clock, io, progress } = telling(null);
    for (let done = 0; done <= 3000; done += 100) {
      progress.tell('copying attempts', done, 3000);
      clock.advance(100);
    }
    progress.tell('copying inbox', 1, 1);
    progress.end();
    assert.equal(
      io.written.err,
      'copying attempts: 0 of 3,000\ncopying attempts: 1,000 of 3,000\ncopying attempts: 2,000 of 3,000\ncopying attempts: 3,000 of 3,000\ncopying inbox: 1 of 1\n',
    );
  });

  test('is a bar with rate and time left where it can, and leaves nothing behind', () => {
    const { clock, io, progress } = telling(100);
    progress.tell('copying', 500, 2000);
    clock.advance(1000);
    progress.tell('copying', 1000, 2000);
    const shown = io.written.err.split('\r').map((line) => line.trimEnd());
    // What was done before it began does not count for the speed.
    assert.equal(shown.at(-1), 'copying ██████████░░░░░░░░░░ 50 %  1,000 of 2,000  500/s  2 s left');
    progress.end();
    assert.match(io.written.err, /\r {50,}\r$/);
  });

  test('does not redraw more often than anybody can see', () => {
    const { clock, io, progress } = telling(100);
    for (let done = 0; done < 1000; done++) {
      progress.tell('copying', done, 1000);
      clock.advance(1);
    }
    assert.ok(io.written.err.split('\r').length <= 12);
  });

  test('has no bar beyond its end, and one of nothing is full', () => {
    assert.match(bar({ what: 'x', done: 12, of: 10, rate: 1 }), /█{20} 100 % {2}12 of 10 {2}1\/s$/);
    assert.match(bar({ what: 'x', done: 0, of: 0, rate: null }), /█{20} 100 %/);
  });

  test('tells the time in two units', () => {
    assert.deepEqual([0, 0.2, 61, 3600, 7500].map(timeText), ['0 s', '1 s', '1 min 1 s', '1 h 0 min', '2 h 5 min']);
  });
});

test('a live line is cut to the terminal, and a shorter one covers a longer one', () => {
  const { io } = telling(10);
  const line = new LiveLine(io);
  line.show('123456789012345');
  line.show('abc');
  line.clear();
  line.clear();
  assert.equal(io.written.err, '\r12345678…\rabc      \r   \r');
});

test('what others wrote commands no terminal', () => {
  const nasty = 'a\u001b[2Jb\u009b31mc\nd\u202ee';
  assert.equal(plain(nasty), 'a [2Jb 31mc d e');
  const line = jsonLine({ nasty });
  assert.equal(line.split('\n').length, 2);
  assert.ok(!/\p{Cc}/u.test(line.trimEnd()));
  assert.deepEqual(JSON.parse(line), { nasty });
});
