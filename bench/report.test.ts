import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinResults, keptSections, type Results } from './report.ts';

const machine: Results['machine'] = {
  processor: 'Some',
  cores: 2,
  memoryGiB: 8,
  disk: 'ext4',
  syncMs: 1,
  kernel: '6',
  node: 'v24',
  dovecot: '2.3',
  loadBefore: 0.1,
};
const start = (readySeconds: number) => ({ start: { readySeconds, stopSeconds: 1 } }) as unknown as Partial<Results>;
const run = (at: string, more: Partial<Results>): Results => ({ at, command: 'npm run bench', machine, ...more });

test('parts that were measured one by one stand together, and of two the later one counts', () => {
  const busy = { ...machine, loadBefore: 3 };
  const joined = joinResults([
    run('2026-01-03', { ...start(2), machine: busy }),
    run('2026-01-01', { ...start(9), postgres: '18' }),
  ]);
  assert.deepEqual(
    { ...joined },
    {
      ...run('2026-01-01', { ...start(2), postgres: '18', machine: busy }),
      command: 'npm run bench -- --only …, part by part',
    },
  );
});

test('a single run stays as it is, and figures of two machines are not put side by side', () => {
  const single = run('2026-01-01', start(1));
  assert.equal(joinResults([single]), single);
  const other = run('2026-01-02', { machine: { ...machine, cores: 4 } });
  assert.throws(() => joinResults([single, other]), /different machines/);
  assert.throws(() => joinResults([]), /nothing/);
});

test('a page that is written anew keeps what tests have counted, and nothing else', () => {
  const way = '## The way of a newcomer\n\nclicks\n\n';
  const measures = '## The twelve measures\n\n| 1 |\n\n';
  assert.equal(keptSections(`# Performance\n\nold\n\n${way}${measures}## The machine\n\nold\n`), way + measures);
  assert.equal(keptSections('# Performance\n\n## The machine\n'), '');
});
