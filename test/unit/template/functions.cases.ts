import { describe, expect, test } from 'vitest';
import { deployedRuntime } from '../../bench/measured-function.ts';
import { environmentOf, functions, inShort, logicalIdOf, names, type Packaged } from './packaged.ts';

export const functionsCases = (packaged: () => Packaged) =>
  describe('functions', () => {
    test.each(names)(
      '%s runs on Node 24 and arm64, with its own role, time and encrypted environment',
      (name) => {
        const { timeoutS, memoryMB } = functions[name];
        const properties = packaged().properties(`${logicalIdOf(name)}LambdaFunction`);
        expect(properties).toMatchObject({
          FunctionName: `glance-ferry-prod-${name}`,
          Handler: `functions/${name}.handler`,
          Runtime: 'nodejs24.x',
          Architectures: ['arm64'],
          Timeout: timeoutS,
          MemorySize: memoryMB,
        });
        const role = `${logicalIdOf(name).replace(/Dash./, (dash) => dash.slice(-1).toUpperCase())}Role.Arn`;
        expect(inShort(properties['Role'])).toBe(role);
        expect(inShort(properties['KmsKeyArn'])).toBe('Key.Arn');
      },
    );

    test('all have little room for garbage, as the benchmarks have; but for the one that keeps whole regions in mind', () => {
      const { NODE_OPTIONS, ...others } = deployedRuntime;
      const Variables = { NODE_OPTIONS: `--enable-source-maps ${NODE_OPTIONS}`, ...others };
      for (const name of names.filter((one) => one !== 'sync-images'))
        expect(environmentOf(packaged(), name)).toMatchObject(Variables);
      expect(environmentOf(packaged(), 'sync-images')['NODE_OPTIONS']).toBe('--enable-source-maps');
    });

    test('one runs on a schedule that somebody has to turn on by a policy, and is not tried again', () => {
      const rules = packaged()
        .ofType('AWS::Events::Rule')
        .map(([, rule]) => rule);
      expect(rules).toContainEqual(
        expect.objectContaining({ ScheduleExpression: 'rate(1 hour)', State: 'DISABLED' }),
      );
      expect(packaged().ofType('AWS::Lambda::EventInvokeConfig')).toMatchObject([
        ['SyncDashimagesLambdaEvConf', { MaximumRetryAttempts: 0 }],
      ]);
    });

    test('the folder of policies goes to those that read it', async () => {
      const having = await Promise.all(names.map((name) => packaged().hasFile(name, 'policies/README.md')));
      expect(names.filter((_, i) => having[i])).toEqual(['replicate-image', 'sync-images']);
    });

    test('there are no others', () => {
      expect(packaged().ofType('AWS::Lambda::Function')).toHaveLength(names.length);
    });

    test('three answer HTTP for every method, and say themselves which ones are allowed; one has a method of its own', () => {
      const routes = packaged()
        .ofType('AWS::ApiGatewayV2::Route')
        .map(([, route]) => route['RouteKey']);
      expect(routes.sort()).toEqual(
        names.flatMap((name) => ('routes' in functions[name] ? functions[name].routes : [])).sort(),
      );
    });

    test('what answers HTTP takes no more than its share, and logs no header and no query', () => {
      const { DefaultRouteSettings, AccessLogSettings } = packaged().properties('HttpApiStage');
      expect(DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200 });
      const { Format } = AccessLogSettings as { Format: string };
      const line = JSON.parse(Format) as Record<string, string>;
      expect(line).toMatchObject({ request_id: 'req-$context.integration.requestId' });
      const harmless =
        /^(req-)?\$context\.(requestId|requestTime|httpMethod|path|status|identity\.sourceIp|\w*Latency|responseLength|integration\.requestId|error\.message|integrationErrorMessage)$/;
      expect(Object.values(line).filter((value) => !harmless.test(value))).toEqual([]);
    });

    test('four are fed by queues, one message at a time, with partial failures and a limit', () => {
      const mappings = packaged()
        .ofType('AWS::Lambda::EventSourceMapping')
        .map(([, mapping]) => mapping);
      const fed = mappings.map(({ FunctionName, EventSourceArn }) => [
        inShort(FunctionName),
        inShort(EventSourceArn),
      ]);
      const wanted = names.flatMap((name) =>
        'queue' in functions[name]
          ? [[`${logicalIdOf(name)}LambdaFunction.Arn`, `${functions[name].queue}.Arn`]]
          : [],
      );
      expect(fed).toEqual(wanted);
      for (const mapping of mappings) {
        expect(mapping).toMatchObject({ BatchSize: 1, FunctionResponseTypes: ['ReportBatchItemFailures'] });
        const { MaximumConcurrency } = mapping['ScalingConfig'] as { MaximumConcurrency: number };
        expect(MaximumConcurrency).toBeGreaterThanOrEqual(2);
      }
    });

    test('each has a log group that forgets, so has the HTTP API', () => {
      const groups = packaged().ofType('AWS::Logs::LogGroup');
      expect(groups.map(([, group]) => group['LogGroupName'])).toEqual([
        ...names.map((name) => `/aws/lambda/glance-ferry-prod-${name}`),
        '/aws/http-api/glance-ferry-prod',
      ]);
      for (const [, group] of groups) expect(group['RetentionInDays']).toBe(30);
    });

    // KiB zipped, with source maps: a little more than each has. What is larger starts more slowly.
    const limitKiB = { 'import-image': 950, 'list-tasks': 910, discovery: 600 };
    test.each(names)('%s is no larger than it has to be', async (name) => {
      expect(await packaged().zipKiB(name)).toBeLessThan(
        { ...limitKiB }[name as keyof typeof limitKiB] ?? 1080,
      );
    });
  });
