// Loaded into a program with --require: collects its garbage when asked by a signal, so that its heap can be compared.
require('node:v8').setFlagsFromString('--expose-gc');
const collect = require('node:vm').runInNewContext('gc');

process.on('SIGUSR2', () => collect());
