// Types of plan-validators.js, which `npm run build` writes (see compile.ts).
import type { PlanFile } from './replication/plan-file.ts';
import type { Validator } from './validators.d.ts';

export const isPlanFile: Validator<PlanFile>;
