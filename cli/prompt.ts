/** Asks the person at the terminal; without one, what is missing is a mistake in how the command was written. */
import { createInterface } from 'node:readline/promises';
import { plain } from './plain.ts';
import { Problem, UsageError } from './problem.ts';
import type { Screen } from './screen.ts';

export const EXIT_INTERRUPTED = 130;

const MAX_STDIN_CHARS = 4096;

export function canAsk(screen: Screen): boolean {
  return !screen.isJson && process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** Asks until something is typed; `option` is what could have been given instead. */
export async function ask(
  screen: Screen,
  question: { readonly text: string; readonly option: string },
): Promise<string> {
  if (!canAsk(screen)) throw new UsageError('missing-option', { name: question.option });
  for (;;) {
    const answer = (await readLine(`${plain(question.text)} `)).trim();
    if (answer !== '') return answer;
  }
}

/** Asks once; an empty answer is an answer. */
export async function askOnce(text: string): Promise<string> {
  return (await readLine(`${plain(text)} `)).trim();
}

async function readLine(prompt: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // Ctrl-C and the end of the input end the command, as they would anywhere else.
  const ended = new AbortController();
  terminal.on('SIGINT', () => process.exit(EXIT_INTERRUPTED));
  terminal.on('close', () => ended.abort());
  try {
    return await terminal.question(prompt, { signal: ended.signal });
  } catch (error) {
    if (ended.signal.aborted) process.exit(EXIT_INTERRUPTED);
    throw error;
  } finally {
    terminal.close();
  }
}

/** A new password, typed twice without being shown. */
export async function askNewPassword(screen: Screen): Promise<string> {
  if (!canAsk(screen)) throw new UsageError('missing-option', { name: 'password' });
  for (;;) {
    const password = await readHidden(`${screen.text('ask.password')} `);
    if (password === (await readHidden(`${screen.text('ask.password-again')} `))) return password;
    screen.complain(screen.text('ask.password-differs'));
  }
}

/** `-` stands for the first line of standard input: there a password is in no list of processes and in no history. */
export async function readPassword(given: string): Promise<string> {
  if (given !== '-') return given;
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.includes('\n') || text.length > MAX_STDIN_CHARS) break;
  }
  return text.split(/\r?\n/, 1)[0] ?? '';
}

async function readHidden(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  // First silence, then the question: who types at once must not see the first letters either.
  stdin.setRawMode(true);
  stderr.write(prompt);
  stdin.setEncoding('utf8');
  stdin.resume();
  try {
    return await new Promise((resolve) => {
      let typed = '';
      const read = (chunk: string) => {
        for (const character of chunk) {
          if (character === '\u0003' || character === '\u0004') process.exit(EXIT_INTERRUPTED);
          if (character === '\r' || character === '\n') {
            stdin.off('data', read);
            resolve(typed);
            return;
          }
          typed = character === '\u007f' || character === '\b' ? [...typed].slice(0, -1).join('') : typed + character;
        }
      };
      stdin.on('data', read);
    });
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

/** Removing is asked about at a terminal; a script says `--yes`. */
export async function confirmRemoval(
  screen: Screen,
  removal: { readonly what: string; readonly isSure: boolean },
): Promise<void> {
  if (removal.isSure) return;
  if (!canAsk(screen)) throw new UsageError('missing-option', { name: 'yes' });
  const answer = await askOnce(screen.text('ask.remove', { what: removal.what }));
  if (answer.toLowerCase() === screen.text('ask.yes')) return;
  throw new Problem({ code: 'not-removed', title: screen.text('ask.nothing-removed') });
}
