import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { writeMessage } from '../harness/intake.ts';
import { letters, openReplyRoom, writeSeveral } from '../harness/reply-room.ts';
import { eventually } from '../harness/time.ts';

const LONG = { timeoutMs: 150_000 };
/** Each level is measured twice by the one around it, so that a page of a few kilobytes takes longer than anybody lives. */
const LEVELS = 80;
const ENDLESS = Buffer.from(
  `<!DOCTYPE html><html><body>${'<div style="display: flex">a'.repeat(LEVELS)}${'</div>'.repeat(LEVELS)}</body></html>`,
);
const ORDINARY = Buffer.from('<!DOCTYPE html><html><body><p>The menu of the week</p></body></html>');

/** How many programs that open pages this process has started, and those that were started by them. */
function countPagePrograms(): number {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).trim().split('\n');
  const all = lines.map((line) => line.trim().split(/\s+/)).map(([id, parent, ...args]) => ({ id, parent, args }));
  const own = new Set([String(process.pid)]);
  // Children follow their parents in age; a list by number may not, so it is gone through until nothing is found.
  for (let size = 0; size !== own.size; ) {
    size = own.size;
    for (const { id = '', parent = '' } of all) if (own.has(parent)) own.add(id);
  }
  return all.filter(({ id = '', args }) => own.has(id) && args.join(' ').includes('python3 /inside/page.py')).length;
}

test('a page that keeps its converter busy without end is tried once and refused in words, and nobody waits for it', async () => {
  await using room = await openReplyRoom({ mode: 'direct' });
  const { watched, context, paper } = room;
  watched.deliver(writeSeveral('Endless', [{ name: 'endless.html', content: ENDLESS }]));
  await eventually(() => countPagePrograms() > 0, { ...LONG, what: 'the page is being opened' });
  for (const subject of ['One', 'Two', 'Three']) watched.deliver(writeMessage({ subject }));
  watched.deliver(writeSeveral('Menu', [{ name: 'menu.html', content: ORDINARY }]));
  const jobOf = async (title: string) => (await watched.jobs()).find((job) => job.title === title);
  await eventually(() => paper.printed().length === 4, { ...LONG, what: 'the others are printed' });
  assert.equal((await jobOf('endless.html'))?.state, 'pending', 'it is still being opened');
  const letter = await eventually(
    async () => (await letters(context)).find(({ text }) => text.includes('endless.html')),
    { ...LONG, what: 'its sender is answered' },
  );
  assert.match(letter.text, /The document took too long to prepare/);
  const job = await jobOf('endless.html');
  assert.deepEqual([job?.state, job?.problem?.code], ['aborted', 'conversion-timeout']);
  await eventually(() => countPagePrograms() === 0, { what: 'no program of it is left' });
  const claims = await context.db
    .selectFrom('jobs')
    .select('prepare_fence')
    .where('title', '=', 'endless.html')
    .execute();
  assert.deepEqual(claims, [{ prepare_fence: 1 }]);
  assert.equal(paper.printed().length, 4);
});
