import assert from 'node:assert/strict';
import { test } from 'node:test';
import { page, runCli, startRecordedServer, TOKEN } from './testing.ts';

const printers = [
  {
    id: '01900000-0000-7000-8000-0000000000aa',
    name: 'Office',
    uri: 'ipp://printer.example/ipp/print',
    state: 'stopped',
    reasons: ['media-empty-error', 'vendor-smile'],
    message: null,
  },
  {
    id: '01900000-0000-7000-8000-0000000000bb',
    name: '日本',
    uri: 'ipps://other.example/ipp/print',
    state: 'idle',
    reasons: [],
    message: null,
  },
];

const refused = {
  type: 'urn:platen:error:device-code-refused',
  title: 'Microsoft refused the code',
  status: 502,
  code: 'device-code-refused',
  detail: 'Microsoft refused: invalid_client',
  advice: 'Allow public client flows.',
  remote: 'AADSTS7000218: The request body must contain client_assertion.',
  facts: { aadsts: 7000218, traceId: 'trace-1', correlationId: 'correlation-1', timestamp: '2026-11-22 10:00:00Z' },
  instance: 'urn:uuid:01900000-0000-7000-8000-00000000ffff',
};

test('help lists the commands of the reader’s language and ends well', async () => {
  const english = await runCli(['--help'], { env: { LANG: 'C.UTF-8' } });
  assert.equal(english.code, 0);
  assert.match(english.stdout, /jobs show <id> +tell the whole story of one document/);
  const italian = await runCli(['--help'], { env: { LC_ALL: 'it_IT.UTF-8', LANG: 'en_US' } });
  assert.match(italian.stdout, /racconta tutta la storia di un documento/);
  const chosen = await runCli(['jobs', 'list', '--help', '--language', 'it'], { env: { LANG: 'en_US' } });
  assert.match(chosen.stdout, /--state pending\|.* solo i lavori in questo stato/);
  const group = await runCli(['queues', '--help']);
  assert.match(group.stdout, /queues set/);
  assert.doesNotMatch(group.stdout, /jobs list/);
});

for (const [words, complaint] of [
  [[], /Say what to do/],
  [['frobnicate'], /There is no command “frobnicate”/],
  [['jobs'], /“jobs” needs one of: list, show/],
  [['jobs', 'show'], /Say which one/],
  [['jobs', 'show', 'a', 'b'], /“b” is one word too many/],
  [['jobs', 'list', '--foo'], /no option --foo/],
  [['jobs', 'list', '--search'], /--search needs a value/],
  [['jobs', 'list', '--search', '--json'], /--search needs a value/],
  [['first-run', '--setup-token', '--json'], /--setup-token needs a value/],
  [['jobs', 'list', '--json=yes'], /--json takes no value/],
  [['jobs', 'list', '--state', 'lost'], /--state cannot be “lost”/],
  [['jobs', 'list', '--limit', '0'], /--limit must be a number from 1/],
  [['printers', 'add', '--name', 'x'], /--uri is missing/],
  [['network', 'set'], /Say what to change/],
  [['users', 'remove', '01900000-0000-7000-8000-0000000000aa'], /--yes is missing/],
] as const) {
  test(`“${words.join(' ')}” is told as wrong usage and exits with 2`, async () => {
    await using server = await startRecordedServer({
      'GET /users/01900000-0000-7000-8000-0000000000aa': {
        body: {
          id: '01900000-0000-7000-8000-0000000000aa',
          email: 'a@b.example',
          name: 'A',
          role: 'user',
          language: 'en',
          addresses: [],
          hasPassword: false,
        },
      },
    });
    const { code, stdout, stderr } = await runCli(words, { env: server.env });
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, complaint);
    assert.ok(server.asked.every(({ method }) => method === 'GET'));
  });
}

test('a list is a table whose columns stand under each other, with reasons in words', async () => {
  await using server = await startRecordedServer({ 'GET /printers': page(...printers) });
  const { code, stdout } = await runCli(['printers', 'list'], { env: server.env });
  assert.equal(code, 0);
  assert.deepEqual(stdout.split('\n'), [
    'Id        Name    State      Reasons                 Address',
    '000000aa  Office  ✕ Stopped  no paper, vendor-smile  ipp://printer.example/ipp/print',
    '000000bb  日本    ✓ Ready                            ipps://other.example/ipp/print',
    '',
  ]);
  assert.equal(server.asked[0]?.headers.authorization, `Bearer ${TOKEN}`);
  assert.equal(server.asked[0]?.headers['accept-language'], 'en');
});

test('with --json a list is what the server told, whole', async () => {
  await using server = await startRecordedServer({ 'GET /printers': page({ ...printers[0], newField: 1 }) });
  const { stdout } = await runCli(['--json', 'printers', 'list'], { env: server.env });
  assert.deepEqual(JSON.parse(stdout), { items: [{ ...printers[0], newField: 1 }] });
});

test('a list is read to its end by its cursors, and one without an end is given up', async () => {
  let count = 0;
  await using server = await startRecordedServer({
    'GET /printers': ({ query }) =>
      query.get('cursor') === null
        ? { body: { items: [printers[0]], nextCursor: 'next' } }
        : { body: { items: [printers[1]], nextCursor: null } },
    'GET /users': () => ({ body: { items: [], nextCursor: `again-${++count}` } }),
  });
  const { stdout } = await runCli(['printers', 'list', '--json'], { env: server.env });
  assert.equal(JSON.parse(stdout).items.length, 2);
  assert.equal((await runCli(['users', 'list', '--json'], { env: server.env })).code, 0);
  assert.equal(count, 100);
});

test('a problem is told with advice, the other side’s words, its facts and the reference, and exits with 1', async () => {
  await using server = await startRecordedServer({ 'GET /printers': { status: 502, body: refused } });
  const { code, stdout, stderr } = await runCli(['printers', 'list'], { env: server.env });
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.deepEqual(stderr.split('\n'), [
    '✕ Microsoft refused the code',
    '  Detail: Microsoft refused: invalid_client',
    '  What to do: Allow public client flows.',
    '  The other side said: AADSTS7000218: The request body must contain client_assertion.',
    '  aadsts: 7000218',
    '  traceId: trace-1',
    '  correlationId: correlation-1',
    '  timestamp: 2026-11-22 10:00:00Z',
    '  Reference: urn:uuid:01900000-0000-7000-8000-00000000ffff',
    '',
  ]);
  const json = await runCli(['printers', 'list', '--json'], { env: server.env });
  assert.equal(json.code, 1);
  assert.equal(JSON.parse(json.stderr).error.facts.aadsts, 7000218);
});

test('a server that is not there, is something else, or redirects is named, and gets the token no second time', async () => {
  const gone = await runCli(['jobs', 'list'], { env: { PLATEN_URL: 'http://127.0.0.1:1', PLATEN_TOKEN: TOKEN } });
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /Platen does not answer at http:\/\/127\.0\.0\.1:1/);
  assert.match(gone.stderr, /npm start/);
  await using elsewhere = await startRecordedServer({});
  await using server = await startRecordedServer({
    'GET /jobs': { body: '<html>A proxy</html>' },
    'GET /users': { status: 302, headers: { location: `${elsewhere.url}/api/v1/users` }, body: '' },
    'GET /printers': page({ id: 7 }),
  });
  for (const list of ['jobs', 'users', 'printers']) {
    const { code, stderr } = await runCli([list, 'list'], { env: server.env });
    assert.equal(code, 1, list);
    assert.match(stderr, /is not this Platen/, list);
    assert.doesNotMatch(stderr, new RegExp(TOKEN));
  }
  assert.deepEqual(elsewhere.asked, []);
});

test('an answer without end is cut off', async () => {
  await using server = await startRecordedServer({ 'GET /printers': { body: 'x'.repeat(33 * 1024 * 1024) } });
  const { code, stderr } = await runCli(['printers', 'list'], { env: server.env });
  assert.equal(code, 1);
  assert.match(stderr, /more than 33554432 bytes/);
});

test('without a token the first run or the token is named as missing', async () => {
  let due = true;
  await using server = await startRecordedServer({ 'GET /first-run': () => ({ body: { due } }) });
  const env = { PLATEN_URL: server.url };
  assert.match((await runCli(['jobs', 'list'], { env })).stderr, /not set up yet[\s\S]*npx platen first-run/);
  due = false;
  const { code, stderr } = await runCli(['jobs', 'list', '--language', 'it'], { env });
  assert.equal(code, 1);
  assert.match(stderr, /Nessun token API disponibile/);
});

test('a token that the server refuses gets advice for the command line', async () => {
  const body = { code: 'unauthenticated', title: 'You are not signed in', status: 401, advice: 'Sign in.' };
  await using server = await startRecordedServer({ 'GET /jobs': { status: 401, body } });
  const { stderr } = await runCli(['jobs', 'list'], { env: server.env });
  assert.match(stderr, /npx platen token create --local/);
});

test('a wrong setting is named before anything is sent', async () => {
  const { code, stderr } = await runCli(['jobs', 'list'], { env: { PLATEN_PORT: 'many' } });
  assert.equal(code, 1);
  assert.match(stderr, /PLATEN_PORT/);
});

test('an object is found by its name, by either end of its id, and never by a guess', async () => {
  await using server = await startRecordedServer({
    'GET /printers': page(...printers),
    [`GET /printers/${printers[0]?.id}`]: { body: printers[0] },
  });
  for (const text of ['Office', 'office', '000000aa', printers[0]?.id ?? '']) {
    const { code, stdout } = await runCli(['printers', 'show', text], { env: server.env });
    assert.equal(code, 0, text);
    assert.match(stdout, /Name +Office/);
  }
  const several = await runCli(['printers', 'show', '01900000'], { env: server.env });
  assert.equal(several.code, 1);
  assert.match(several.stderr, /matches more than one[\s\S]*000000aa[\s\S]*000000bb/);
  const none = await runCli(['printers', 'show', 'aa'], { env: server.env });
  assert.equal(none.code, 1);
  assert.match(none.stderr, /Nothing matches “aa”[\s\S]*platen printers list/);
});

test('the id that was typed cannot lead to another address', async () => {
  await using server = await startRecordedServer({ 'GET /printers': page() });
  const { code } = await runCli(['printers', 'show', '../users/01900000'], { env: server.env });
  assert.equal(code, 1);
  assert.deepEqual(
    server.asked.map(({ path }) => path),
    ['/printers'],
  );
});

test('whoever reads only the first lines does not see a failure', async () => {
  const many = Array.from({ length: 200 }, (_, index) => ({ ...printers[0], name: `P${index}`.repeat(20) }));
  await using server = await startRecordedServer({ 'GET /printers': page(...many) });
  const { startCli } = await import('./testing.ts');
  const cli = startCli(['printers', 'list'], { env: server.env });
  cli.child.stdout?.destroy();
  const { code, stderr } = await cli.ended;
  assert.equal(code, 0);
  assert.equal(stderr, '');
});

test('a secret that begins like an option is taken as what it is', async () => {
  await using server = await startRecordedServer({
    'GET /first-run': { body: { due: true } },
    'POST /first-run': ({ body }) => ({ status: 422, body: { title: JSON.stringify(body), code: 'x', status: 422 } }),
  });
  const who = ['--email', 'ada@practice.example', '--name', 'Ada', '--password', '--quiet lanterns'];
  const { code } = await runCli(['first-run', '--setup-token', '-aT0ken_of-the-server', ...who], { env: server.env });
  assert.equal(code, 1);
  const sent = server.asked.find(({ method }) => method === 'POST')?.body as Record<string, unknown> | undefined;
  assert.deepEqual([sent?.setupToken, sent?.password], ['-aT0ken_of-the-server', '--quiet lanterns']);
});
