import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Packaged } from './packaged.ts';
import { createValidator, type Validator } from './validator.ts';

type Template = Packaged['template'];
type Resource = Template['Resources'][string];

const set = (id: string, path: string, value: unknown) => (template: Template) => {
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const at = keys.reduce<Record<string, unknown>>(
    (inner, key) => inner[key] as Record<string, unknown>,
    template.Resources[id] as unknown as Record<string, unknown>,
  );
  if (value === undefined) delete at[last];
  else at[last] = value;
};

/** A fault, how it is made, and the place that the validator finds it at: another for each, so that all are in one template. */
const planted: readonly (readonly [fault: string, plant: (template: Template) => unknown, found: string])[] =
  [
    [
      'a value of another type',
      set('ApplyMetadataQueue', 'Properties.VisibilityTimeout', 'soon'),
      'F3012 ApplyMetadataQueue',
    ],
    [
      'a property that there is not',
      set('StreamImageQueue', 'Properties.VisibilityTimeOut', 900),
      'F3002 StreamImageQueue',
    ],
    [
      'a property that there is not, further in',
      set('ImportsTable', 'Properties.SSESpecification.KMSMasterKeyID', 'x'),
      'F3002 ImportsTable',
    ],
    [
      'a required property that is missing',
      set('ImportImageRole', 'Properties.AssumeRolePolicyDocument', undefined),
      'F3003 ImportImageRole',
    ],
    [
      'a value that is none of those allowed',
      set('ImportsTable', 'Properties.BillingMode', 'FREE'),
      'W3030 ImportsTable',
    ],
    [
      'a text that its pattern refuses',
      set('StreamDashimageLambdaFunction', 'Properties.Handler', 'no handler'),
      'F3031 StreamDashimageLambdaFunction',
    ],
    [
      'a number beyond its limit',
      set('FailImportQueue', 'Properties.MessageRetentionPeriod', 1209601),
      'F3034 FailImportQueue',
    ],
    [
      'an attribute that the resource does not have',
      set('FailDashimportLambdaFunction', 'Properties.KmsKeyArn', { 'Fn::GetAtt': ['Key', 'Name'] }),
      'E9004 FailDashimportLambdaFunction',
    ],
    [
      'an attribute of nothing',
      set('CancelDashimportLambdaFunction', 'Properties.KmsKeyArn', { 'Fn::GetAtt': ['Kye', 'Arn'] }),
      'F1020 CancelDashimportLambdaFunction',
    ],
    [
      'a reference to nothing',
      set('StreamImageQueue', 'Properties.KmsMasterKeyId', { Ref: 'Kye' }),
      'F1020 StreamImageQueue',
    ],
    [
      'a reference to nothing inside a text',
      set('Key', 'Properties.Description', { 'Fn::Sub': `\${Kye.Arn}` }),
      'F1018 Key',
    ],
    [
      'references in a circle',
      set('StreamImageQueue', 'DependsOn', 'StreamDashimageLambdaFunction'),
      'F3004 StreamImageQueue',
    ],
    ['a policy that there is not', set('Key', 'DeletionPolicy', 'Keep'), 'F3016 Key'],
    [
      'a type that there is not',
      ({ Resources }) => Object.assign(Resources, { Mine: { Type: 'AWS::SQS::Qeue' } as Resource }),
      'F3006 Mine',
    ],
    [
      'a queue that hides messages for less time than its function may take',
      set('StreamImageQueue', 'Properties.VisibilityTimeout', 899),
      'E3505 StreamImageQueue',
    ],
  ];

export const schemaCases = (packaged: () => Packaged) =>
  describe("CloudFormation's schemas", () => {
    let validator: Validator;
    beforeAll(() => {
      validator = createValidator();
    });
    afterAll(() => validator.end());
    const faultsOf = (template: Template) => validator.faultsOf(packaged().dir, template);

    test('find nothing wrong with the template', async () => {
      // A branch that is not taken: without EVENT_BUS_NAME it is the default bus.
      const isUntaken = (fault: string) =>
        / ImagePublishedRule Properties.EventBusName: (''|length 0)/.test(fault);
      expect((await faultsOf(packaged().template)).filter((fault) => !isUntaken(fault))).toEqual([]);
    });

    describe('find', () => {
      let faults: readonly string[];
      beforeAll(async () => {
        const template = structuredClone(packaged().template);
        for (const [, plant] of planted) plant(template);
        faults = (await faultsOf(template)).map((fault) => fault.split(' ', 2).join(' '));
      });

      test.each(planted)('%s', (_fault, _plant, found) => expect(faults).toContain(found));
    });
  });
