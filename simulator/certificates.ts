/**
 * A private certificate authority and a server certificate for the practice servers, made without other programs.
 * X.509 version 3 (RFC 5280), ECDSA on P-256 with SHA-256. Kept in a folder and used again while they are good.
 */
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DAY_MS = 24 * 60 * 60_000;
const CA_DAYS = 3650;
const SERVER_DAYS = 390; // Apple's limit for a server certificate is 398
const RENEW_BEFORE_MS = 30 * DAY_MS;
const NAMES = ['localhost'];
const ADDRESSES = ['127.0.0.1', '::1'];

export type Certificates = {
  readonly caPath: string;
  readonly certPath: string;
  readonly keyPath: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
};

/** Returns the authority and the server certificate of a folder, making what is missing or about to expire. */
export function ensureCertificates(folder: string): Certificates {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = (name: string) => join(folder, name);
  const known = readKnown(path);
  if (known) return known;
  const authority = makeAuthority();
  const server = makeServer(authority);
  const files: [string, string][] = [
    ['server.key', server.key],
    ['server.pem', server.cert],
    ['ca.pem', authority.cert],
  ];
  for (const [name, text] of files) {
    const draft = path(`.${name}.${randomBytes(6).toString('hex')}`);
    writeFileSync(draft, text, { mode: name.endsWith('.key') ? 0o600 : 0o644 });
    renameSync(draft, path(name));
  }
  return {
    caPath: path('ca.pem'),
    certPath: path('server.pem'),
    keyPath: path('server.key'),
    ca: authority.cert,
    ...server,
  };
}

function readKnown(path: (name: string) => string): Certificates | undefined {
  try {
    const [caPath, certPath, keyPath] = [path('ca.pem'), path('server.pem'), path('server.key')];
    const [ca, cert, key] = [caPath, certPath, keyPath].map((file) => readFileSync(file, 'utf8')) as [
      string,
      string,
      string,
    ];
    const server = new X509Certificate(cert);
    const isFit =
      Date.parse(server.validTo) - Date.now() > RENEW_BEFORE_MS &&
      server.verify(new X509Certificate(ca).publicKey) &&
      server.checkPrivateKey(createPrivateKey(key)) &&
      NAMES.every((name) => server.checkHost(name)) &&
      ADDRESSES.every((address) => server.checkIP(address));
    return isFit ? { caPath, certPath, keyPath, ca, cert, key } : undefined;
  } catch {
    return undefined; // nothing there yet, or not readable as certificates: made anew
  }
}

type Authority = { readonly name: Buffer; readonly key: KeyObject; readonly keyId: Buffer; readonly cert: string };

// The private key of the authority is not written: nothing else can ever be signed in its name.
function makeAuthority(): Authority {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = commonName(`Platen practice authority ${randomBytes(4).toString('hex')}`);
  const keyId = keyIdentifier(pair.publicKey);
  const cert = makeCertificate({
    issuer: name,
    subject: name,
    publicKey: pair.publicKey,
    signingKey: pair.privateKey,
    days: CA_DAYS,
    extensions: [
      extension('2.5.29.19', 'critical', sequence(tlv(0x01, Buffer.from([0xff])), integer(0))), // basicConstraints: CA, path length 0
      extension('2.5.29.15', 'critical', tlv(0x03, Buffer.from([1, 0b00000110]))), // keyUsage: keyCertSign, cRLSign
      extension('2.5.29.14', 'plain', tlv(0x04, keyId)),
    ],
  });
  return { name, key: pair.privateKey, keyId, cert };
}

function makeServer(authority: Authority): { cert: string; key: string } {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const alternatives = [
    ...NAMES.map((name) => tlv(0x82, Buffer.from(name))),
    ...ADDRESSES.map((address) => tlv(0x87, addressBytes(address))),
  ];
  const cert = makeCertificate({
    issuer: authority.name,
    subject: commonName('localhost'),
    publicKey: pair.publicKey,
    signingKey: authority.key,
    days: SERVER_DAYS,
    extensions: [
      extension('2.5.29.19', 'critical', sequence()),
      extension('2.5.29.15', 'critical', tlv(0x03, Buffer.from([7, 0b10000000]))), // digitalSignature
      extension('2.5.29.37', 'plain', sequence(oid('1.3.6.1.5.5.7.3.1'))), // serverAuth
      extension('2.5.29.17', 'plain', sequence(...alternatives)), // subjectAltName
      extension('2.5.29.14', 'plain', tlv(0x04, keyIdentifier(pair.publicKey))),
      extension('2.5.29.35', 'plain', sequence(tlv(0x80, authority.keyId))),
    ],
  });
  return { cert, key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

type CertificatePlan = {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly signingKey: KeyObject;
  readonly days: number;
  readonly extensions: readonly Buffer[];
};

function makeCertificate(plan: CertificatePlan): string {
  const algorithm = sequence(oid('1.2.840.10045.4.3.2')); // ecdsa-with-SHA256
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and never shorter than it looks
  const start = Date.now() - DAY_MS; // yesterday, for clocks that differ a little
  const body = sequence(
    tlv(0xa0, integer(2)),
    tlv(0x02, serial),
    algorithm,
    plan.issuer,
    sequence(time(new Date(start)), time(new Date(start + plan.days * DAY_MS))),
    plan.subject,
    plan.publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...plan.extensions)),
  );
  const signature = sign('SHA256', body, plan.signingKey);
  const der = sequence(body, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function commonName(text: string): Buffer {
  return sequence(tlv(0x31, sequence(oid('2.5.4.3'), tlv(0x0c, Buffer.from(text)))));
}

/** The first method of RFC 5280 section 4.2.1.2: SHA-1 over the bits of the public key. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const bits = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65); // an uncompressed P-256 point
  return createHash('sha1').update(bits).digest();
}

function extension(id: string, weight: 'critical' | 'plain', value: Buffer): Buffer {
  const flag = weight === 'critical' ? [tlv(0x01, Buffer.from([0xff]))] : [];
  return sequence(oid(id), ...flag, tlv(0x04, value));
}

function addressBytes(address: string): Buffer {
  if (address.includes('.')) return Buffer.from(address.split('.').map(Number));
  return Buffer.concat([Buffer.alloc(15), Buffer.from([1])]); // ::1, the only one used
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function integer(value: number): Buffer {
  return tlv(0x02, Buffer.from([value])); // below 128 only
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5). */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  const isUtcTime = date.getUTCFullYear() < 2050;
  return tlv(isUtcTime ? 0x17 : 0x18, Buffer.from(isUtcTime ? digits.slice(2) : digits));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return tlv(0x06, Buffer.from(bytes));
}

function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), value]);
  const octets: number[] = [];
  for (let left = length; left > 0; left = left >> 8) octets.unshift(left & 0xff);
  return Buffer.concat([Buffer.from([tag, 0x80 | octets.length, ...octets]), value]);
}
