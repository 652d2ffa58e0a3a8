/**
 * Makes the initial response of SASL XOAUTH2 in base64, without line breaks. A user name or token with a control
 * character could smuggle in a field of its own and is refused with a `TypeError`.
 */
export function xoauth2(username: string, accessToken: string): string {
  if (/\p{Cc}/u.test(username + accessToken)) throw new TypeError('a user name or token holds a control character');
  return Buffer.from(`user=${username}\x01auth=Bearer ${accessToken}\x01\x01`).toString('base64');
}
