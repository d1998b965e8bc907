import { expect, test } from 'vitest';
import { generatedRequests } from './generated-requests.ts';

// A hundred thousand of them are sent by `npm run test:faults`.
test('requests of every kind are answered by 2xx and 4xx, soon, in short, and change nothing when they are refused', async () => {
  const { requests, broken } = await generatedRequests({ count: 600, seed: 1 });
  expect({ requests, broken }).toEqual({ requests: 600, broken: [] });
});
