
import { spawn } from 'node:child_process';
import { startTestServer } from '/work/main/test/harness/database.ts';
await using server = await startTestServer();
const child = spawn(process.execPath, ['--test', '--test-reporter=spec', ...process.argv.slice(2)], { cwd: '/work/main', stdio: 'inherit', env: { ...process.env, PLATEN_TEST_SERVER: JSON.stringify(server.target) } });
await new Promise((r) => child.on('exit', r));
