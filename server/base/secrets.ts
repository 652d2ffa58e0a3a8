/**
 * The master key, what it seals, and randomness.
 *
 * Sealed values are AES-256-GCM and bound to the row that holds them (additional authenticated data), so that a
 * sealed token copied to another row does not open. Random ids are UUID version 7 (RFC 9562): new rows stay together.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  randomInt,
  randomUUIDv7,
  timingSafeEqual,
} from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isSystemError, PlatenError } from './errors.ts';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = 1;

export type Secrets = {
  /** Seals text so that only the same key with the same `boundTo` (table, row, column) opens it. */
  seal(text: string, boundTo: string): Buffer;
  /** Throws `sealed-value-damaged` when the bytes, the key or the row are not the ones it was sealed with. */
  open(sealed: Buffer, boundTo: string): string;
  /** HMAC-SHA256 of text as hex, with a key that is derived for `purpose`: what was signed for one is void for another. */
  sign(text: string, purpose: string): string;
  /** Eight hex digits that tell keys apart without telling the key. */
  readonly fingerprint: string;
};

/**
 * Opens the key file, or makes it (mode 0600, synced) when it does not exist.
 * Throws `key-file-unsafe` when others may read it and `key-file-wrong` when it is not a key.
 */
export function openSecrets(keyFile: string): Secrets {
  return secretsFromKey(readKey(keyFile) ?? createKey(keyFile));
}

export function secretsFromKey(master: Buffer): Secrets {
  const key = Buffer.from(hkdfSync('sha256', master, '', 'platen sealed values', KEY_BYTES));
  const signingKeys = new Map<string, KeyObject>();
  return {
    fingerprint: createHash('sha256').update('platen key fingerprint').update(master).digest('hex').slice(0, 8),
    sign(text, purpose) {
      // Purposes are a handful of our own words, so their keys are kept.
      const derive = () =>
        createSecretKey(Buffer.from(hkdfSync('sha256', master, '', `platen signatures: ${purpose}`, KEY_BYTES)));
      const signing = signingKeys.get(purpose) ?? derive();
      signingKeys.set(purpose, signing);
      return createHmac('sha256', signing).update(text).digest('hex');
    },
    seal(text, boundTo) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(boundTo));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(FORMAT), iv, cipher.getAuthTag(), body]);
    },
    open(sealed, boundTo) {
      const bodyAt = 1 + IV_BYTES + TAG_BYTES;
      const damaged = () => new PlatenError('sealed-value-damaged', 'a sealed value does not open with this key');
      if (sealed.length < bodyAt || sealed[0] !== FORMAT) throw damaged();
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(boundTo)).setAuthTag(sealed.subarray(1 + IV_BYTES, bodyAt));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(bodyAt)), decipher.final()]).toString('utf8');
      } catch {
        // The cause of OpenSSL says nothing more than "unable to authenticate".
        throw damaged();
      }
    },
  };
}

/** What is in the place of the key file: the key in use, well kept, or what is wrong with it. */
export type KeyFileState = 'safe' | 'readable-by-others' | 'missing' | 'another-key' | 'not-a-key';

/** Looks whether the key file still holds the key with this fingerprint, and whether others may read it. */
export function lookAtKeyFile(keyFile: string, fingerprint: string): KeyFileState {
  try {
    const key = readKey(keyFile);
    if (key === undefined) return 'missing';
    return secretsFromKey(key).fingerprint === fingerprint ? 'safe' : 'another-key';
  } catch (error) {
    if (!(error instanceof PlatenError)) throw error;
    return error.code === 'key-file-unsafe' ? 'readable-by-others' : 'not-a-key';
  }
}

function readKey(keyFile: string): Buffer | undefined {
  let file: number;
  try {
    file = openSync(keyFile, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    if (isSystemError(cause) && cause.code === 'ENOENT') return undefined;
    throw new PlatenError('key-file-wrong', `cannot read the key file ${keyFile}`, {
      cause,
      values: { file: keyFile },
    });
  }
  try {
    const mode = fstatSync(file).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      throw new PlatenError('key-file-unsafe', `the key file ${keyFile} has mode 0${mode.toString(8)}`, {
        values: { file: keyFile, mode: `0${mode.toString(8)}` },
      });
    }
    const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
    if (key.length !== KEY_BYTES) {
      throw new PlatenError('key-file-wrong', `the key file ${keyFile} does not hold a key`, {
        values: { file: keyFile },
      });
    }
    return key;
  } finally {
    closeSync(file);
  }
}

function createKey(keyFile: string): Buffer {
  const key = randomBytes(KEY_BYTES);
  const temporary = `${keyFile}.${randomBytes(6).toString('hex')}`;
  const file = openSync(temporary, 'wx', 0o600);
  fchmodSync(file, 0o600);
  writeSync(file, `${key.toString('base64')}\n`);
  fsyncSync(file);
  closeSync(file);
  try {
    // A link, not a rename: of two nodes that start at once only one makes the key, the other reads it.
    linkSync(temporary, keyFile);
  } catch (error) {
    if (!(isSystemError(error) && error.code === 'EEXIST')) throw error;
    return readKey(keyFile) ?? key;
  } finally {
    unlinkSync(temporary);
  }
  const directory = openSync(dirname(keyFile), 'r');
  fsyncSync(directory);
  closeSync(directory);
  return key;
}

let lastId = { time: 0, count: 0 };

/**
 * A new row id: UUID version 7. Ids of one process sort in the order in which they were made, also within a
 * millisecond (RFC 9562 section 6.2, method 1), so that documents of one message are printed in their order.
 */
export function newId(): string {
  const fresh = randomUUIDv7();
  const time = Number.parseInt(fresh.slice(0, 8) + fresh.slice(9, 13), 16);
  if (time > lastId.time) lastId = { time, count: 0 };
  else if (lastId.count < 0xfff) lastId = { time: lastId.time, count: lastId.count + 1 };
  else lastId = { time: lastId.time + 1, count: 0 };
  const head = lastId.time.toString(16).padStart(12, '0');
  return `${head.slice(0, 8)}-${head.slice(8)}-7${lastId.count.toString(16).padStart(3, '0')}${fresh.slice(18)}`;
}

/** An unguessable token of 256 bits for sessions, API tokens and links. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Random digits that a person types: few, so whoever checks them has to count the guesses. */
export function newDigits(count: number): string {
  return Array.from({ length: count }, () => randomInt(10)).join('');
}

/** What is kept of a token of `newToken`: it has 256 bits, so a plain digest is enough. */
export function digestToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

export function isSameSecret(left: string, right: string): boolean {
  return timingSafeEqual(digestToken(left), digestToken(right));
}

/** `middle` spread by up to `share` to both sides, so that many clients do not come back at the same instant. */
export function jitter(middle: number, share: number): number {
  const unit = randomBytes(4).readUInt32BE() / 0xffffffff;
  return Math.round(middle * (1 - share + 2 * share * unit));
}
