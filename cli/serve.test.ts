import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Loads the whole server as `serve` does, after `before`, and tells whether Node compiled its client for fetch. */
function loadsFetch(before: string): boolean {
  const script = `const { forgetWebSockets } = await import('./cli/serve.ts');
    ${before}
    await import('./server/main.ts');
    await import('./server/rooms.ts');
    console.log(process.moduleLoadList.some((name) => name.includes('deps/undici')));
    process.exit(0);`;
  const options = ['--input-type=module', '--eval', script];
  return execFileSync(process.execPath, options, { cwd: ROOT, encoding: 'utf8' }).trim() === 'true';
}

test('the server starts without what Node has for fetch and WebSocket', () => {
  assert.equal(loadsFetch('forgetWebSockets();'), false);
  assert.equal(loadsFetch(''), true, 'it is no longer needed');
});
