import tls from 'node:tls';
import { afterAll, vi } from 'vitest';

// The test files of a suite follow each other in one process: to load and warm up what they share (the AWS SDK, the
// packages under the emulated cloud) costs a second of its processor. What is ours begins anew in each file: modules,
// settings, clock, trust. What changes anything else for good (test/faults/) has processes of its own.

const settings = { ...process.env };
const authorities = tls.getCACertificates('default');

const restoreSettings = (): void => {
  vi.unstubAllEnvs();
  for (const name of Object.keys(process.env)) if (!(name in settings)) delete process.env[name];
  Object.assign(process.env, settings);
};

afterAll(() => {
  vi.useRealTimers();
  vi.resetModules();
  restoreSettings();
  // Setting them costs some tens of milliseconds, and hardly a test adds one.
  if (tls.getCACertificates('default') !== authorities) tls.setDefaultCACertificates(authorities);
});
