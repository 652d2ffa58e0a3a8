import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli } from './testing.ts';

const ID = '019a0000-0000-7000-8000-0000000000b1';
const DOCUMENT = Buffer.concat([
  Buffer.from('%PDF-1.7\n'),
  Buffer.from([0xff, 0xfe, 0, 13, 10]),
  Buffer.alloc(300_000, 7),
]);

test('the document of a job becomes a new file that its owner alone may read, or none', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'platen-cli-document-'));
  const asked: string[] = [];
  let isCut = false;
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    if (request.url?.includes('c2') === true) {
      const told = { code: 'forbidden', title: 'You may not do this', status: 403 };
      response.writeHead(403, { 'content-type': 'application/problem+json' }).end(JSON.stringify(told));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': DOCUMENT.length });
    if (isCut) response.write(DOCUMENT.subarray(0, 1_000), () => response.destroy());
    else response.end(DOCUMENT);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { PLATEN_URL: url, PLATEN_TOKEN: 'token', PLATEN_DATA_DIR: dir };
  const file = join(dir, 'came.pdf');

  const saved = await runCli(['jobs', 'document', ID, file, '--original'], { env });
  assert.equal(saved.code, 0, saved.stderr);
  assert.match(saved.stdout, /came\.pdf {2}\d/);
  assert.deepEqual(readFileSync(file), DOCUMENT);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(asked.at(-1), `/api/v1/jobs/${ID}/document?as=original Bearer token`);

  const again = await runCli(['jobs', 'document', ID, file], { env });
  assert.deepEqual([again.code, /cannot be written/.test(again.stderr)], [1, true], again.stderr);
  assert.deepEqual(readFileSync(file), DOCUMENT, 'a file that is there stays as it is');

  const other = join(dir, 'other.pdf');
  const foreign = await runCli(['jobs', 'document', ID.replace('b1', 'c2'), other], { env });
  assert.deepEqual([foreign.code, /You may not do this/.test(foreign.stderr)], [1, true], foreign.stderr);
  isCut = true;
  const half = await runCli(['jobs', 'document', ID, other], { env });
  assert.notEqual(half.code, 0);
  assert.equal(existsSync(other), false, 'half of a document is none');
});
