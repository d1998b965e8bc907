import { expect, test } from 'vitest';
import { createSourceCheck } from '../../../../lib/imports/request/check-source.ts';
import { createOpenStackHttp } from '../../../../lib/openstack/http.ts';
import { ignored } from '../../../../lib/promises.ts';
import type { Token } from '../../../../lib/schemas/ids.ts';

test('a name that nobody resolves holds a request no longer than its time', async () => {
  const uriFilter = {
    passes: () => new Promise<boolean>(ignored),
    lookup: () => undefined,
  };
  const http = createOpenStackHttp({ stallMs: 1000 });
  const check = createSourceCheck({ http, uriFilter, imageSizeCap: 1, propertyPrefixes: [] });
  const requested = { kind: 'web-download', uri: 'http://slow.invalid/' } as const;
  const ended = new Error('the time ended');
  const options = { signal: AbortSignal.abort(ended) };
  await expect(check(requested, { kind: 'web-download' }, 'token' as Token, options)).rejects.toBe(ended);
  await http.small.close();
});
