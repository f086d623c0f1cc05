/** The suites of `test/integration` that show how the store behaves, whichever it is. They share one store. */
const INTEGRATION = [
  'administration',
  'admissions',
  'audit_trail',
  'blocked',
  'claims',
  'client_several_daemons',
  'clock_back',
  'connections',
  'consumer',
  'conversions',
  'daemon',
  'denial_cache',
  'envoy_protocol',
  'erase_subject',
  'folding_model',
  'foreign_client',
  'hourly_decisions',
  'joined_admissions',
  'limit_edges',
  'limit_states',
  'live_policies',
  'opening',
  'overrides',
  'quota_client',
  'quota_store',
  'recorded_calls',
  'redated_tokens',
  'refund',
  'replay',
  'restored_admissions',
  'restricted_callers',
  'run_time_client',
  'several_daemons',
  'subject_usage',
  'watch_decisions',
  'workers',
];

/** The same of `test/chaos`. Most start a store of their own, of the kind that the run is about, and let it fail as a whole. */
const CHAOS = [
  'daemon_killed',
  'drain',
  'emptied_store',
  'envoy_protocol',
  'erased_in_outage',
  'erasure_killed',
  'outage_answers',
  'outbox',
  'partitions',
  'store_absent',
  'store_failure_rules',
  'store_frozen',
  'store_killed',
  'store_refusing',
];

/** Those that cannot run on a store, and why. */
const EXCEPTIONS = {
  cluster: {
    'integration/claims': 'claims a store as a whole; the partitions of a Cluster are claimed one by one',
    'integration/folding_model': 'its time passes by a script over every key of the store',
    'integration/opening': 'opens a store as a whole; the partitions of a Cluster are opened one by one',
    'integration/quota_store': 'cluster_store makes the same promises there',
  },
  sentinel: {},
};

/** Other suites that use the shared store or one server of their own, and why that is enough for them. */
const ON_ONE_SERVER = {
  integration: {
    access_tls: 'who may call, whatever the store',
    access_tokens: 'who may call, whatever the store',
    access_web: 'who may call, whatever the store',
    algorithms: 'loading of the library by one server',
    client_package: 'the packed client',
    demo_age: 'the demonstration, which runs on one server',
    demo_play: 'the demonstration, which runs on one server',
    erased_accounts: 'the site; erase_subject is its store',
    fleet: 'starts a Cluster itself',
    full_store: 'fills one server',
    haproxy: 'the proxy',
    haproxy_tls: 'the certificates between callers, the proxy and daemons',
    limit_costs: 'counts the commands of one server',
    npm_start: 'the command, which runs on one server',
    record: 'records what goes to a server of its own',
    redis_cli: 'the documented commands for one server',
    request_id: 'the logs of the site',
    subject_hash: 'the logs',
    takings_sampler: 'reads a sample from one server',
    telemetry: 'the metrics and probes of a daemon',
    telemetry_tls: 'the listener of the metrics',
    tls_metrics: 'the metrics of certificates',
  },
  chaos: {
    daemon_alerts: 'the alerts of a daemon',
    daemon_stopped: 'a load for a daemon and one server, while the daemon stalls',
    lease_holder: 'stops a daemon between two commands, by a proxy before one server',
    overload: 'the load of a daemon, with one server that answers',
    refused_headers: 'what the daemon rejects before it asks the store',
    refused_start: 'what a daemon rejects before it asks the store',
    replaced_daemons: 'the daemons and the proxy in front of them',
    store_alerts: 'the alerts, by the faults of one server',
    strangers: 'what the daemon rejects before it asks the store',
    unreadable_requests: 'what the daemon rejects before it asks the store',
    web_alerts: 'the alerts of the site',
  },
};

/** As they are named from `test`, without the ending. */
const STORE_SUITES = [
  ...INTEGRATION.map((suite) => `integration/${suite}`),
  ...CHAOS.map((suite) => `chaos/${suite}`),
];

/** The suites that run on a store. */
const suitesOn = (store) => STORE_SUITES.filter((suite) => !(suite in EXCEPTIONS[store]));

module.exports = { STORE_SUITES, ON_ONE_SERVER, EXCEPTIONS, suitesOn };
