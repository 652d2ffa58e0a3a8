import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { printerControlRoutes } from './control.ts';
import { type RunningPrinter, startPrinter } from './server.ts';

async function start(t: TestContext, name: string): Promise<RunningPrinter> {
  const outputDir = mkdtempSync(join(tmpdir(), 'printer-test-'));
  const printer = await startPrinter({ outputDir, name });
  t.after(async () => {
    await printer.close();
    rmSync(outputDir, { recursive: true, force: true });
  });
  return printer;
}

async function call(printer: RunningPrinter, method: string, path: string, body?: unknown): Promise<unknown> {
  const route = printerControlRoutes(printer).find((each) => each.method === method && each.path === path);
  assert.ok(route, `there is no ${method} ${path}`);
  return route.handler(body);
}

test('the control surface sets a fault, shows it and clears it', async (t) => {
  const printer = await start(t, 'practice');
  const stopped = await call(printer, 'POST', '/printer/fault', { kind: 'out-of-paper', times: 2 });
  const { name, uri } = printer;
  const reasons = ['media-empty-error', 'media-needed'];
  assert.deepEqual(stopped, { name, uri, state: 'stopped', reasons, faults: [{ kind: 'out-of-paper', times: 2 }] });
  assert.deepEqual(await call(printer, 'GET', '/printer'), stopped);
  const idle = await call(printer, 'POST', '/printer/fault', { clear: 'out-of-paper' });
  assert.deepEqual(idle, { name, uri, state: 'idle', reasons: ['none'], faults: [] });
  for (const path of ['/printer/printed', '/printer/jobs', '/printer/requests']) {
    assert.deepEqual(await call(printer, 'GET', path), []);
  }
});

test('the control surface refuses what it cannot read and changes nothing', async (t) => {
  const printer = await start(t, 'practice');
  const slow = { kind: 'slow', pagesPerSecond: 0 };
  const bodies = [null, 5, {}, { kind: 'fire' }, { kind: 'offline', manner: 'shy' }, slow, { clear: 'fire' }];
  for (const body of bodies) await assert.rejects(call(printer, 'POST', '/printer/fault', body), TypeError);
  await assert.rejects(call(printer, 'POST', '/printer/cancel', { jobId: '1' }), TypeError);
  assert.deepEqual(await call(printer, 'POST', '/printer/cancel', { jobId: 1 }), { canceled: false });
  assert.deepEqual(printer.control.faults(), []);
});

test('a printer named after a fault starts with it', async (t) => {
  const printer = await start(t, 'hall-out-of-paper');
  assert.equal(printer.control.state().state, 'stopped');
});

test('a printer whose port is taken does not start, and leaves nothing behind', async (t) => {
  const printer = await start(t, 'practice');
  const outputDir = mkdtempSync(join(tmpdir(), 'printer-test-'));
  const { TMPDIR } = process.env;
  process.env.TMPDIR = outputDir; // so that only the scratch folder of this printer is seen
  t.after(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    rmSync(outputDir, { recursive: true, force: true });
  });
  await assert.rejects(startPrinter({ outputDir, name: 'second', port: printer.port }), { code: 'EADDRINUSE' });
  assert.deepEqual(readdirSync(outputDir), []);
});
