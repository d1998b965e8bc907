import * as undici from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent, buildConnector, request } from '../../../../lib/openstack/calls/undici.ts';
import { type ScriptedServer, startScriptedServer } from '../../scripted-server.ts';

const dispatcher = new Agent();
let server: ScriptedServer;
beforeAll(async () => {
  server = await startScriptedServer();
});
afterAll(async () => {
  await dispatcher.close();
  await server.stop();
});

describe('undici by its parts', () => {
  test("has what undici's index hands out", () => {
    expect([Agent, buildConnector]).toEqual([undici.Agent, undici.buildConnector]);
  });

  test('asks for the path with its query', async () => {
    server.script({ status: 200, json: {} });
    const { statusCode, body } = await request(`${server.url}/v2/images?limit=1`, { dispatcher });
    await body.dump();
    expect(statusCode).toBe(200);
    expect(server.seen[0]).toMatchObject({ method: 'GET', path: '/v2/images?limit=1' });
  });

  test.each(['', 'no url', 'ftp://h/image', 'file:///etc/passwd'])('refuses %j', (url) =>
    expect(request(url, { dispatcher })).rejects.toThrow('Invalid URL'),
  );
});
