/**
 * The certificate that devices see after STARTTLS: the administrator's, or one that Platen makes for itself and keeps
 * in the data directory. X.509 version 3 (RFC 5280), ECDSA on P-256 with SHA-256, written without other programs.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { DAY_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { newId } from '../base/secrets.ts';
import type { Context } from '../store/database.ts';

export type Certificate = { readonly cert: string; readonly key: string };

const OWN_DAYS = 3650; // copiers that are told to trust it must be told again when it changes
const RENEW_BEFORE_MS = 30 * DAY_MS;

/** Reads the certificate, making one where the administrator gave none. Throws `relay-certificate-unusable`. */
export async function readCertificate(context: Context): Promise<Certificate> {
  const { relayTlsCertFile, relayTlsKeyFile } = context.settings;
  if (relayTlsCertFile === undefined || relayTlsKeyFile === undefined) return await ownCertificate(context);
  try {
    const [cert, key] = await Promise.all([readFile(relayTlsCertFile, 'utf8'), readFile(relayTlsKeyFile, 'utf8')]);
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new Error('they do not belong together');
    return { cert, key };
  } catch (cause) {
    throw new PlatenError('relay-certificate-unusable', `the certificate ${relayTlsCertFile} cannot be used`, {
      cause,
    });
  }
}

async function ownCertificate(context: Context): Promise<Certificate> {
  const { dataDir } = context.settings;
  const [certFile, keyFile] = [join(dataDir, 'relay-cert.pem'), join(dataDir, 'relay-key.pem')];
  const now = context.clock.now();
  const known = await readOwn(certFile, keyFile, new Date(now.getTime() + RENEW_BEFORE_MS));
  if (known !== undefined) return known;
  const made = makeCertificate(namesOf(context), now);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await writeWhole(keyFile, made.key);
  await writeWhole(certFile, made.cert);
  return made;
}

async function readOwn(certFile: string, keyFile: string, goodUntil: Date): Promise<Certificate | undefined> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
    const certificate = new X509Certificate(cert);
    const isGood = certificate.validToDate > goodUntil && certificate.checkPrivateKey(createPrivateKey(key));
    return isGood ? { cert, key } : undefined;
  } catch {
    // Not there yet, or cut off while it was written: made anew.
    return undefined;
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${newId()}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

/** What a device may have been told to connect to. */
function namesOf({ settings }: Context): string[] {
  const publicName = new URL(settings.publicUrl).hostname.replace(/[[\]]/g, '');
  const listening = ['0.0.0.0', '::'].includes(settings.relayHost) ? [] : [settings.relayHost];
  return [...new Set([publicName, ...listening, 'localhost'])];
}

/** Makes a certificate that is signed by itself. */
export function makeCertificate(names: readonly string[], now: Date): Certificate {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oid('1.2.840.10045.4.3.2')); // ecdsa-with-SHA256
  const name = sequence(
    tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from(`Platen relay ${newId().slice(-8)}`)))),
  );
  const body = sequence(
    tlv(0xa0, integer(2)),
    serialNumber(),
    algorithm,
    name,
    // From yesterday, for clocks that differ.
    sequence(time(new Date(now.getTime() - DAY_MS)), time(new Date(now.getTime() + OWN_DAYS * DAY_MS))),
    name,
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensionsFor(names))),
  );
  return {
    cert: toPem(sequence(body, algorithm, bits(signWith(pair.privateKey, body)))),
    key: exportKey(pair.privateKey),
  };
}

function extensionsFor(names: readonly string[]): Buffer[] {
  const alternatives = names.map((name) =>
    isIP(name) === 0 ? tlv(0x82, Buffer.from(name)) : tlv(0x87, addressBytes(name)),
  );
  return [
    sequence(oid('2.5.29.19'), critical(), octets(sequence())), // basicConstraints: no authority
    sequence(oid('2.5.29.15'), critical(), octets(tlv(0x03, Buffer.of(7, 0x80)))), // keyUsage: digitalSignature
    sequence(oid('2.5.29.37'), octets(sequence(oid('1.3.6.1.5.5.7.3.1')))), // extKeyUsage: serverAuth
    sequence(oid('2.5.29.17'), octets(sequence(...alternatives))), // subjectAltName
  ];
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const middle = new Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0);
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...left, ...middle, ...right].slice(0, 8).entries())
    bytes.writeUInt16BE(group, index * 2);
  return bytes;
}

function signWith(key: KeyObject, body: Buffer): Buffer {
  return sign('SHA256', body, key);
}

function exportKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** RFC 5280 section 4.1.2.2: positive and unique. */
function serialNumber(): Buffer {
  const bytes = Buffer.from(newId().replaceAll('-', ''), 'hex');
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return tlv(0x02, bytes);
}

function integer(value: number): Buffer {
  return tlv(0x02, Buffer.of(value));
}

function critical(): Buffer {
  return tlv(0x01, Buffer.of(0xff));
}

function octets(value: Buffer): Buffer {
  return tlv(0x04, value);
}

function bits(value: Buffer): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.of(0), value]));
}

/** UTCTime until 2049, GeneralizedTime after it (RFC 5280 section 4.1.2.5). */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050 ? tlv(0x17, Buffer.from(digits.slice(2))) : tlv(0x18, Buffer.from(digits));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(arc: number): number[] {
  const groups = [arc & 0x7f];
  for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
  return groups;
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), value]);
  const size = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), value]);
}
