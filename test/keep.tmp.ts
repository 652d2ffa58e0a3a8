import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { keep, openSpool } from '../server/spool/spool.ts';
const dir = mkdtempSync(tmpdir() + '/kt-');
const context = { settings: { spoolDir: dir } } as never;
await openSpool(context);
const pdf = randomBytes(100 * 1024);
for (const par of [1, 8, 8, 16, 32, 64]) {
  const t = performance.now();
  for (let i = 0; i < 320; i += par) await Promise.all(Array.from({ length: par }, () => keep(context, pdf, { mediaType: 'application/pdf', maxBytes: 1e9 })));
  console.log(par, (320 / ((performance.now() - t) / 1000)).toFixed(0), 'keep/s');
}
