import { expect, test } from 'vitest';
import { figuresIn } from '../../bench/figures.ts';

test('the figures of a benchmark are the numbers of its tables, by row and column', () => {
  const printed = `round 1/5  ours   1.00

| one stream | ours | side by side with |  | ratio | goal |
| --- | --- | --- | --- | --- | --- |
| with sha512 | 791 MiB/s | \`curl \\| tee\` | 426 MiB/s | **1.82 ×** | ≥ 1 ×: met |

| image | USD |
| --- | --- |
| 1 GiB | $0.0021 |

- Median of 5 rounds | not a table`;
  expect(figuresIn(printed)).toEqual([
    { name: 'with sha512: ours', value: 791 },
    { name: 'with sha512: ', value: 426 },
    { name: 'with sha512: ratio', value: 1.82 },
    { name: '1 GiB: USD', value: 0.0021 },
  ]);
});
