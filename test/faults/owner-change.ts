import type { Service } from './call-log.ts';
import type { Deployment } from './deployment.ts';
import type { Prepared } from './imports-under-test.ts';
import type { Case } from './one-run.ts';

/** What the owners of target and source do while an import runs. Each changes what may be expected of it. */
export interface OwnerChange {
  readonly name: string;
  readonly ends: Case['ends'];
  /** Whose calls can tell it. */
  readonly seenBy: readonly Service[];
  make(prepared: Prepared, deployment: Deployment): void;
}

/** Another project's, and nobody else sees it. */
export const hidden = { owner: 'another-project', visibility: 'private' } as const;
