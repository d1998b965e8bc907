import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Packaged, packageService } from '../unit/template/packaged.ts';
import { createValidator } from '../unit/template/validator.ts';

describe('a template where an operator has set what changes it', () => {
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

  test('has nothing that CloudFormation would refuse', async () => {
    const validator = createValidator();
    expect(await validator.faultsOf(service.dir, service.template)).toEqual([]);
    validator.end();
  });

  test('sends its alarms, reserves concurrency, and limits requests', () => {
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
