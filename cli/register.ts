/** `register`: how to register Platen with Microsoft, as steps or as a script, and the ids out of what it printed. */
import { z } from 'zod';
import { type Call, type Command, readList } from './command.ts';
import { readPassword } from './prompt.ts';

const FORMS = ['steps', 'script', 'powershell', 'manifest', 'old-manifest', 'graph', 'consent'] as const;
const CLOUD_SHELL = 'https://shell.azure.com';

const kit = z.looseObject({
  steps: z.array(
    z.looseObject({
      text: z.string(),
      path: z.record(z.string(), z.string()),
      address: z.string().nullable(),
      value: z.string().nullable(),
    }),
  ),
  manifest: z.string(),
  oldManifest: z.string(),
  azureCli: z.string(),
  powershell: z.string(),
  exchange: z.string().nullable(),
  graph: z.array(z.looseObject({ method: z.string(), url: z.string(), body: z.string().nullable() })),
  consentLink: z.string().nullable(),
});
type Kit = z.infer<typeof kit>;
const ids = z.looseObject({ clientId: z.string(), tenantId: z.string(), isNamed: z.boolean() });

const register: Command = {
  words: ['register'],
  options: {
    as: { value: 'name', choices: FORMS },
    name: { value: 'text' },
    uses: { value: 'list' },
    cloud: { value: 'name' },
    multitenant: {},
    mailbox: { value: 'address', about: 'mailbox-smtp' },
    'client-id': { value: 'text' },
    'tenant-id': { value: 'text' },
    paste: { value: 'text' },
  },
  async run(call) {
    const pasted = call.find('paste');
    if (pasted === undefined) await showKit(call);
    else await readPasted(call, pasted);
  },
};

async function showKit(call: Call): Promise<void> {
  const { screen, find, has, language } = call;
  const client = await call.openClient();
  const query = {
    name: find('name'),
    uses: readList(call, 'uses')?.join(','),
    cloud: find('cloud'),
    audience: has('multitenant') ? 'multiple' : undefined,
    mailbox: find('mailbox'),
    clientId: find('client-id'),
    tenantId: find('tenant-id'),
  };
  const made = await client.get(kit, '/registration', query);
  if (screen.isJson) return screen.json(made);
  const form = find('as') ?? 'steps';
  if (form !== 'steps') return screen.line(textOf(made, form));
  made.steps.forEach((step, index) => {
    screen.line({ text: `${index + 1}  ${step.text}`, tone: 'strong' });
    screen.line(`   ${step.path[language] ?? ''}`);
    if (step.address !== null) screen.line(`   ${step.address}`);
    for (const value of step.value?.split('\n') ?? []) screen.line(`     ${value}`);
  });
  screen.line('');
  screen.say('register.run', { address: CLOUD_SHELL });
  screen.line('  npx platen register --as script');
}

function textOf(made: Kit, form: string): string {
  switch (form) {
    case 'script':
      return made.azureCli;
    case 'powershell':
      return made.powershell;
    case 'manifest':
      return made.manifest;
    case 'old-manifest':
      return made.oldManifest;
    case 'graph':
      return made.graph.map(({ method, url, body }) => `${method} ${url}\n${body ?? ''}`).join('\n');
    default:
      return made.consentLink ?? '';
  }
}

async function readPasted(call: Call, pasted: string): Promise<void> {
  const { screen } = call;
  const client = await call.openClient();
  const text = pasted === '-' ? await readAll() : await readPassword(pasted);
  const read = await client.ask(ids, { method: 'POST', path: '/registration/parse', body: { text } });
  if (screen.isJson) return screen.json(read);
  screen.details([
    [screen.text('names.client-id'), read.clientId],
    [screen.text('names.tenant-id'), read.tenantId],
  ]);
  if (!read.isNamed) screen.line({ text: screen.text('register.guess'), tone: 'warning' });
  screen.say('register.next');
  screen.line(`  npx platen connect --client-id ${read.clientId} --tenant-id ${read.tenantId}`);
}

const MAX_CHARS = 65_536;

async function readAll(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_CHARS) break;
  }
  return text.slice(0, MAX_CHARS);
}

export const registerCommands: readonly Command[] = [register];
