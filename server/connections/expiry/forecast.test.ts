import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LANGUAGES, textFor } from '../../../locales/locales.ts';
import { DAY_MS } from '../../base/clock.ts';
import { type Forecast, forecast, type Permission } from './forecast.ts';

const NOW = new Date('2026-11-28T09:00:00Z');
const daysFromNow = (days: number) => new Date(NOW.getTime() + days * DAY_MS);

function permission(startDays: number, more: Partial<Permission> & { readonly endDays?: number } = {}): Permission {
  const { endDays, ...rest } = more;
  return {
    id: `p${startDays}`,
    accountOid: 'anna',
    method: 'link',
    signedInAt: daysFromNow(startDays),
    endedAt: endDays === undefined ? undefined : daysFromNow(endDays),
    endAadsts: undefined,
    ...rest,
  };
}

function expect(current: Permission | undefined, ended: readonly Permission[] = [], renewedDays = 0): Forecast {
  return forecast({ now: NOW, current, ended, renewedAt: daysFromNow(renewedDays) });
}

test('without a permission nothing is forecast', () => {
  const told = expect(undefined);
  assert.deepEqual([told.kind, told.at, told.reason], ['unknown', undefined, 'not-confirmed']);
});

test('a young permission of a tenant of which nothing is known has no date, only the end by idleness', () => {
  const told = expect(permission(-3));
  assert.deepEqual([told.kind, told.at, told.reason, told.values.days], ['unknown', undefined, 'young', 3]);
  assert.deepEqual(told.latestAt, daysFromNow(90));
});

test('a permission that has lasted for 90 days shows no sign of an end, and one day less is not enough', () => {
  assert.equal(expect(permission(-90)).reason, 'lasting');
  assert.equal(expect(permission(-89)).reason, 'young');
  assert.equal(expect(permission(-2), [permission(-200, { endDays: -100, endAadsts: 50_057 })]).reason, 'lasting');
});

test('earlier ends by age give the date: the shortest of the latest three lives of the tenant', () => {
  const ended = [
    permission(-200, { endDays: -190, endAadsts: 50_078 }),
    permission(-130, { endDays: -100, endAadsts: 50_078, accountOid: 'bruno' }),
    permission(-100, { endDays: -69, endAadsts: 50_078 }),
    permission(-60, { endDays: -28, endAadsts: 50_078 }),
  ];
  const told = expect(permission(-20), ended);
  assert.deepEqual([told.kind, told.reason], ['likely', 'second-factor']);
  assert.deepEqual(told.at, daysFromNow(10), 'the life of ten days is the fourth and no longer counts');
  assert.deepEqual(told.values, { count: 3, days: 30, aadsts: 50_078 });
  assert.equal(
    expect(permission(-1), [permission(-9, { endDays: -2, endAadsts: 70_043 })]).reason,
    'sign-in-frequency',
  );
});

test('a forecast that has not come true two days later is dropped', () => {
  const ended = [permission(-90, { endDays: -60, endAadsts: 50_078 })];
  assert.equal(expect(permission(-31.9), ended).reason, 'second-factor');
  assert.equal(expect(permission(-32), ended).reason, 'young');
});

test('a password that is changed on a schedule ends the permission on the same schedule', () => {
  const ended = [
    permission(-150, { endDays: -100, endAadsts: 50_173 }),
    permission(-99, { endDays: -40, endAadsts: 50_132 }),
    permission(-99, { endDays: -50, endAadsts: 50_173, accountOid: 'bruno' }),
  ];
  const told = expect(permission(-39), ended);
  assert.deepEqual([told.kind, told.reason, told.values.days], ['likely', 'password-rhythm', 60]);
  assert.deepEqual(told.at, daysFromNow(20));
  assert.equal(expect(permission(-39), ended.slice(0, 1)).reason, 'young', 'one change is no rhythm');
});

test('a permission that could not be renewed for eight days dies of idleness on a known day', () => {
  const told = expect(permission(-60), [], -8);
  assert.deepEqual([told.kind, told.reason, told.values.days], ['known', 'idle', 8]);
  assert.deepEqual(told.at, daysFromNow(82));
  assert.equal(expect(permission(-60), [], -7.9).reason, 'young');
});

test('the earliest of several ends counts', () => {
  const ended = [permission(-90, { endDays: -60, endAadsts: 50_078 })];
  assert.equal(expect(permission(-25), ended, -10).reason, 'second-factor');
});

test('a permission by device code carries the risk of a policy, more so where codes were blocked before', () => {
  assert.deepEqual(expect(permission(-1, { method: 'device-code' })).risks, ['device-code-policy', 'password-change']);
  const blocked = [permission(-90, { endDays: -60, endAadsts: 530_036, method: 'device-code' })];
  assert.equal(expect(permission(-1, { method: 'device-code' }), blocked).risks[0], 'device-code-blocked-before');
  assert.deepEqual(expect(permission(-1), blocked).risks, ['password-change']);
});

test('each reason and each risk has its text in both languages', () => {
  const reasons = [
    'second-factor',
    'sign-in-frequency',
    'password-rhythm',
    'idle',
    'lasting',
    'young',
    'not-confirmed',
  ];
  const risks = ['device-code-policy', 'device-code-blocked-before', 'password-change'];
  for (const language of LANGUAGES) {
    const texts = [...reasons.map((one) => `reasons.${one}`), ...risks.map((one) => `risks.${one}`)].map((key) =>
      textFor(language, `expiry.${key}`, { days: 30, count: 2, aadsts: 50_078 }),
    );
    for (const text of texts) assert.ok(text.length > 20 && !text.includes('{{'), text);
    assert.match(texts[0] ?? '', /30.*AADSTS50078/);
  }
});
