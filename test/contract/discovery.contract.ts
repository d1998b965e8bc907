import { describe, expect, test } from 'vitest';
import type { ContractCloud } from './cloud.ts';
import { useWorkbench } from './workbench.ts';

const json = { Accept: 'application/json' };

export function discoveryContract(cloudOf: () => ContractCloud): void {
  const bench = useWorkbench(cloudOf);

  describe('version documents', () => {
    test.for([
      ['/', 300],
      ['/versions', 200],
      ['/v3/images', 300],
    ] as const)('%s answers %i without a token', async ([path, status]) => {
      const answer = await bench().glance('GET', path, { token: '' });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toBe('application/json');
      const [current] = answer.field('versions') as {
        id: string;
        status: string;
        links: { href: string }[];
      }[];
      expect(current).toMatchObject({ id: expect.stringMatching(/^v2\.\d+$/), status: 'CURRENT' });
      expect(current?.links[0]?.href).toBe(`${bench().cloud.glanceUrl}/v2/`);
    });

    test('/v2 points to /v2/', async () => {
      expect((await bench().glance('GET', '/v2')).status).toBe(302);
    });
  });

  test.for(['image', 'images', 'member', 'members', 'metadefs/namespace', 'metadefs/resource_type'])(
    'the schema %s is served',
    async (name) => {
      const answer = await bench().glance('GET', `/v2/schemas/${name}`);
      expect(answer.status).toBe(200);
      expect(answer.field('properties')).toBeTypeOf('object');
    },
  );

  test('info/import lists methods', async () => {
    const answer = await bench().glance('GET', '/v2/info/import');
    expect(answer.status).toBe(200);
    expect(answer.field('import-methods')).toMatchObject({
      description: 'Import methods available.',
      type: 'array',
      value: expect.arrayContaining(['web-download']),
    });
  });

  test('info/stores marks the default store with the string "true"', async () => {
    const answer = await bench().glance('GET', '/v2/info/stores');
    expect(answer.status).toBe(200);
    expect(answer.field('stores')).toEqual(
      expect.arrayContaining([expect.objectContaining({ default: 'true' })]),
    );
  });

  test('info/usage tells limit and usage of each quota, or of none where Keystone’s limits are not used', async () => {
    const answer = await bench().glance('GET', '/v2/info/usage');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
    for (const quota of Object.values(answer.field('usage') as object))
      expect(quota).toEqual({ limit: expect.any(Number), usage: expect.any(Number) });
  });

  describe('errors', () => {
    const refusal =
      'This server could not verify that you are authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required.';

    test.for(['', 'nonsense'])('a token %j is refused with 401', async (token) => {
      const answer = await bench().glance('GET', '/v2/images', { token });
      expect(answer.status).toBe(401);
      expect(answer.message).toBe(refusal);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Keystone uri="http.*"$/);
      expect(answer.headers.has('x-openstack-request-id')).toBe(false);
    });

    test.for([
      ['GET', '/v2/nosuch', 404, null],
      ['GET', '/v2/images/', 404, null],
      ['GET', '/v2/', 404, null],
      ['GET', '/v2/schemas/nosuch', 404, null],
      ['PUT', '/v2/images', 405, 'GET, POST'],
      ['POST', '/v2/images/ID', 405, 'GET, PATCH, DELETE'],
      ['DELETE', '/v2/images/ID/file', 405, 'GET, PUT'],
      ['GET', '/v2/images/ID/import', 405, 'POST'],
      ['POST', '/v2/info/usage', 404, null],
      ['GET', '/v2/images/ID/actions/deactivate', 405, 'POST'],
      ['POST', '/v2/images/ID/actions/nosuch', 404, null],
    ] as const)('%s %s answers %i', async ([method, path, status, allow]) => {
      const answer = await bench().glance(method, path);
      expect(answer.status).toBe(status);
      expect(answer.headers.get('allow')).toBe(allow);
      expect(answer.headers.get('x-openstack-request-id')).toMatch(/^req-[0-9a-f-]{36}$/);
      expect(answer.message).toBe(
        status === 404
          ? 'The resource could not be found.'
          : `The method ${method} is not allowed for this resource.`,
      );
    });

    test.for(['/v2/images/ID', '/v2/images/ID/file'])('HEAD %s answers 405 without a body', async (path) => {
      const answer = await bench().glance('HEAD', path);
      expect([answer.status, answer.text]).toEqual([405, '']);
    });

    test('OPTIONS answers 200 without a body', async () => {
      const answer = await bench().glance('OPTIONS', '/v2/images');
      expect([answer.status, answer.text]).toEqual([200, '']);
    });

    const missing = '/v2/images/6d9c1a9c-0000-4000-8000-000000000000';
    const sentence = 'No image found with ID 6d9c1a9c-0000-4000-8000-000000000000';
    test.for([
      [
        '*/*',
        'text/html; charset=UTF-8',
        `<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n  ${sentence}<br /><br />\n\n\n\n </body>\n</html>`,
      ],
      ['text/plain', 'text/plain; charset=UTF-8', `404 Not Found\n\n${sentence}\n\n   `],
      ['application/json;q=0.9, text/html;q=0.1', 'application/json', undefined],
      ['application/*', 'application/json', undefined],
    ] as const)('an error for Accept: %s is %s', async ([accept, contentType, text]) => {
      const answer = await bench().glance('GET', missing, { headers: { Accept: accept } });
      expect(answer.headers.get('content-type')).toBe(contentType);
      if (text === undefined)
        expect(JSON.parse(answer.text)).toEqual({
          message: `${sentence}<br /><br />\n\n\n`,
          code: '404 Not Found',
          title: 'Not Found',
        });
      else expect(answer.text).toBe(text);
    });

    test('quotes in an HTML error are escaped', async () => {
      const id = await bench().queued();
      const changes = [{ op: 'replace', path: '/status', value: 'active' }];
      const answer = await bench().patch(id, changes, { headers: { Accept: 'text/html' } });
      expect(answer.text).toContain('Attribute &#x27;status&#x27; is read-only.<br /><br />');
    });

    test('a media type PATCH does not know is refused with the ones it does', async () => {
      const answer = await bench().patch(await bench().queued(), [], {
        headers: { ...json, 'Content-Type': 'application/json' },
      });
      expect(answer.status).toBe(415);
      expect(answer.headers.get('accept-patch')).toBe(
        'application/openstack-images-v2.0-json-patch, application/openstack-images-v2.1-json-patch',
      );
      expect(answer.message).toBe('The request media type application/json is not supported by this server.');
    });
  });
}
