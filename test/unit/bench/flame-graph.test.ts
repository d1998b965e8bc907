import { expect, test } from 'vitest';
import { type CpuProfile, drawFlameGraph, frameOf } from '../../bench/flame-graph.ts';

const node = (id: number, functionName: string, url: string, children: readonly number[] = []) => ({
  ...{ id, children },
  callFrame: { functionName, url, lineNumber: 1 },
});

/** 1 ms idle, 2 ms in `send`, 3 ms in what it calls, a package's. */
const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', '', [2, 3]),
    node(2, '(idle)', ''),
    node(3, 'send', 'file:///x/lib/aws/queue.ts', [4]),
    node(4, 'a<b', 'file:///x/node_modules/@smithy/core/dist/a.js'),
  ],
  samples: [2, 3, 4, 4],
  timeDeltas: [1000, 2000, 1000, 2000],
};

test('time counts for a function and its callers, idle time for nobody', () => {
  const root = frameOf(profile);
  expect(root).toMatchObject({ name: 'all', us: 5000, callees: [{ name: 'send queue.ts', us: 5000 }] });
  expect(root.callees[0]?.callees).toEqual([
    { name: 'a<b @smithy/core', kind: 'packages', us: 3000, callees: [] },
  ]);
});

test('what came before is left out on demand', () => {
  expect(frameOf(profile, 4).us).toBe(3000);
});

test('the picture names its frames and says their share', () => {
  const svg = drawFlameGraph(frameOf(profile), 'a try');
  expect(svg).toContain('<title>a&lt;b @smithy/core: 3.0 ms, 60.0 %</title>');
  expect(svg).toMatch(/^<svg .*a try.*<\/svg>\n$/s);
});
