// Builds `web/` into `web/dist` when its sources have changed since. Plain JavaScript for Node 20.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import process from 'node:process';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const SOURCES = ['web', 'locales', 'setup/web.mjs', 'package-lock.json'];
const COMPRESSED = new Set(['.js', '.css', '.svg', '.html']);

/** Builds unless `web/dist` was made from exactly these sources; `run` starts a program and waits for it. */
export function buildWeb(root, run) {
  const dist = join(root, 'web', 'dist');
  const stamp = join(dist, '.sources');
  const digest = digestOf(root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  console.log('Building the web interface …');
  // Beside the old one and then in its place: a server that runs meanwhile never sees half of it.
  const fresh = join(root, 'web', `dist.${process.pid}`);
  const old = `${fresh}.old`;
  try {
    run(join(root, 'node_modules', '.bin', 'node'), [
      join(root, 'node_modules', 'vite', 'bin', 'vite.js'),
      ...['build', 'web', '--config', 'web/vite.config.ts', '--outDir', fresh, '--logLevel', 'error'],
    ]);
    compress(fresh);
    writeFileSync(join(fresh, '.sources'), digest);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
  }
}

function digestOf(root) {
  const hash = createHash('sha256');
  for (const path of SOURCES.flatMap((source) => filesIn(root, source)).sort()) {
    hash
      .update(`${path}\n`)
      .update(readFileSync(join(root, path)))
      .update('\n');
  }
  return hash.digest('hex');
}

function filesIn(root, source) {
  if (extname(source) !== '') return [source];
  return readdirSync(join(root, source), { withFileTypes: true }).flatMap((entry) => {
    if (/^dist(\.|$)/.test(entry.name)) return [];
    const path = `${source}/${entry.name}`;
    return entry.isDirectory() ? filesIn(root, path) : [path];
  });
}

/** Once here instead of at each request: a slow line gets the small form at no cost. */
function compress(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !COMPRESSED.has(extname(entry.name)) || entry.name === 'index.html') continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    if (bytes.length < 1024) continue;
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
}
