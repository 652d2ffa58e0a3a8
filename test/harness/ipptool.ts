/** The printer as `ipptool` of CUPS sees it (Debian: cups-ipp-utils). */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { getProgram } from './processes.ts';

const run = promisify(execFile);
const TIMEOUT_MS = 20_000;

const QUESTION = `{
  OPERATION Get-Job-Attributes
  GROUP operation-attributes-tag
  ATTR charset attributes-charset utf-8
  ATTR language attributes-natural-language en
  ATTR uri printer-uri $uri
  ATTR integer job-id $job
  STATUS successful-ok
}
`;

/** Asks a printer for one of its jobs; answers the attributes in ipptool's words. */
export async function askIpptool(uri: string, jobId: number): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'ipptool-'));
  try {
    const file = join(folder, 'job.test');
    writeFileSync(file, QUESTION);
    const options = ['-tv', '-d', `job=${jobId}`, uri, file];
    const { stdout } = await run(getProgram('ipptool', 'cups-ipp-utils'), options, { timeout: TIMEOUT_MS });
    const attributes = [...stdout.matchAll(/^\s+([a-z][a-z0-9-]*) \([^)]*\) = (.*)$/gm)];
    // ipptool escapes brackets, quotes and backslashes in what it prints.
    const plain = (value = '') => value.replace(/\\(.)/g, '$1');
    return Object.fromEntries(attributes.map(([, name, value]) => [name ?? '', plain(value)]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
