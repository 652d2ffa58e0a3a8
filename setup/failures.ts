/** The tables of failures for `docs/microsoft-365.md`, from the catalogue that Platen itself explains by. */
import { adviceFor, textFor, titleFor } from '../locales/locales.ts';
import { AADSTS } from '../server/protocols/microsoft/aadsts.ts';
import { ANSWERS } from '../server/protocols/microsoft/answers.ts';
import { CAUSES, CAUSES_OF, type Cause } from '../server/protocols/microsoft/causes.ts';
import { commandOf } from '../server/protocols/microsoft/commands.ts';
import type { Cure } from '../server/protocols/microsoft/failure.ts';

const START = '<!-- failures: made by `npm run docs` -->';
const END = '<!-- end of failures -->';

/** Replaces what stands between the two marks. */
export function withFailureTables(page: string): string {
  const head = page.slice(0, page.indexOf(START) + START.length);
  return `${head}\n\n${failureTables()}\n${page.slice(page.indexOf(END))}`;
}

function failureTables(): string {
  const numbers = [...AADSTS].sort(([left], [right]) => left - right);
  const identity = numbers.map(([number, cure]) =>
    row([
      String(number),
      textFor('en', `aadsts.${number}.meaning`),
      textFor('en', `aadsts.${number}.action`),
      ...rest(cure),
    ]),
  );
  const answers = ANSWERS.map((answer) => {
    const { id, code } = answer;
    const meaning = code === undefined ? textFor('en', `answers.${id}.meaning`) : titleFor('en', code);
    const action = code === undefined ? textFor('en', `answers.${id}.action`) : adviceFor('en', code);
    return row([`\`${id}\``, meaning, action, ...rest(answer)]);
  });
  const heads = (name: string) => [
    row([name, 'Meaning', 'What to do', 'Who', 'Does waiting help?', 'Where']),
    '|---|---|---|---|---|---|',
  ];
  return [
    '### Numbers of the sign-in (AADSTS)',
    '',
    ...heads('Number'),
    ...identity,
    '',
    '### Answers of the mail servers, network and TLS',
    '',
    ...heads('Reference'),
    ...answers,
    '',
    '### Answers with several causes',
    '',
    'The most likely cause stands first. The connection check leaves out what its other tests have ruled out, and lists none',
    'when a test has told the cause apart. The commands are those of Exchange Online PowerShell; they show and change nothing.',
    '',
    row(['Reference', 'Cause', 'How to find out', 'Command', 'Who']),
    '|---|---|---|---|---|',
    ...causes(),
    '',
  ].join('\n');
}

function causes(): string[] {
  const names = { mailbox: '<mailbox>', account: '<account>' };
  return Object.entries(CAUSES_OF).flatMap(([id, ids]) =>
    ids.map((cause, at) => {
      const { who, command }: Cause = CAUSES[cause];
      const [meaning, how] = [textFor('en', `causes.${cause}.meaning`), textFor('en', `causes.${cause}.how`)];
      const shown = command === undefined ? '' : `\`${commandOf(command, names)}\``;
      return row([
        at === 0 ? `\`${id}\`` : '',
        `${at + 1}. ${meaning}`,
        how,
        shown,
        textFor('en', `explain.who.${who}`),
      ]);
    }),
  );
}

function rest({ who, waiting, place }: Cure): string[] {
  const where = place === undefined ? '' : textFor('en', `places.${place}`);
  return [textFor('en', `explain.who.${who}`), textFor('en', `explain.waiting.${waiting}`), where];
}

function row(cells: readonly string[]): string {
  const shown = cells.map((cell) =>
    cell
      .replaceAll(/\{\{\s*(\w+)\s*\}\}/g, '`<$1>`')
      .replaceAll('|', '\\|')
      .replaceAll('\n', ' '),
  );
  return `| ${shown.join(' | ')} |`;
}
