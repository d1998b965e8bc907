import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Cloud } from '../../../lib/clouds/cloud.ts';
import { createSession } from '../../../lib/clouds/session.ts';
import type { Token } from '../../../lib/schemas/ids.ts';
import { answering, pem, pemFile, serve } from '../http/byte-server.ts';
import { http, signal } from './two-clouds.ts';

const described = JSON.stringify({
  token: { user: { id: 'u' }, project: { id: 'p' }, expires_at: '2999-01-01T00:00:00Z' },
});
const answer =
  `HTTP/1.1 201 Created\r\nX-Subject-Token: given\r\nContent-Type: application/json\r\n` +
  `Content-Length: ${described.length}\r\n\r\n${described}`;

/** A Keystone with a certificate of a private CA. */
const sessionWith = async (own: Pick<Cloud, 'cacert'>) => {
  const { url } = await serve(answering(answer), { isSecure: true, certificate: 'signed' });
  const auth = { kind: 'token', token: 't' as Token, scope: { id: 'p' } } as const;
  return createSession({ name: 'north', authUrl: url, interface: 'public', auth, ...own }, { http });
};

// In this order: trust is the whole process's, and only grows.
test('a Keystone of a private CA is not trusted where its entry names none', async () => {
  const session = await sessionWith({});
  await expect(session.token({ signal })).rejects.toMatchObject({ code: 'untrusted' });
});

test.each([
  ['its text', pem('authority').toString()],
  ['the path of its file', fileURLToPath(pemFile('authority'))],
])('a Keystone of a private CA is trusted by %s', async (_, cacert) => {
  expect(await (await sessionWith({ cacert })).token({ signal })).toBe('given');
});
