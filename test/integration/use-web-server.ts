import { afterAll, beforeAll } from 'vitest';
import { startWebServer, type WebServer } from './web-server.ts';

/** The web server of a test file: started before its first test, stopped after its last. */
export const useWebServer = (): WebServer => {
  const server = {} as WebServer;
  beforeAll(async () => void Object.assign(server, await startWebServer()));
  afterAll(() => server.stop());
  return server;
};
