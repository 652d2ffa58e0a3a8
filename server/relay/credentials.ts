/** Passwords of devices: made, kept and compared. */
import { type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { digestToken, newToken } from '../base/secrets.ts';

/**
 * scrypt (RFC 7914) with 32 MiB: about 60 ms, so that whoever stole the table guesses slowly, while a device that signs
 * in for each message is answered from the memory of what has been right before.
 */
const SCRYPT = { N: 32 * 1024, r: 8, p: 1, maxmem: 64 * 1024 * 1024 } as const satisfies ScryptOptions;
const HASH_BYTES = 32;
const FORM = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]{43})\$([\w-]{43})$/;

// Letters and digits that nobody mixes up on the panel of a copier; 32 of them, so that each byte picks one evenly.
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const PASSWORD_CHARACTERS = 20;

export const MIN_PASSWORD_CHARACTERS = 8;
export const MAX_PASSWORD_CHARACTERS = 128;

/** A password of 100 bits that can be typed. */
export function makePassword(): string {
  const bytes = digestToken(newToken()).subarray(0, PASSWORD_CHARACTERS);
  return [...bytes].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

export async function hashPassword(password: string): Promise<string> {
  const salt = newToken();
  const { N, r, p } = SCRYPT;
  const hash = await derive(password, salt, SCRYPT);
  return ['scrypt', N, r, p, salt, hash.toString('base64url')].join('$');
}

const NOBODYS_SALT = 'A'.repeat(43);

/** Compares passwords, and remembers which were right. One per listener. */
export class PasswordCheck {
  /** What was right, by the hash that it was right for; only digests. */
  readonly #right = new Map<string, Buffer>();
  #running: Promise<unknown> = Promise.resolve();

  /** Without a hash the answer is no, after the same work. */
  async matches(passwordHash: string | undefined, password: string): Promise<boolean> {
    const digest = digestToken(password);
    const right = passwordHash === undefined ? undefined : this.#right.get(passwordHash);
    if (right !== undefined && timingSafeEqual(right, digest)) return true;
    // One at a time: whoever guesses on many connections waits in one line, and memory is used once.
    const turn = this.#running.then(() => compare(passwordHash, password));
    this.#running = turn.catch(() => undefined);
    const isRight = await turn;
    if (isRight && passwordHash !== undefined) this.#right.set(passwordHash, digest);
    return isRight;
  }

  /** Forgets what was right for hashes that are no longer in use. */
  keepOnly(passwordHashes: ReadonlySet<string>): void {
    for (const hash of this.#right.keys()) if (!passwordHashes.has(hash)) this.#right.delete(hash);
  }
}

async function compare(passwordHash: string | undefined, password: string): Promise<boolean> {
  const [, N, r, p, salt, kept] = FORM.exec(passwordHash ?? '') ?? [];
  if (salt === undefined || kept === undefined) {
    await derive(password, NOBODYS_SALT, SCRYPT);
    return false;
  }
  const options = { N: Number(N), r: Number(r), p: Number(p), maxmem: SCRYPT.maxmem };
  return timingSafeEqual(await derive(password, salt, options), Buffer.from(kept, 'base64url'));
}

function derive(password: string, salt: string, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, HASH_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
