import { describe, expect, test } from 'vitest';
import { inShort, logicalIdOf, names, type Packaged } from './packaged.ts';

export const alarmsCases = (packaged: () => Packaged) =>
  describe('alarms', () => {
    const alarms = {
      FailImportAgeAlarm: ['FailImportQueue.QueueName', 'ApproximateAgeOfOldestMessage', 900],
      FailImportBacklogAlarm: ['FailImportQueue.QueueName', 'ApproximateNumberOfMessagesVisible', 20],
      FailImportDeadAlarm: ['FailImportDeadQueue.QueueName', 'ApproximateNumberOfMessagesVisible', 0],
    };

    test.each(Object.entries(alarms))('%s watches its queue', (id, [queue, metric, threshold]) => {
      const alarm = packaged().properties(id);
      expect(alarm).toMatchObject({
        MetricName: metric,
        Threshold: threshold,
        TreatMissingData: 'notBreaching',
      });
      expect(inShort((alarm['Dimensions'] as { Value: unknown }[])[0]?.Value)).toBe(queue);
    });

    test.each(['Errors', 'Throttles'])('%s of all functions are watched', (metric) => {
      const { Metrics } = packaged().properties(`Function${metric}Alarm`);
      const watched = (
        Metrics as { MetricStat?: { Metric: { MetricName: string; Dimensions: { Value: unknown }[] } } }[]
      )
        .flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []))
        .map(({ MetricName, Dimensions }) => `${MetricName} of ${inShort(Dimensions[0]?.Value)}`);
      expect(watched.sort()).toEqual(
        names.map((name) => `${metric} of ${logicalIdOf(name)}LambdaFunction`).sort(),
      );
    });

    test('are sent to the topic of the parameter, if there is one', () => {
      for (const [, alarm] of packaged().ofType('AWS::CloudWatch::Alarm')) {
        expect(alarm['AlarmActions']).toMatchObject({
          'Fn::If': ['HasAlarmTopic', [''], { Ref: 'AWS::NoValue' }],
        });
      }
    });
  });
