import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { createQuotaClient, type QuotaClientOptions } from '../../../client/quota_client';
import { clientOf } from './fake_daemon';

describe('createQuotaClient', () => {
  test.each([
    [{ targets: undefined }, /^targets/],
    [{ targets: [] }, /^targets: name at least one daemon$/],
    [{ targets: '' }, /^targets: "" is not HOST:PORT$/],
    [{ targets: ['a:1', 2, 'b'] }, /^targets: 2 is not HOST:PORT; targets: "b" is not HOST:PORT$/],
    [{ deadlineMs: Number.NaN }, /^deadlineMs: NaN/],
    [{ deadlineMs: '500' }, /^deadlineMs: 500/],
    [{ deadlineMs: -1 }, /^deadlineMs: -1/],
    [{ deadlineMs: Number.POSITIVE_INFINITY }, /^deadlineMs: Infinity/],
    [{ onFailure: 'log' }, /^onFailure: not a function$/],
    [
      { targets: ['a', 'b:1'], deadlineMs: 0, withoutDaemon: 'Fail', token: 'secret' },
      /^targets: "a".*; deadlineMs: 0.*; withoutDaemon: Fail.*; token: not a function$/,
    ],
  ])('%p is a TypeError that names everything that is wrong', (options, message) => {
    const make = () => createQuotaClient({ targets: 'a:1', ...options } as unknown as QuotaClientOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });
});

describe('values that no message can hold', () => {
  test('record: a moment that is none is a TypeError', async () => {
    const client = await clientOf({ recordCall: (_call, callback) => callback(null, { recorded: true }) });
    const call = { subject: '42', service: 'vente', requestId: randomUUID(), callTime: new Date(Number.NaN) };

    await expect(client.record(call)).rejects.toThrow(TypeError);
  });

  test('stats, raise: a duration that is none is a TypeError', async () => {
    const client = await clientOf({});
    const raise = { subject: '42', policy: 'connection', limitName: 'per-window', limit: 20 };

    await expect(client.stats({ topWindowMs: Number.NaN })).rejects.toThrow(TypeError);
    await expect(client.raise({ ...raise, durationMs: Number.NaN })).rejects.toThrow(TypeError);
  });
});
