// Loaded into a program with --require: says at its end which modules of OpenTelemetry's SDK it has loaded.
process.once('exit', () => {
  const sdk = Object.keys(require.cache).filter((file) => /@opentelemetry\/(?!api\/)/.test(file));
  require('node:fs').writeSync(1, `${JSON.stringify({ msg: 'loaded', sdk })}\n`);
});
