import { defineConfig } from 'vitest/config';

interface Setup {
  readonly inOneProcess?: boolean;
  readonly setupFiles?: string[];
}

/** Test files that follow each other in one process (fresh-file.ts). Where a test fails its functions' log is printed. */
const printing = { inOneProcess: true, setupFiles: ['./test/fresh-file.ts', './test/print-log.ts'] };

/**
 * Suites by what they need; `npm test` runs the first two. The time is for what hangs: on a busy machine everything else
 * takes several times as long as it should.
 */
const suite = (
  name: string,
  include: string,
  timeoutS: number,
  { inOneProcess = false, setupFiles = [] }: Setup = {},
) => ({
  test: {
    name,
    include: [include],
    testTimeout: timeoutS * 1000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks' as const,
    ...(inOneProcess && { isolate: false }),
    setupFiles,
    // Who tests metrics turns them on. What is tested lies on this machine, whatever proxies its owner has.
    env: { POWERTOOLS_METRICS_DISABLED: 'true', NO_PROXY: '*', no_proxy: '*' },
  },
});

export default defineConfig({
  test: {
    maxWorkers: 4, // on two cores, of which vitest would take one: a test waits for half of its time
    projects: [
      suite('main', 'test/{{unit,cloud,integration}/**/*,contract/emulation*}.test.ts', 120, printing),
      suite('e2e', 'test/e2e/functions.test.ts', 60),
      suite('copies', 'test/copies/**/*.test.ts', 120, printing),
      suite('replication', 'test/replication/**/*.test.ts', 120, { setupFiles: ['./test/print-log.ts'] }),
      suite('process', 'test/e2e/*-process.test.ts', 120),
      suite('faults', 'test/faults/*.test.ts', 120), // whose clock, timers and clients are bent for good
      suite('recipes', 'test/recipes/*.test.ts', 180),
      suite('bridge', 'test/bridge/*.test.ts', 120),
      suite('openstack', 'test/{contract,openstack}/openstack*.test.ts', 600),
    ],
    coverage: {
      provider: 'v8',
      include: ['bridge/**/*.ts', 'functions/**/*.ts', 'lib/**/*.ts'],
      exclude: ['lib/schemas/compile.ts', '**/*.d.ts'],
      reporter: ['text-summary', 'text'],
    },
  },
});
