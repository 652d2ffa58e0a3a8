/** Where the server is and with which API token: from the settings, or from the file that the first run wrote. */
import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Language } from '../locales/locales.ts';
import { isSystemError, PlatenError } from '../server/base/errors.ts';
import type { Settings } from '../server/base/settings.ts';
import { Client, problemOf } from './client.ts';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** The address that the server is asked at. Throws `invalid-setting`. */
export function serverUrl(settings: Settings): string {
  if (settings.clientUrl !== undefined) return checkedUrl(settings.clientUrl);
  // A certificate bears the public name, hardly ever the number.
  if (settings.tlsCertFile !== undefined) return settings.publicUrl;
  const anywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
  const host = anywhere[settings.host] ?? settings.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${settings.port}`;
}

function checkedUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return url.origin;
  throw new PlatenError('invalid-setting', `PLATEN_URL is not an address: ${value}`, {
    values: { name: 'PLATEN_URL' },
  });
}

export function tokenFile(settings: Settings): string {
  return join(settings.dataDir, 'cli-token');
}

/** Is it the Platen of this machine? Only there belongs the token of the file. */
export function isOwnServer(settings: Settings, url: string): boolean {
  return LOOPBACK.test(new URL(url).hostname) || url === settings.publicUrl;
}

/** Opens a client with the token at hand; without one it says what is missing: the server, the first run or the token. */
export async function openClient(settings: Settings, language: Language): Promise<Client> {
  const url = serverUrl(settings);
  const token = settings.clientToken ?? (isOwnServer(settings, url) ? await readToken(settings) : undefined);
  if (token !== undefined) return new Client({ url, language, token });
  const { due } = await new Client({ url, language }).get(z.object({ due: z.boolean() }), '/first-run');
  throw problemOf({ url, language }, due ? 'first-run-due' : 'no-token');
}

async function readToken(settings: Settings): Promise<string | undefined> {
  try {
    const token = (await readFile(tokenFile(settings), 'utf8')).trim();
    // Anything else would end in a header.
    return /^[\w-]{20,200}$/.test(token) ? token : undefined;
  } catch (error) {
    if (isSystemError(error) && ['ENOENT', 'EACCES', 'ENOTDIR', 'EISDIR'].includes(error.code ?? '')) return undefined;
    throw error;
  }
}

/** Writes the token so that only this account of the system reads it; it is whole and durable when this returns. */
export async function writeToken(settings: Settings, token: string): Promise<string> {
  const file = tokenFile(settings);
  await mkdir(settings.dataDir, { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    // The mode of `open` does not count when the file was there already.
    await chmod(temporary, 0o600);
    await handle.writeFile(`${token}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  return file;
}
