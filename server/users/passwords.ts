/** Passwords: what is accepted, how they are hashed, and how many hashes are made at once. */
import { hash, verify } from '@node-rs/argon2';
import { PlatenError } from '../base/errors.ts';

/**
 * Argon2id (RFC 9106), which is the library's default algorithm. 32 MiB and three passes take about 60 ms on a small
 * machine: dear enough for whoever stole the table, while two at once stay within the memory that Platen promises.
 * RFC 9106 section 4 asks for 64 MiB where memory is plenty; the guesses that reach a hash are counted as well.
 */
export const ARGON2 = { memoryCost: 32 * 1024, timeCost: 3, parallelism: 1, outputLen: 32 } as const;

/** A hash of nobody's password with the same costs: an unknown name takes as long to refuse as a known one. */
export const NOBODYS_HASH =
  '$argon2id$v=19$m=32768,t=3,p=1$kM4hTeMzOtEvQLwSsPxe3g$FgK3AD7Z2MQl8ig8WmezVCWcaEH+E6box2FrhNJl+dk';

export const MIN_PASSWORD_CHARS = 12;
/** Bounds the work for one request; far above what anybody types. */
export const MAX_PASSWORD_CHARS = 256;
const MIN_DIFFERENT_CHARS = 5;

// Each hash holds a thread of the pool and 32 MiB. Who waits behind this many others would give up anyway.
const MAX_RUNNING = 2;
const MAX_WAITING = 64;
const BUSY_RETRY_SECONDS = 5;

/** Throws `password-too-weak`. `email` is the name the password belongs to: it must not be the password as well. */
export function assertStrongPassword(password: string, email: string): void {
  const text = prepared(password);
  const weak = (message: string) =>
    new PlatenError('password-too-weak', message, { values: { minChars: MIN_PASSWORD_CHARS } });
  if ([...text].length < MIN_PASSWORD_CHARS) throw weak(`the password has fewer than ${MIN_PASSWORD_CHARS} characters`);
  if (new Set(text).size < MIN_DIFFERENT_CHARS) throw weak('the password repeats a few characters');
  const [local = ''] = email.split('@');
  if (text.toLowerCase() === email || (local.length > 3 && text.toLowerCase().replace(/[\d\W_]+$/, '') === local)) {
    throw weak('the password is the e-mail address');
  }
}

export async function hashPassword(password: string): Promise<string> {
  return await inTurn(() => hash(prepared(password), ARGON2));
}

/** Does the password belong to the hash? Without a hash the answer is no, after the same work. */
export async function isPasswordOf(passwordHash: string | undefined, password: string): Promise<boolean> {
  const matches = await inTurn(() => verify(passwordHash ?? NOBODYS_HASH, prepared(password)));
  return matches && passwordHash !== undefined;
}

// RFC 8265 section 4.2: the same password typed on two keyboards is the same string in NFC.
function prepared(password: string): string {
  return password.normalize('NFC');
}

// The threads and the memory belong to the process, so the count does too.
let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running < MAX_RUNNING) running += 1;
  else await waitForTurn();
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

function waitForTurn(): Promise<void> {
  if (waiting.length >= MAX_WAITING) {
    throw new PlatenError('too-many-requests', 'too many people are signing in at this moment', {
      retryAfterSeconds: BUSY_RETRY_SECONDS,
    });
  }
  return new Promise((resolve) => waiting.push(resolve));
}
