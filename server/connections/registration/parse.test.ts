import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readIds } from './parse.ts';

const CLIENT = '4f2c0000-0000-4000-8000-00000000000a';
const TENANT = '9a110000-0000-4000-8000-00000000000b';
const GRAPH = '00000003-0000-0000-c000-000000000000';

const named: Readonly<Record<string, string>> = {
  'JSON of the script': `{"clientId": "${CLIENT}", "tenantId": "${TENANT}"}`,
  'JSON in the other order': `{"tenantId": "${TENANT}",\n "clientId": "${CLIENT}"}`,
  'the words of the portal': `Application (client) ID : ${CLIENT}\nDirectory (tenant) ID : ${TENANT}`,
  'the words of the Italian portal': `ID applicazione (client): ${CLIENT}\nID della directory (tenant): ${TENANT}`,
  'a whole answer of az': `{"appId": "${CLIENT}", "resource": "${GRAPH}", "tenant": "${TENANT}"}`,
  'typographic quotes and upper case': `“clientId”: “${CLIENT.toUpperCase()}”, “tenantId”: “${TENANT}”`,
  'braces of PowerShell': `clientId={${CLIENT}}; tenantId={${TENANT}}`,
  'only the tenant named': `${CLIENT}\ntenant ${TENANT}`,
};
for (const [how, text] of Object.entries(named)) {
  test(`both ids are read from ${how}`, () => {
    assert.deepEqual(readIds(text), { clientId: CLIENT, tenantId: TENANT, isNamed: true });
  });
}

test('two bare ids are taken in their order, and it is said that nothing named them', () => {
  assert.deepEqual(readIds(`${CLIENT} ${TENANT}`), { clientId: CLIENT, tenantId: TENANT, isNamed: false });
});

test('one id, the same twice, or three without names are not guessed at', () => {
  assert.equal(readIds(CLIENT), undefined);
  assert.equal(readIds(`${CLIENT} ${CLIENT}`), undefined);
  assert.equal(readIds(`${CLIENT} ${TENANT} ${TENANT.replace('b', 'c')}`), undefined);
});

test('the ids of Microsoft’s own permissions are not taken for ours', () => {
  assert.equal(readIds(`appId: ${GRAPH} tenant: ${TENANT}`), undefined);
});

test('no text makes the reader throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(readIds(text), undefined)));
});
