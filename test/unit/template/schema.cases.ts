import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CelEngine, TemplateFile } from '@aws/cloudformation-validate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Packaged, packageService } from './packaged.ts';

// CloudFormation's own schemas and rules, by AWS's own validator, offline.

/** What is as it should be, or is not ours. */
const settled = [
  'F2015', // empty defaults that their patterns refuse: a deployment without Keystone or region stops at once
  'W9003', // numbers in texts, as settings come; CloudFormation takes them
  'W8003', // conditions on settings, which osls has filled in by then
  'W3005', // osls lets functions and routes depend on what they refer to
];

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

/** A fault, how it is made, and the place that the validator finds it at. */
const planted: readonly (readonly [fault: string, plant: (template: Template) => unknown, found: string])[] =
  [
    [
      'a value of another type',
      set('StreamImageQueue', 'Properties.VisibilityTimeout', 'soon'),
      'F3012 StreamImageQueue',
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
      set('FailDashimportLambdaFunction', 'Properties.KmsKeyArn', { 'Fn::GetAtt': ['Kye', 'Arn'] }),
      'F1020 FailDashimportLambdaFunction',
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
    let engine: InstanceType<typeof CelEngine>;
    beforeAll(() => {
      engine = new CelEngine();
    });
    afterAll(() => engine.free());

    /** What CloudFormation would refuse, coerce or warn of: rule, resource, place and words. */
    const faultsOf = async (template: Template): Promise<string[]> => {
      const file = join(packaged().dir, 'validated.json');
      await writeFile(file, JSON.stringify(template));
      const { status, diagnostics } = engine.validateStandard(new TemplateFile(file), {
        severityLevel: 'WARN',
        exclude: { ids: settled },
      });
      expect(status).toBe('OK');
      return diagnostics.map(
        ({ ruleId, entity, propertyPath, message }) =>
          `${ruleId} ${entity?.logicalId} ${propertyPath}: ${message}`,
      );
    };

    test('find nothing wrong with the template', async () => {
      // A branch that is not taken: without EVENT_BUS_NAME it is the default bus.
      const isUntaken = (fault: string) =>
        / ImagePublishedRule Properties.EventBusName: (''|length 0)/.test(fault);
      expect((await faultsOf(packaged().template)).filter((fault) => !isUntaken(fault))).toEqual([]);
    });

    describe('where an operator has set what changes it', () => {
      const topic = 'arn:aws:sns:us-east-1:000000000000:alarms';
      let service: Packaged;
      beforeAll(async () => {
        service = await packageService({
          OS_AUTH_URL: 'https://keystone.example.org/v3',
          OS_REGION_NAME: 'REGION2',
          OS_APPLICATION_CREDENTIAL_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:user-x',
          CLOUDS_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:clouds-x',
          EVENT_BUS_NAME: 'images',
          ALARM_TOPIC_ARN: topic,
          HTTP_RATE: '7',
          HTTP_RESERVED_CONCURRENCY: '20',
          FAIL_RESERVED_CONCURRENCY: '2',
        });
      }, 120_000);
      afterAll(() => rm(service.dir, { recursive: true, force: true }));

      test('find nothing wrong', async () => {
        expect(await faultsOf(service.template)).toEqual([]);
      });

      test('alarms are sent, concurrency is reserved, requests are limited', () => {
        for (const [, alarm] of service.ofType('AWS::CloudWatch::Alarm'))
          expect(alarm).toMatchObject({ AlarmActions: [topic] });
        const reserved = service
          .ofType('AWS::Lambda::Function')
          .map(([id, plan]) => [id, plan['ReservedConcurrentExecutions']] as const)
          .filter(([, concurrency]) => concurrency !== undefined);
        expect(Object.fromEntries(reserved)).toEqual({
          ImportDashimageLambdaFunction: 20,
          ListDashtasksLambdaFunction: 20,
          FailDashimportLambdaFunction: 2,
        });
        expect(service.properties('HttpApiStage')).toMatchObject({
          DefaultRouteSettings: { ThrottlingRateLimit: '7', ThrottlingBurstLimit: 200 },
        });
      });
    });

    test.each(planted)('find %s', async (_, plant, found) => {
      const template = structuredClone(packaged().template);
      plant(template);
      const faults = await faultsOf(template);
      expect(faults.map((fault) => fault.split(' ', 2).join(' '))).toContain(found);
    });
  });
