#!/usr/bin/env node
/**
 * What `npx platen` starts. Platen is TypeScript that only the Node of its own installation runs (24 or newer), so this
 * file, which any Node from 20 on understands, finds that one and hands arguments, streams, signals and exit code over.
 */
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_OPTIONS, nodeEnvironment } from '../setup/node-options.mjs';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const node = findNode();

if (node === undefined) {
  process.stderr.write(
    'Platen is not installed completely. Run "npm install" in its folder.\n' +
      'L’installazione di Platen non è completa. Esegui «npm install» nella sua cartella.\n',
  );
  process.exitCode = 1;
} else if (node === realpathSync(process.execPath)) {
  await import('./main.ts');
} else {
  hand(node);
}

/** The Node that was installed with Platen, also when npm put it one level up. */
function findNode() {
  const names = process.platform === 'win32' ? ['node.exe'] : ['node'];
  const places = [join(dirname(dirname(main)), 'node_modules', 'node', 'bin')];
  try {
    places.push(join(dirname(createRequire(main).resolve('node/package.json')), 'bin'));
  } catch {
    // Not installed anywhere above either: the message below says what to do.
  }
  const found = places.flatMap((place) => names.map((name) => join(place, name))).find((file) => existsSync(file));
  return found === undefined ? undefined : realpathSync(found);
}

function hand(program) {
  const env = { ...process.env, ...nodeEnvironment(dirname(dirname(main))) };
  const child = spawn(program, [...NODE_OPTIONS, main, ...process.argv.slice(2)], { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    process.on(signal, () => {
      // At a terminal Ctrl-C reaches both processes; a second signal would cut the clean stop short.
      const hasReachedBoth = process.stdin.isTTY === true && (signal === 'SIGINT' || signal === 'SIGQUIT');
      if (!hasReachedBoth) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`${program}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}
