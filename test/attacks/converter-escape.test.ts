/** Documents that name what lies elsewhere: nobody is called, and no file of the machine comes onto a page. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { canaryDocument, canaryPage, redPicture } from '../../server/conversion/box/canary-documents.ts';
import { convert } from '../../server/conversion/conversion.ts';
import { findRed } from '../../server/conversion/pixels.ts';
import { KIT, openDocuments } from '../harness/converting.ts';
import { askingDrawing, askingTable, linkedObjects, linkedText } from '../harness/hostile-documents.ts';

const { dir, put, remove } = openDocuments();
const picture = put('red.png', redPicture());
let calls = 0;
const server = createServer((socket) => {
  calls += 1;
  socket.destroy();
});
const portOf = (): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

before(async () => {
  chmodSync(dir, 0o755);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  await new Promise<void>((resolve) => server.close(() => resolve()));
  remove();
});

const DOCUMENTS = [
  ['an ODT with linked objects, frames and sections', 'linked.odt', linkedText],
  ['an ODS whose cells ask the network', 'asking.ods', askingTable],
  ['a DOCX with linked objects, chunks and fields', 'linked.docx', linkedObjects],
  ['a DOCX with linked pictures and a template', 'canary.docx', canaryDocument],
  ['a page that asks by every element', 'canary.html', canaryPage],
  ['a drawing that asks by every element', 'asking.svg', askingDrawing],
] as const;

for (const [what, name, make] of DOCUMENTS) {
  test(`${what} gets nothing`, async () => {
    calls = 0;
    const path = put(name, make(portOf(), picture));
    const result = await convert(KIT, { path, format: 'application/octet-stream' }, new AbortController().signal);
    assert.equal(calls, 0, 'somebody was called');
    if (result.kind === 'refused') return assert.equal(result.reason, 'document-corrupt', result.detail);
    await using converted = result;
    assert.equal(showsRed(put(`${name}.pdf`, await converted.file.readFile())), false, 'the picture is on a page');
  });
}

test('outside of the box the same text document calls out or brings the picture onto its page', async () => {
  calls = 0;
  const path = put('free.odt', linkedText(portOf(), picture));
  const out = join(dir, 'free');
  mkdirSync(out);
  const profile = `-env:UserInstallation=file://${join(dir, 'profile')}`;
  const options = [profile, '--headless', '--norestore', '--nologo', '--convert-to', 'pdf', '--outdir', out, path];
  const child = spawn('/usr/bin/soffice', options, { stdio: 'ignore', env: { PATH: '/usr/bin:/bin', HOME: dir } });
  await new Promise<void>((resolve) => child.once('close', () => resolve()));
  const made = join(out, 'free.pdf');
  // Otherwise the silence in the box would prove nothing.
  assert.ok(calls > 0 || showsRed(made), 'the canary does not sing');
});

function showsRed(pdf: string): boolean {
  spawnSync('/usr/bin/pdftoppm', ['-r', '40', pdf, `${pdf}-seen`]);
  const folder = join(pdf, '..');
  const pictures = readdirSync(folder).filter((name) => join(folder, name).startsWith(`${pdf}-seen`));
  return pictures.some((name) => findRed(readFileSync(join(folder, name))));
}
