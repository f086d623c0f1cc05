import { describe, expect, test } from '@jest/globals';
import { allSecrets, compose, inside, inspect, inspectText } from './docker';

/** Tests that the containers of these services may do no more than they need. */
export function describeHardened(services: readonly string[]): void {
  describe.each(services)('%s', (service) => {
    test('does not run as root', async () => {
      expect(Number((await inside(service, 'id', '-u')).text)).toBeGreaterThan(0);
      expect((await inspect(service)).Config.User).not.toBe('');
    });

    test('has no capabilities and can gain none', async () => {
      const { HostConfig } = await inspect(service);
      const { text } = await inside(service, 'cat', '/proc/1/status');

      expect(HostConfig).toMatchObject({ CapAdd: null, CapDrop: ['ALL'], Privileged: false });
      expect(HostConfig.SecurityOpt).toContain('no-new-privileges:true');
      expect(text).toMatch(/^CapEff:\t0+$/m);
      expect(text).toMatch(/^CapBnd:\t0+$/m);
      expect(text).toMatch(/^NoNewPrivs:\t1$/m);
    });

    test('its file system is read-only', async () => {
      const { code, text } = await inside(service, 'touch', '/usr/local/bin/changed');

      expect((await inspect(service)).HostConfig.ReadonlyRootfs).toBe(true);
      expect(code).not.toBe(0);
      expect(text).toContain('Read-only file system');
    });

    test('has an init as its first process, and a bound on its memory and processes', async () => {
      const { HostConfig } = await inspect(service);

      expect(HostConfig).toMatchObject({ Init: true, RestartPolicy: { Name: 'unless-stopped' } });
      expect(HostConfig.Memory).toBeGreaterThan(0);
      expect(HostConfig.PidsLimit).toBeGreaterThan(0);
    });

    test('no secret is in the output of the engine, in its log, or in its command lines', async () => {
      const told = [await inspectText(service), await compose('logs', '--no-color', service)];
      const processes = await inside(service, 'sh', '-c', 'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ');

      for (const text of [...told, processes.text]) {
        for (const one of allSecrets()) expect(text.includes(one)).toBe(false);
      }
    });
  });
}
