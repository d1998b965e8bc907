import { bundle } from './bundles.ts';
import { alone, atOnce, rounds, type Times } from './bursts.ts';
import { onEmulation, onRealCloud } from './post-contenders.ts';
import { hasRealCloud } from './real-cloud.ts';
import { startReport } from './report.ts';
import { quantile } from './rounds.ts';

// How long POST /v2/images/{id}/import takes, warm: alone and 32 at once.

const ms = (times: readonly number[], share: number): string => `${quantile(times, share).toFixed(0)} ms`;

/** Ratios of the medians, to upstream's in the same run. */
const verdict = (times: readonly Times[]): readonly string[] => {
  const [ours, glances, theirs] = times;
  if (!ours || !glances || !theirs) return ['No OPENRC was given: only the emulated cloud was measured.'];
  const ratio = (kind: 'alone' | 'together') => quantile(ours[kind], 0.5) / quantile(theirs[kind], 0.5);
  const said = (value: number, most: number) =>
    `${value.toFixed(2)} × upstream’s p50, goal ≤ ${most} ×: ${value <= most ? 'met' : '**not met**'}`;
  const least = quantile(glances.together, 0.5) / quantile(theirs.together, 0.5);
  return [
    `Alone: ${said(ratio('alone'), 4)}.`,
    `${atOnce} at once: ${said(ratio('together'), 1)}. What ours asks of the Glances (the target, the right to modify it, the source; upstream looks at the source only later, in the task) takes ${least.toFixed(2)} × by itself.`,
  ];
};

export const post = async (): Promise<void> => {
  const report = startReport();
  const { fileOf, remove } = await bundle(['import-image']);
  try {
    const file = fileOf('import-image');
    const emulated = await onEmulation(file);
    const real = hasRealCloud() ? await onRealCloud(file) : undefined;
    const times = [...emulated, ...(real?.times ?? [])];
    report({
      name: 'post',
      tables: [
        {
          head: ['POST import, warm', 'alone: p50', 'p99', `${atOnce} at once: p50`, 'p99'],
          rows: times.map((one) => [
            one.name,
            `**${ms(one.alone, 0.5)}**`,
            ms(one.alone, 0.99),
            `**${ms(one.together, 0.5)}**`,
            ms(one.together, 0.99),
          ]),
        },
      ],
      notes: [
        ...verdict(real?.times ?? []),
        ...(real?.notes ?? []),
        `${rounds} rounds of ${alone} one after the other, each when the last one’s import was over, and ${atOnce} at once, contenders in turn. Ours: event to answer of the bundled function, ${atOnce} processes with one request each at a time, as on Lambda, without the HTTP API before it. Upstream’s: the HTTP call; its worker then runs the import itself, 32 at once while the others’ POSTs still wait; ours leaves that to the queues’ functions, which do not run here.`,
      ],
    });
  } finally {
    await remove();
  }
};
