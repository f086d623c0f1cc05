import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from '@jest/globals';

const BIN = join(__dirname, '../../node_modules/.bin');

const goPath = spawnSync('go', ['env', 'GOPATH'], { encoding: 'utf8' }).stdout?.trim();
const goDownloads = join(goPath ?? '/', 'pkg/mod/cache/download');

/** What the examples in Go need besides Go. */
const GO_PARTS = [
  ...['protoc-gen-go', 'protoc-gen-go-grpc'].map((name) => join(goPath ?? '/', 'bin', name)),
  join(goDownloads, 'google.golang.org/grpc/@v'),
];

/** A test that needs Go, its plugins for stubs and its module for gRPC, all downloaded before; skipped if one is missing. */
export const testWithGo =
  goPath !== undefined && GO_PARTS.every((path) => existsSync(path)) ? test : test.skip;

/** A test that needs Python and its packages for gRPC; skipped if one is missing. */
export const testWithPython =
  spawnSync('python3', ['-c', 'import grpc, grpc_tools']).status === 0 ? test : test.skip;

/** The environment of the examples' commands: buf, and the plugins of Go, are found, and Go downloads nothing. */
export const TOOLS_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: [BIN, join(goPath ?? '/', 'bin'), process.env.PATH].join(delimiter),
  GOPROXY: `file://${goDownloads}`,
  GOSUMDB: 'off',
  GOFLAGS: '-mod=mod',
};
