/** Tests of the identity side: tenant, registration, clock, account, permissions and the token itself. */
import { PlatenError } from '../../base/errors.ts';
import { readObject } from '../../protocols/oauth/answer.ts';
import { pollDeviceCode, requestDeviceCode } from '../../protocols/oauth/device-code.ts';
import { discoverTenant } from '../../protocols/oauth/discovery.ts';
import { redeemRefreshToken } from '../../protocols/oauth/token.ts';
import type { Use } from '../../store/schema.ts';
import { findPin } from '../account-pin.ts';
import { refusalError, unreachableError } from '../connection.ts';
import { accessTokenFor } from '../connections.ts';
import { identityCall, permissionOf, scopesFor, usesOf } from '../exchange-online.ts';
import { findTokens, openRefreshToken } from '../tokens.ts';
import { type Check, failed, namesOf, type Outcome, type Probe, passed, skipped } from './probe.ts';

/** Exchange and the identity platform tolerate about five minutes. */
const MAX_SKEW_SECONDS = 300;

async function testTenant({ context, row, cloud, signal }: Check): Promise<Outcome> {
  const tenant = await discoverTenant(
    { authority: cloud.authority, tenant: row.tenant_id },
    identityCall(context, signal),
  );
  if (tenant.kind === 'refused') return failed(refusalError('device-code-refused', tenant.refusal));
  if (tenant.kind === 'transient') return failed(unreachableError(tenant));
  return passed({ tenantId: tenant.tenantId ?? row.tenant_id, host: new URL(cloud.authority).host });
}

/** A code is asked for and never shown: Microsoft answers only for a registration that it knows. */
async function testRegistration(check: Check): Promise<Outcome> {
  const { context, row, cloud, signal, seen } = check;
  const call = identityCall(context, signal);
  const tenant = await discoverTenant({ authority: cloud.authority, tenant: row.tenant_id }, call);
  if (tenant.kind !== 'found') return skipped('needs-tenant');
  const asked = { endpoints: tenant.endpoints, clientId: row.client_id, scopes: scopesFor(cloud, row.uses) };
  const outcome = await requestDeviceCode(asked, call);
  if (outcome.kind === 'refused') return failed(refusalError('device-code-refused', outcome.refusal));
  if (outcome.kind === 'transient') return failed(unreachableError(outcome));
  seen.deviceCode = outcome.code.deviceCode;
  if (outcome.code.clockSkewSeconds !== undefined) seen.clockSkewSeconds = outcome.code.clockSkewSeconds;
  return passed({ clientId: row.client_id });
}

/** The switch shows itself only at the token endpoint (AADSTS7000218); the unused code is asked about once. */
async function testPublicClient({ context, row, cloud, signal, seen }: Check): Promise<Outcome> {
  const call = identityCall(context, signal);
  const tenant = await discoverTenant({ authority: cloud.authority, tenant: row.tenant_id }, call);
  if (tenant.kind !== 'found' || seen.deviceCode === undefined) return skipped('needs-registration');
  const asked = { endpoints: tenant.endpoints, clientId: row.client_id, deviceCode: seen.deviceCode };
  const outcome = await pollDeviceCode(asked, call);
  if (outcome.kind === 'refused') return failed(refusalError('device-code-refused', outcome.refusal));
  if (outcome.kind === 'transient') return failed(unreachableError(outcome));
  return passed();
}

async function testClock({ seen, row }: Check): Promise<Outcome> {
  const skew = seen.clockSkewSeconds ?? row.clock_skew_seconds ?? 0;
  if (Math.abs(skew) <= MAX_SKEW_SECONDS) return passed({ clockSkewSeconds: skew });
  const values = { clockSkewSeconds: skew };
  const message = `Microsoft’s clock and ours differ by ${skew} seconds`;
  return failed(new PlatenError('clock-wrong', message, { values, facts: values }));
}

async function testAccount(check: Check): Promise<Outcome> {
  const { context, row } = check;
  if (row.account_oid === null) {
    const message = `connection ${row.title} has not been confirmed yet`;
    return failed(new PlatenError('connection-not-confirmed', message, { values: { title: row.title } }));
  }
  const account = row.account_username ?? '';
  const pin = await findPin(context, row);
  if (pin === undefined || row.account_addresses.includes(pin)) return passed({ account });
  // an account that writes for a shared mailbox is named as the expected account; then this is about the sender alone
  const message = `${account} confirmed, ${pin} is expected`;
  return failed(new PlatenError('wrong-account', message, { values: { account, expected: pin } }));
}

/** A renewal decides: what was consented to is what Microsoft still gives. */
async function testPermissions(check: Check): Promise<Outcome> {
  const { context, row, granted, startedAt, signal, seen } = check;
  const [use] = granted;
  if (use === undefined) return failed(notGranted(check, row.uses));
  try {
    const token = await accessTokenFor(context, row.id, use, { notOlderThan: startedAt, signal });
    seen.accessToken = token.accessToken;
  } catch (error) {
    if (!(error instanceof PlatenError)) throw error;
    return { kind: 'failed', error, ...(await tellMissingConsent(check, error)) };
  }
  const missing = row.uses.filter((one) => !granted.includes(one));
  return missing.length > 0
    ? failed(notGranted(check, missing))
    : passed({ granted: granted.map(permissionOf).join(' ') });
}

function notGranted({ row }: Check, missing: readonly Use[]): PlatenError {
  const use = missing.map(permissionOf).join(', ');
  const values = { title: row.title, use };
  return new PlatenError('use-not-granted', `not granted: ${use}`, { values, facts: { missing: use } });
}

/** AADSTS65001 does not say which permission is gone: each is asked for by itself. */
async function tellMissingConsent(check: Check, error: PlatenError) {
  const { context, row, cloud, granted, signal } = check;
  const tokens = await findTokens(context, row.id);
  if (error.facts.aadsts !== NO_CONSENT || tokens === undefined || row.endpoints === null) return {};
  const refreshToken = openRefreshToken(context, row, tokens);
  const missing: Use[] = [];
  for (const use of granted) {
    const asked = { endpoints: row.endpoints, clientId: row.client_id, refreshToken, scopes: scopesFor(cloud, [use]) };
    const outcome = await redeemRefreshToken(asked, identityCall(context, signal));
    if (outcome.kind === 'refused' && outcome.refusal.aadsts === NO_CONSENT) missing.push(use);
  }
  return missing.length === 0 ? {} : { facts: { missing: missing.map(permissionOf).join(' ') } };
}

const NO_CONSENT = 65001;

/** Exchange’s tokens can be read; one that cannot is left to the mail servers to judge. */
async function testToken(check: Check): Promise<Outcome> {
  const { context, row, cloud, granted, seen } = check;
  const claims = readObject(Buffer.from(seen.accessToken?.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const tokens = await findTokens(context, row.id);
  const now = context.clock.now().getTime();
  const times = {
    minutesLeft: Math.floor(((tokens?.access_expires_at.getTime() ?? now) - now) / 60_000),
    minutesOld: Math.floor((now - (tokens?.renewed_at.getTime() ?? now)) / 60_000),
  };
  if (claims === undefined) return passed(times);
  const audience = typeof claims.aud === 'string' ? claims.aud.slice(0, 200) : '';
  const isForMail = EXCHANGE.has(audience) || audience.startsWith(cloud.scopePrefix.replace(/\/$/, ''));
  if (!isForMail && !/^https:\/\/(outlook[\w-]*|partner)\.(office(365)?|outlook)\./.test(audience)) {
    const values = { ...namesOf(check), audience };
    return failed(
      new PlatenError('token-wrong-service', `the token is for ${audience}`, {
        values,
        facts: { audience },
        remote: `aud=${audience}`,
      }),
    );
  }
  const scopes = typeof claims.scp === 'string' ? claims.scp.split(' ').map((one) => `x/${one}`) : undefined;
  const lost = scopes === undefined ? [] : granted.filter((use) => !usesOf(scopes).includes(use));
  if (lost.length > 0) return failed(notGranted(check, lost));
  return passed({ audience, ...times });
}

/** The resource as some tokens name it: by its application id. */
const EXCHANGE: ReadonlySet<string> = new Set(['00000002-0000-0ff1-ce00-000000000000']);

export const MICROSOFT_PROBES: readonly Probe[] = [
  { test: 'tenant', needs: [], run: testTenant },
  { test: 'registration', needs: ['tenant'], run: testRegistration },
  { test: 'public-client', needs: ['registration'], run: testPublicClient },
  { test: 'clock', needs: ['registration'], run: testClock },
  { test: 'account', needs: [], run: testAccount },
  { test: 'permissions', needs: ['tenant', 'registration'], run: testPermissions },
  { test: 'token', needs: ['permissions'], run: testToken },
];
