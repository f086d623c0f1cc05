import { startTracing } from '../../environment/tracing/start';

// The first import of the program: a module that is loaded before it cannot be traced.
startTracing({
  service: 'web',
  untracedPaths: ['/livez', '/readyz', '/favicon.svg', '/site.css'],
  databases: [
    { channel: 'mysql2:query', system: 'mysql' },
    { channel: 'mysql2:execute', system: 'mysql' },
  ],
});
