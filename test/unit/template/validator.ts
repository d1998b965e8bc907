import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CelEngine, TemplateFile } from '@aws/cloudformation-validate';
import type { Packaged } from './packaged.ts';

/** What is as it should be, or is not ours. */
const settled = [
  'F2015', // empty defaults that their patterns refuse: a deployment without Keystone or region stops at once
  'W9003', // numbers in texts, as settings come; CloudFormation takes them
  'W8003', // conditions on settings, which osls has filled in by then
  'W3005', // osls lets functions and routes depend on what they refer to
];

/** CloudFormation's own schemas and rules, by AWS's own validator, offline. */
export const createValidator = () => {
  const engine = new CelEngine();
  return {
    /**
     * What CloudFormation would refuse, coerce or warn of: rule, resource, place and words.
     * @param dir where the template may be written
     * @throws Error when the validator could not do its work
     */
    faultsOf: async (dir: string, template: Packaged['template']): Promise<readonly string[]> => {
      const file = join(dir, 'validated.json');
      await writeFile(file, JSON.stringify(template));
      const { status, diagnostics } = engine.validateStandard(new TemplateFile(file), {
        severityLevel: 'WARN',
        exclude: { ids: settled },
      });
      if (status !== 'OK') throw new Error(`the validator says ${status}`);
      return diagnostics.map(
        ({ ruleId, entity, propertyPath, message }) =>
          `${ruleId} ${entity?.logicalId} ${propertyPath}: ${message}`,
      );
    },
    end: () => engine.free(),
  };
};

export type Validator = ReturnType<typeof createValidator>;
