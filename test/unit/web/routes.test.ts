import { expect, test } from '@jest/globals';
import { Router } from 'express';
import { routeTable } from '../../../web/routes';

const nested = Router().post('/things/:id/lend', (_req, res) => res.end());
const outer = Router().use('/things', (_req, _res, next) => next());
outer.get('/', (_req, res) => res.end()).get('/things/:id', (_req, res) => res.end());
outer.post('/things/:id', (_req, res) => res.end()).use(nested);

const find = routeTable([outer]);
const found = (path: string) => {
  const route = find(path);
  return route && [route.path, ...route.methods];
};

test.each([
  ['/', ['/', 'GET', 'HEAD']],
  ['/things/7', ['/things/:id', 'GET', 'HEAD', 'POST']],
  ['/Things/7/', ['/things/:id', 'GET', 'HEAD', 'POST']],
  ['/things/7/lend', ['/things/:id/lend', 'POST']],
  ['/things', undefined],
  ['/things/7/8', undefined],
])('routeTable: the path %s has its pattern and what may be sent there', (path, expected) => {
  expect(found(path)).toEqual(expected);
});
