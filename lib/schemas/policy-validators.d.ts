// Types of policy-validators.js, which `npm run build` writes (see compile.ts).
import type { PolicyFile } from './replication/policy.ts';
import type { Validator } from './validators.d.ts';

export const isPolicyFile: Validator<PolicyFile>;
