/** The fields that Exchange Online puts on top of a message from outside, with its verdict about the sender. */

export type Stamp = {
  /** Of the From field. */
  readonly domain: string;
  /** What DMARC said. */
  readonly dmarc?: 'pass' | 'fail' | 'none';
};

const HOP =
  'Received: from DB5EUR01FT034.eop-EUR01.prod.protection.outlook.com (2603:10a6:10:35a:cafe::4d)\r\n' +
  ' by DB9PR02CA0007.outlook.office365.com (2603:10a6:10:1d9::12) with Microsoft SMTP Server\r\n' +
  ' (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.9052.8 via Frontend Transport;\r\n' +
  ' Sun, 22 Nov 2026 09:00:02 +0000\r\n';
const EDGE =
  ' by DB5EUR01FT034.mail.protection.outlook.com (10.152.4.246) with Microsoft SMTP Server\r\n' +
  ' (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.9052.8 via Frontend Transport;\r\n' +
  ' Sun, 22 Nov 2026 09:00:01 +0000\r\n';

/** The lines as they stand above those of the sender, each with its line end. */
export function stampOf({ domain, dmarc = 'pass' }: Stamp): string {
  const [spf, reason, action] = {
    pass: ['pass', '100', 'none'],
    fail: ['fail', '000', 'quarantine'],
    none: ['none', '001', 'none'],
  }[dmarc];
  const compauth = dmarc === 'none' ? 'none' : dmarc;
  return (
    `${HOP}Authentication-Results: spf=${spf} (sender IP is 203.0.113.20)\r\n smtp.mailfrom=${domain}; dkim=${spf}\r\n` +
    ` header.d=${domain};dmarc=${dmarc} action=${action}\r\n header.from=${domain};compauth=${compauth} reason=${reason}\r\n` +
    `Received: from mail.${domain} (203.0.113.20)\r\n${EDGE}`
  );
}
