import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { openLog } from '../../base/log.ts';
import { findRed } from '../pixels.ts';
import { Walls } from './canary.ts';
import { canaryDocument, canaryPage, redPicture, targetsOf } from './canary-documents.ts';

const dir = mkdtempSync(join(tmpdir(), 'platen-canary-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const never = new AbortController().signal;

test('the test documents ask for addresses by http, https and ftp, and for files of the machine and of shares', () => {
  const targets = targetsOf(4711, '/tmp/red.png');
  const kinds = [
    /^http:\/\//,
    /^https:\/\//,
    /^ftp:\/\//,
    /^file:\/\/\/[^/]/,
    /^\\\\127/,
    /^file:\/\/\/\//,
    /^vnd\.sun\.star\./,
  ];
  for (const kind of kinds) assert.equal(targets.filter((target) => kind.test(target)).length, 1, String(kind));
  const inDocument = canaryDocument(4711, '/tmp/red.png').toString('latin1');
  const inPage = canaryPage(4711, '/tmp/red.png').toString('latin1');
  for (const target of targets) {
    assert.ok(inDocument.includes(`Target="${target}"`), target);
    for (const ask of ['<img src', '<iframe src', '<object data', 'href', 'image href']) {
      assert.ok(inPage.includes(`${ask}="${target}"`), `${ask} ${target}`);
    }
    assert.ok(inPage.includes(`@import url("${target.replaceAll('\\', '\\\\')}")`), target);
  }
});

test('no call and no file comes out of the box, whatever LibreOffice and WeasyPrint are asked for', async () => {
  const walls = new Walls({ clock: systemClock, log: openLog('silent') });
  const state = await walls.test(never);
  assert.deepEqual([state.level, state.canary], ['A', 'kept'], state.detail);
  assert.match(state.detail, /LibreOffice and WeasyPrint/);
  assert.equal(await walls.mayOpenRisky(never), true);
});

test('without the box the same document calls out or brings a file of the machine onto its page', async () => {
  let calls = 0;
  const server = createServer((socket) => {
    calls += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const picture = join(dir, 'red.png');
  writeFileSync(picture, redPicture(), { mode: 0o644 });
  chmodSync(dir, 0o755);
  writeFileSync(join(dir, 'canary.docx'), canaryDocument(port, picture));
  const profile = `-env:UserInstallation=file://${join(dir, 'profile')}`;
  const plain = [profile, '--headless', '--norestore', '--nologo', '--convert-to', 'pdf', '--outdir', dir];
  await run('/usr/bin/soffice', [...plain, join(dir, 'canary.docx')]);
  assert.ok(existsSync(join(dir, 'canary.pdf')), 'LibreOffice made no page');
  spawnSync('/usr/bin/pdftoppm', ['-r', '40', join(dir, 'canary.pdf'), join(dir, 'seen')]);
  const sawRed = ['seen-1.ppm', 'seen-2.ppm'].some(
    (name) => existsSync(join(dir, name)) && findRed(readFileSync(join(dir, name))),
  );
  await new Promise<void>((resolve) => server.close(() => resolve()));
  // Otherwise the silence in the box would prove nothing.
  assert.ok(calls > 0 || sawRed, 'the canary does not sing');
});

/** While it runs, the listener of this process must go on answering. */
async function run(program: string, options: readonly string[]): Promise<void> {
  const child = spawn(program, options, { stdio: 'ignore', env: { PATH: '/usr/bin:/bin', HOME: dir } });
  await new Promise<void>((resolve) => child.once('close', () => resolve()));
}
