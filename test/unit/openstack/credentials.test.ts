import { expect, test } from 'vitest';
import { FerryError } from '../../../lib/errors.ts';
import { authorized, callersToken, withServiceToken } from '../../../lib/openstack/credentials.ts';
import type { Token } from '../../../lib/schemas/ids.ts';

const options = { signal: new AbortController().signal };
const token = 'of the caller' as Token;
const accept = expect.stringMatching(/^application\/json/);

/** A Keystone that issues `service 1`, `service 2`, … */
const issuing = () => {
  let count = 1;
  return {
    serviceToken: () => Promise.resolve(`service ${count}` as Token),
    dropServiceToken: (dropped: string) => {
      if (dropped === `service ${count}`) count += 1;
    },
  };
};
const refusal = () => new FerryError('unauthorized', 'the token is not accepted (any more)');

test("the caller's token goes alone, and reasons are asked for as JSON", async () => {
  const sent: unknown[] = [];
  await authorized(callersToken(token), options, async (headers) => sent.push(headers));
  expect(sent).toEqual([{ 'user-agent': 'glance-ferry', accept, 'x-auth-token': token }]);
});

test('without a service user a 401 is not tried again', async () => {
  const none = { serviceToken: () => Promise.resolve(undefined), dropServiceToken: () => undefined };
  for (const credentials of [callersToken(token), withServiceToken(token, none)]) {
    let sent = 0;
    const send = () => {
      sent += 1;
      return Promise.reject(refusal());
    };
    await expect(authorized(credentials, options, send)).rejects.toMatchObject({ code: 'unauthorized' });
    expect(sent).toBe(1);
  }
});

test('a service token that is refused is replaced, once', async () => {
  const credentials = withServiceToken(token, issuing());
  const sent: (string | undefined)[] = [];
  const refuse = (...refused: string[]) =>
    authorized(credentials, options, ({ 'x-service-token': service = '' }) => {
      sent.push(service);
      return refused.includes(service) ? Promise.reject(refusal()) : Promise.resolve(service);
    });
  expect(await refuse('service 1')).toBe('service 2');
  expect(await refuse()).toBe('service 2');
  await expect(refuse('service 2', 'service 3')).rejects.toMatchObject({ code: 'unauthorized' });
  expect(sent).toEqual(['service 1', 'service 2', 'service 2', 'service 2', 'service 3']);
});

test('nothing else than a 401 is tried again', async () => {
  let sent = 0;
  const send = () => {
    sent += 1;
    return Promise.reject(new FerryError('forbidden', 'no'));
  };
  const credentials = withServiceToken(token, issuing());
  await expect(authorized(credentials, options, send)).rejects.toMatchObject({ code: 'forbidden' });
  expect(sent).toBe(1);
});
