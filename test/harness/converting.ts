/** Documents that a test converts in the box, without a server. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../server/base/clock.ts';
import { openLog } from '../../server/base/log.ts';
import type { Settings } from '../../server/base/settings.ts';
import { convert, type Kit } from '../../server/conversion/conversion.ts';

/** Nothing is cut off, and nothing is logged. */
export const KIT: Kit = { clock: systemClock, log: openLog('silent'), settings: {} as Settings };

/** A folder of its own, to be removed when the tests of a file have ended. */
export function openDocuments() {
  const dir = mkdtempSync(join(tmpdir(), 'platen-documents-'));
  const put = (name: string, content: string | Buffer): string => {
    const path = join(dir, name);
    writeFileSync(path, content);
    return path;
  };
  /** Converts a document of which nothing is declared; a refusal fails the test. */
  const toPdf = async (path: string): Promise<{ readonly pages: number; readonly path: string }> => {
    const result = await convert(KIT, { path, format: 'application/octet-stream' }, new AbortController().signal);
    if (result.kind === 'refused') assert.fail(`${path}: ${result.reason}, ${result.detail}`);
    await using converted = result;
    return { pages: converted.pages, path: put(`${path.split('/').at(-1)}.pdf`, await converted.file.readFile()) };
  };
  return { dir, put, toPdf, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
