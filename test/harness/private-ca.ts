import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type PrivateCertificate = { readonly ca: string; readonly cert: string; readonly key: string };

let made: PrivateCertificate | undefined;

/** Makes, once per process, a private certificate authority and a certificate of it for localhost and 127.0.0.1. */
export function makePrivateCertificate(): PrivateCertificate {
  made ??= makeWithOpenssl();
  return made;
}

function makeWithOpenssl(): PrivateCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'platen-ca-'));
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  try {
    openssl('req', '-x509', ...ec, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Test authority');
    openssl(
      'req',
      ...ec,
      '-keyout',
      'key.pem',
      '-out',
      'request.pem',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
    );
    openssl(
      'x509',
      '-req',
      '-in',
      'request.pem',
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-copy_extensions',
      'copy',
      '-out',
      'cert.pem',
    );
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
