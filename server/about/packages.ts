/** The packages that Platen is made of, with their licenses: what runs here, and what was built into the pages. */
import { access, readFile } from 'node:fs/promises';

const ROOT = new URL('../../', import.meta.url);

/** What `web/` imports is built into the pages, and installed for that alone; a test keeps the list equal to the imports. */
export const WEB_PACKAGES: readonly string[] = [
  '@mantine/core',
  '@mantine/form',
  '@mantine/hooks',
  '@tabler/icons-react',
  '@tanstack/react-query',
  '@tanstack/react-router',
  '@tanstack/react-virtual',
  'i18next',
  'openapi-fetch',
  'react',
  'react-dom',
  'react-i18next',
  'uqr',
];

/** Packages that name their license in a file alone, and not in what npm reads; a test finds the next one. */
const LICENSES: Readonly<Record<string, string>> = { 'png-js': 'MIT' };

export type Package = { readonly name: string; readonly version: string; readonly license: string };

type Locked = {
  readonly version?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};
type Lock = { readonly packages: Readonly<Record<string, Locked>> };

/** Lists them by name; those for other systems, which are not installed, are left out. */
export async function listPackages(): Promise<Package[]> {
  const { packages } = JSON.parse(await readFile(new URL('package-lock.json', ROOT), 'utf8')) as Lock;
  const own = Object.keys(packages['']?.dependencies ?? {});
  const found = new Set<string>();
  for (const name of [...own, ...WEB_PACKAGES]) collect(packages, { name, from: '' }, found);
  const installed = await Promise.all([...found].map(async (place) => ((await isInstalled(place)) ? [place] : [])));
  const listed = installed.flat().map((place) => {
    const { version = '', license = '' } = packages[place] ?? {};
    const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
    return { name, version, license: license === '' ? (LICENSES[name] ?? '') : license };
  });
  const unique = new Map(listed.map((one) => [`${one.name} ${one.version}`, one]));
  return [...unique.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** Adds the place of a package and of all that it needs; the nearest folder above wins, as Node looks for them. */
function collect(packages: Lock['packages'], { name, from }: { name: string; from: string }, found: Set<string>): void {
  const place = placesOf(from)
    .map((folder) => `${folder}node_modules/${name}`)
    .find((one) => one in packages);
  // A peer that somebody may bring along and nobody did.
  if (place === undefined || found.has(place)) return;
  found.add(place);
  const { dependencies, optionalDependencies } = packages[place] ?? {};
  for (const inner of Object.keys({ ...dependencies, ...optionalDependencies })) {
    collect(packages, { name: inner, from: place }, found);
  }
}

/** `node_modules/a/node_modules/b`: its own folder, that of `a`, and the top. */
function placesOf(place: string): string[] {
  if (place === '') return [''];
  return [`${place}/`, ...placesOf(place.slice(0, Math.max(0, place.lastIndexOf('node_modules/') - 1)))];
}

async function isInstalled(place: string): Promise<boolean> {
  return await access(new URL(`${place}/package.json`, ROOT)).then(
    () => true,
    () => false,
  );
}
