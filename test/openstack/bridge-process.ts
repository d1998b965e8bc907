import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { Connection } from 'rabbitmq-client';
import { expect } from 'vitest';

const root = join(import.meta.dirname, '../..');

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

/**
 * The bridge, as a process of its own with a queue of its own, once it listens.
 * @param env its settings; RABBITMQ_URL among them
 */
export const startBridge = async (
  env: Readonly<Record<string, string>> & { readonly RABBITMQ_URL: string },
) => {
  const queue = `glance-ferry-test-${randomUUID()}`;
  const bridge = spawn(process.execPath, [join(root, 'bridge/bridge.ts')], {
    env: { PATH: process.env['PATH'], BRIDGE_QUEUE: queue, ...env },
  });
  let said = '';
  for (const stream of [bridge.stdout, bridge.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => {
      said += piece;
    });
  await expect
    .poll(() => (hasEnded(bridge) ? `it has ended:\n${said}` : said), { timeout: 60_000 })
    .toContain('"bridge listens"');
  return {
    stop: async (): Promise<void> => {
      const exit = once(bridge, 'exit');
      bridge.kill('SIGTERM');
      await exit;
      const connection = new Connection(env.RABBITMQ_URL);
      await connection.queueDelete({ queue });
      await connection.close();
    },
  };
};
