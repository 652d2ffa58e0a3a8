/** The numbers and keywords of RFC 8011 in words. Anything unknown stays the number or keyword that it was. */

/** printer-state, RFC 8011 section 5.4.11. */
export const printerStates = { 3: 'idle', 4: 'processing', 5: 'stopped' } as const;
export type PrinterStateWord = (typeof printerStates)[keyof typeof printerStates];

/** job-state, RFC 8011 section 5.3.7. */
export const jobStates = {
  3: 'pending',
  4: 'pending-held',
  5: 'processing',
  6: 'processing-stopped',
  7: 'canceled',
  8: 'aborted',
  9: 'completed',
} as const;
export type JobStateWord = (typeof jobStates)[keyof typeof jobStates];

/** operations-supported, RFC 8011 section 5.4.15 and the registry of IANA. */
export const ippOperations = {
  'Print-Job': 0x0002,
  'Validate-Job': 0x0004,
  'Create-Job': 0x0005,
  'Send-Document': 0x0006,
  'Cancel-Job': 0x0008,
  'Get-Job-Attributes': 0x0009,
  'Get-Jobs': 0x000a,
  'Get-Printer-Attributes': 0x000b,
  'Close-Job': 0x003b,
  'Identify-Printer': 0x003c,
} as const;
export type IppOperation = keyof typeof ippOperations;

/** Status codes, RFC 8011 appendix B. */
export const ippStatus = {
  'successful-ok': 0x0000,
  'successful-ok-ignored-or-substituted-attributes': 0x0001,
  'successful-ok-conflicting-attributes': 0x0002,
  'client-error-bad-request': 0x0400,
  'client-error-forbidden': 0x0401,
  'client-error-not-authenticated': 0x0402,
  'client-error-not-authorized': 0x0403,
  'client-error-not-possible': 0x0404,
  'client-error-timeout': 0x0405,
  'client-error-not-found': 0x0406,
  'client-error-gone': 0x0407,
  'client-error-request-entity-too-large': 0x0408,
  'client-error-request-value-too-long': 0x0409,
  'client-error-document-format-not-supported': 0x040a,
  'client-error-attributes-or-values-not-supported': 0x040b,
  'client-error-uri-scheme-not-supported': 0x040c,
  'client-error-charset-not-supported': 0x040d,
  'client-error-conflicting-attributes': 0x040e,
  'client-error-compression-not-supported': 0x040f,
  'client-error-compression-error': 0x0410,
  'client-error-document-format-error': 0x0411,
  'client-error-document-access-error': 0x0412,
  'client-error-attributes-not-settable': 0x0413,
  'client-error-account-info-needed': 0x041c,
  'client-error-account-closed': 0x041d,
  'client-error-account-limit-reached': 0x041e,
  'client-error-account-authorization-failed': 0x041f,
  'client-error-not-fetchable': 0x0420,
  'server-error-internal-error': 0x0500,
  'server-error-operation-not-supported': 0x0501,
  'server-error-service-unavailable': 0x0502,
  'server-error-version-not-supported': 0x0503,
  'server-error-device-error': 0x0504,
  'server-error-temporary-error': 0x0505,
  'server-error-not-accepting-jobs': 0x0506,
  'server-error-busy': 0x0507,
  'server-error-job-canceled': 0x0508,
  'server-error-multiple-document-jobs-not-supported': 0x0509,
  'server-error-printer-is-deactivated': 0x050a,
  'server-error-too-many-jobs': 0x050b,
  'server-error-too-many-documents': 0x050c,
} as const;
export type IppStatusWord = keyof typeof ippStatus;

const statusWords: ReadonlyMap<number, string> = new Map(Object.entries(ippStatus).map(([word, code]) => [code, word]));

/** Names a status for people and logs; an unknown one by its number. */
export function nameOfStatus(status: number): string {
  return statusWords.get(status) ?? `status-0x${status.toString(16).padStart(4, '0')}`;
}

/** Tells whether the request was carried out (RFC 8011 section 4.1.6.1: 0x0000 to 0x00ff). */
export function isSuccess(status: number): boolean {
  return status <= 0x00ff;
}

export function findPrinterState(number: number): PrinterStateWord | undefined {
  return Object.entries(printerStates).find(([code]) => Number(code) === number)?.[1];
}

export function findJobState(number: number): JobStateWord | undefined {
  return Object.entries(jobStates).find(([code]) => Number(code) === number)?.[1];
}
