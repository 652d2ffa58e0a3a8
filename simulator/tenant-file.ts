/** Keeps the practice tenant over a restart: accounts, rights, consents, codes and tokens in one file, the signing key in another. */
import { createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SigningKey } from './identity/identity.ts';
import type { PracticeTenant } from './tenant.ts';

const STATE_FILE = 'tenant.json';
const KEY_FILE = 'signing-key.pem';
const PORTS_FILE = 'ports.json';
const VERSION = 1;

type State = Record<string, unknown>;

/** The signing key of a folder, made on first use. */
export function keptSigningKey(folder: string): SigningKey {
  const path = join(folder, KEY_FILE);
  if (existsSync(path)) return new SigningKey(createPrivateKey(readFileSync(path)));
  const key = new SigningKey();
  replaceFile(path, key.pem);
  return key;
}

/** Writes the state as a whole; a crash leaves the former or the new file, never half of one. */
export function saveTenant(tenant: PracticeTenant, folder: string): void {
  const state: State = { version: VERSION, clockOffsetMs: tenant.clock.offsetMs, settings: tenant.settings };
  for (const name of LISTS) state[name] = tenant[name];
  for (const name of MAPS) {
    const entries: [string, unknown][] = [...tenant[name]];
    state[name] = entries.map(([key, value]) => [key, value instanceof Set ? [...value] : value]);
  }
  replaceFile(join(folder, STATE_FILE), JSON.stringify(state));
}

/** Reads a state back; says whether there was one. */
export function loadTenant(tenant: PracticeTenant, folder: string): 'loaded' | 'fresh' {
  const path = join(folder, STATE_FILE);
  if (!existsSync(path)) return 'fresh';
  const state = JSON.parse(readFileSync(path, 'utf8'), reviveDate) as State;
  if (state.version !== VERSION) return 'fresh';
  Object.assign(tenant.settings, state.settings);
  for (const name of LISTS) {
    const list = tenant[name] as unknown[];
    list.splice(0, list.length, ...(state[name] as unknown[]));
  }
  for (const name of MAPS) {
    const map = tenant[name] as Map<string, unknown>;
    map.clear();
    for (const [key, value] of state[name] as [string, unknown][]) {
      map.set(key, name === 'consents' ? new Set(value as string[]) : value);
    }
  }
  const offsetMs = Number(state.clockOffsetMs);
  tenant.clock.advance(offsetMs - tenant.clock.offsetMs);
  return 'loaded';
}

/** The ports of the last run, so that addresses stored by a client stay good over a restart. */
export function loadPorts(folder: string): Record<string, number> {
  const path = join(folder, PORTS_FILE);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, number>) : {};
}

export function savePorts(folder: string, ports: Readonly<Record<string, number>>): void {
  replaceFile(join(folder, PORTS_FILE), JSON.stringify(ports));
}

const LISTS = ['tenants', 'accounts'] as const;
const MAPS = [
  'apps',
  'sharedMailboxes',
  'consents',
  'deviceCodes',
  'authorizationCodes',
  'refreshTokens',
  'accessTokens',
] as const;

/** Instants are the fields whose names end in "At", here as everywhere in the simulator. */
function reviveDate(key: string, value: unknown): unknown {
  return key.endsWith('At') && typeof value === 'string' ? new Date(value) : value;
}

function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.draft`, text, { mode: 0o600 });
  renameSync(`${path}.draft`, path);
}
