/**
 * Writes what is made from tables in the code, the pages of `docs/` and the API's types of `web/`: `npm run docs`. The
 * house rules compare them.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adviceFor, titleFor } from '../locales/locales.ts';
import { ERRORS, type ErrorCode } from '../server/base/errors.ts';
import { SETTINGS } from '../server/base/settings.ts';
import { withFailureTables } from './failures.ts';
import { withMeasures } from './texts/measures.ts';
import { describeApi } from './web/describe.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOCS = join(ROOT, 'docs');
const API_TYPES = join(ROOT, 'web', 'api', 'schema.ts');

writeFileSync(join(DOCS, 'errors.md'), errorsPage());
writeFileSync(join(DOCS, 'settings.md'), settingsPage());
const MICROSOFT = join(DOCS, 'microsoft-365.md');
writeFileSync(MICROSOFT, withFailureTables(readFileSync(MICROSOFT, 'utf8')));
const PERFORMANCE = join(DOCS, 'performance.md');
writeFileSync(PERFORMANCE, withMeasures(readFileSync(PERFORMANCE, 'utf8')));
writeFileSync(API_TYPES, await describeApi());
spawnSync(join(ROOT, 'node_modules', '.bin', 'biome'), ['format', '--write', API_TYPES], { stdio: 'inherit' });

function errorsPage(): string {
  const codes = (Object.keys(ERRORS) as ErrorCode[]).sort();
  const sections = codes.map((code) => {
    const { status, temporary } = ERRORS[code];
    const waiting = temporary ? 'Waiting helps: Platen tries again by itself.' : 'Waiting does not help.';
    return [
      `### \`${code}\``,
      '',
      `**${titleFor('en', code)}** (${titleFor('it', code)}). HTTP status ${status}. ${waiting}`,
      '',
      `*How to solve:* ${showValues(adviceFor('en', code))}`,
      '',
    ].join('\n');
  });
  return `# Errors

Each error has a code that does not change. The API answers it as a problem (RFC 9457) with \`code\`, \`title\`,
\`detail\`, \`advice\` in the language of the caller and, where another server was involved, its exact words in \`remote\`.
This page is made from the code and \`locales/\` by \`npm run docs\`.

${sections.join('\n')}`;
}

function settingsPage(): string {
  const rows = Object.entries(SETTINGS).map(
    ([name, { default: value, meaning }]) => `| \`${name}\` | ${value} | ${meaning} |`,
  );
  return `# Settings

Read from the environment when Platen starts; everything else is set in the web interface or on the command line and
kept in the database. This page is made from \`server/base/settings.ts\` by \`npm run docs\`.

| Variable | Default | Meaning |
|---|---|---|
${rows.join('\n')}

## A file with further clouds

\`PLATEN_CLOUDS_FILE\` names a JSON file. Each entry becomes a choice beside \`worldwide\`, \`us-gcc-high\`, \`us-dod\` and
\`china\`:

\`\`\`json
{
  "name": {
    "authority": "https://login.example.org",
    "scopePrefix": "https://outlook.example.org/",
    "graph": "https://graph.example.org",
    "imap": { "host": "imap.example.org", "port": 993, "security": "tls" },
    "pop3": { "host": "pop3.example.org", "port": 995, "security": "tls" },
    "smtp": { "host": "smtp.example.org", "port": 587, "security": "starttls" }
  }
}
\`\`\`

\`authority\` is the base to which the tenant is appended. \`security\` is \`tls\`, \`starttls\` or \`none\`. Without \`pop3\` and
\`smtp\` the IMAP host is taken, with the usual ports.
`;
}

/** Values are filled in when the advice is shown; on paper they are placeholders. */
function showValues(text: string): string {
  return text.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, '`<$1>`');
}
