/**
 * What opens a part of the servers that all suites share, those of TEST_REDIS_URL and TEST_MYSQL_URL, by the helper that
 * exports it. A suite that calls none of them starts whatever it needs.
 */
const OPENERS = {
  environment: /\bprovided\('TEST_REDIS_URL'\)/,
  haproxy: /\bopenBehindHaproxy\(/,
  market: /\bopenMarket\(/,
  mysql: /\bcreateTestDatabase\(/,
  opened: /\.space\(\)/,
  operated_daemons: /\boperatedDaemons\(/,
  redis: /\bopenRedisSpace\(/,
  site: /\bstartSite\(/,
};

const usesSharedServers = (text) => Object.values(OPENERS).some((opener) => opener.test(text));

module.exports = { OPENERS, usesSharedServers };
