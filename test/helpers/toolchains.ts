import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from '@jest/globals';

const BIN = join(__dirname, '../../node_modules/.bin');

const REGISTRY_BOUND_MS = 15_000;

const goPath = spawnSync('go', ['env', 'GOPATH'], { encoding: 'utf8' }).stdout?.trim();
const goDownloads = join(goPath ?? '/', 'pkg/mod/cache/download');

const GO_PLUGINS = ['protoc-gen-go', 'protoc-gen-go-grpc'].map((name) => join(goPath ?? '/', 'bin', name));

/** Modules that only `go mod tidy` of the example downloads. */
const GO_MODULES = ['github.com/golang/protobuf', 'gonum.org/v1/gonum'];

/** A test that needs Go, its plugins for stubs and the modules for gRPC, all downloaded before; skipped if one is missing. */
export const testWithGo =
  goPath !== undefined && GO_PLUGINS.every((path) => existsSync(path)) && GO_MODULES.every(isDownloaded)
    ? test
    : test.skip;

function isDownloaded(module: string): boolean {
  const folder = join(goDownloads, module, '@v');
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.zip'));
}

/** A test that needs Python and its packages for gRPC; skipped if one is missing. */
export const testWithPython =
  spawnSync('python3', ['-c', 'import grpc, grpc_tools']).status === 0 ? test : test.skip;

/** A test that installs packages; skipped if npm's registry does not answer. */
export const testWithRegistry =
  spawnSync('npm', ['view', 'express', 'name', '--fetch-retries=0'], { timeout: REGISTRY_BOUND_MS })
    .status === 0
    ? test
    : test.skip;

/** The environment of the examples' commands: buf, and the plugins of Go, are found, and Go downloads nothing. */
export const TOOLS_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: [BIN, join(goPath ?? '/', 'bin'), process.env.PATH].join(delimiter),
  GOPROXY: `file://${goDownloads}`,
  GOSUMDB: 'off',
  GOFLAGS: '-mod=mod',
};
