import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Cloud, startCloud } from '../cloud/cloud.ts';
import { startFunctions } from '../cloud/offline/serverless-offline.ts';

// serverless-offline as a process group: it ends with whoever started it, and leaves nothing behind.

let dataDir: string;
let cloud: Cloud;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'functions-process-'));
  cloud = await startCloud({ dataDir });
});
afterAll(async () => {
  await cloud.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Whether any process of a group lives. */
function groupLives(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

/** Starts the functions from another process. */
async function startElsewhere() {
  const module = new URL('../cloud/offline/serverless-offline.ts', import.meta.url).href;
  const script = `
    const { startFunctions } = await import('${module}');
    const { pid } = await startFunctions(JSON.parse(process.argv[1]));
    process.stdout.write(String(pid));`;
  const options = JSON.stringify({ env: cloud.env, dataDir: await mkdtemp(join(dataDir, 'elsewhere-')) });
  const args = ['--input-type=module', '-e', script, options];
  const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [pid] = await once(parent.stdout, 'data');
  return { parent, pid: Number(pid) };
}

describe('the functions', () => {
  test('answer when they are said to be ready, and end with all their processes', async () => {
    const functions = await startFunctions({ env: cloud.env, dataDir });
    const answer = await fetch(`${functions.url}/v2/info/import`);
    expect(answer.status).toBe(401);
    expect(groupLives(functions.pid)).toBe(true);
    await functions.stop();
    expect(groupLives(functions.pid)).toBe(false);
    await expect(fetch(functions.url)).rejects.toThrow();
  });

  test('that cannot start say why', async () => {
    const starting = startFunctions({ env: cloud.env, dataDir, serviceDir: dataDir });
    await expect(starting).rejects.toThrow('command "offline start" not found');
  });

  test('end when the process that started them is interrupted or killed', async () => {
    const ended = (['SIGINT', 'SIGKILL'] as const).map(async (signal) => {
      const { parent, pid } = await startElsewhere();
      expect(groupLives(pid)).toBe(true);
      parent.kill(signal);
      await vi.waitFor(() => expect(groupLives(pid)).toBe(false), 20_000);
    });
    await Promise.all(ended);
  });

  test('log where they were told to', async () => {
    expect(await readFile(join(dataDir, 'functions.log'), 'utf8')).toContain('Server ready');
  });
});
