import { expect, test } from '@jest/globals';
import { describeWithEnvoy, startApplication, startEnvoy } from '../helpers/envoy';
import { closedAfterEach } from '../helpers/opened';
import {
  RECORDED,
  RECORDED_HEADERS,
  RECORDED_ROUTES,
  startRecordingServer,
  withRecordedRoutes,
} from '../helpers/recorded_envoy';

const opened = closedAfterEach();

describeWithEnvoy('what Envoy 1.40 sends', () => {
  test('is byte for byte what the fixtures hold', async () => {
    const server = opened.closed(await startRecordingServer(), (each) => each.stop());
    const application = opened.closed(await startApplication(), (each) => each.stop());
    const envoy = opened.closed(
      await startEnvoy({ daemon: server.target, application: application.port, change: withRecordedRoutes }),
      (each) => each.stop(),
    );
    const recorded: Record<string, string> = {};
    for (const name of Object.keys(RECORDED_ROUTES)) {
      const headers = { ...RECORDED_HEADERS, ...(name === 'hits-of-request' ? { 'x-hits': '5' } : {}) };
      const { status } = await fetch(`${envoy.url}/${name}`, { headers });
      expect([name, status]).toEqual([name, 200]);
      recorded[name] = server.asked
        .splice(0)
        .map((bytes) => bytes.toString('hex'))
        .join(' ');
    }

    expect(recorded).toEqual(RECORDED);
  });
});
